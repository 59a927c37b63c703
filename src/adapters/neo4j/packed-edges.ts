import type { SharedFacet } from '../../domain/search-response.ts';
import type { Edge } from '../../domain/similarity-graph.ts';
import { compareUtf8 } from '../../std/utf8-order.ts';

/**
 * The edges that recall follows from a document, as texts on its node: one property read each, where relationships cost a
 * hop and a property each. JSON writes a number so that it is read back bit for bit; flat lists are parsed twice as fast as
 * lists of lists.
 */
export interface PackedEdges {
  /** SIMILAR_TO: `[id, strength, id, strength, ...]`, best first; null: none. */
  readonly similar: string | null;
  /** The values that those run over: `{values: [[facet, value], ...], places: [[place in values, ...], ...]}`. */
  readonly shared: string | null;
  /** Declared relations, followed both ways: `[[id, strength, type], ...]`; null: none. */
  readonly declared: string | null;
}

export type PackedDeclared = readonly [id: string, strength: number, type: string];

/** Values, and for each SIMILAR_TO edge which of them it runs over. */
export interface SharedValues {
  readonly values: readonly (readonly [facet: string, value: string])[];
  readonly places: readonly (readonly number[])[];
}

/** @param similar best first, with the values they run over @param declared as they are to be followed, in any order */
export function packEdges(similar: readonly Edge[], declared: readonly Edge[]): PackedEdges {
  return {
    similar: textOf(similar.flatMap(({ step, strength }) => [step.to, strength])),
    shared: similar.length === 0 ? null : JSON.stringify(sharedBy(similar)),
    declared: textOf(
      declared.map(({ step, strength, type }): PackedDeclared => [step.to, strength, type]).sort(byIdAndType),
    ),
  };
}

/** Ids and strengths in turn. */
export function unpackSimilar({ similar }: Pick<PackedEdges, 'similar'>): readonly (string | number)[] {
  return similar === null ? [] : (JSON.parse(similar) as (string | number)[]);
}

/** The same as pairs. */
export function similarPairs(edges: Pick<PackedEdges, 'similar'>): [id: string, strength: number][] {
  const flat = unpackSimilar(edges);
  return Array.from({ length: flat.length / 2 }, (_, i) => [
    flat[2 * i] as string,
    flat[2 * i + 1] as number,
  ]);
}

export function unpackDeclared({ declared }: Pick<PackedEdges, 'declared'>): readonly PackedDeclared[] {
  return declared === null ? [] : (JSON.parse(declared) as PackedDeclared[]);
}

export function unpackShared({ shared }: Pick<PackedEdges, 'shared'>): SharedValues {
  return shared === null ? { values: [], places: [] } : (JSON.parse(shared) as SharedValues);
}

/** The values of one edge by facet, in the order in which they were packed. */
export function sharedFacets({ values, places }: SharedValues, edge: number): SharedFacet[] {
  const facets = new Map<string, string[]>();
  for (const place of places[edge] ?? []) {
    const [facet, value] = values[place]!;
    const known = facets.get(facet);
    if (known === undefined) facets.set(facet, [value]);
    else known.push(value);
  }
  return [...facets].map(([facet, own]) => ({ facet, values: own }));
}

function sharedBy(similar: readonly Edge[]): SharedValues {
  const places = new Map<string, number>();
  const values: [facet: string, value: string][] = [];
  const placeOf = (facet: string, value: string): number => {
    const key = `${facet}\0${value}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, values.length);
    return values.push([facet, value]) - 1;
  };
  const byEdge = similar.map(({ step }) =>
    (step.shared ?? []).flatMap(({ facet, values: own }) => own.map((value) => placeOf(facet, value))),
  );
  return { values, places: byEdge };
}

/** In one order, so that equal edges are equal texts. */
function byIdAndType([id, , type]: PackedDeclared, [otherId, , otherType]: PackedDeclared): number {
  return compareUtf8(id, otherId) || compareUtf8(type, otherType);
}

function textOf(list: readonly unknown[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list);
}
