import type { DerivedRelation } from '../../domain/catalogue-schema.ts';
import type { DocumentChange, Relation } from '../../domain/document.ts';

/** A document as the graph has it. */
export interface PresentDocument {
  readonly id: string;
  readonly version: number;
  /** false: it was deleted, or others only point to it. */
  readonly live: boolean;
  readonly values: readonly FacetValue[];
  readonly relations: readonly DeclaredRelation[];
}

export type FacetValue = readonly [facet: string, value: string];
export type DeclaredRelation = readonly [type: string, id: string, strength: number];

/** What has to be written for one change. */
export interface DocumentDifference {
  readonly id: string;
  readonly version: number;
  readonly live: boolean;
  /** Whether it appears or goes: others' relations to it begin or cease to count. */
  readonly turns: boolean;
  readonly lostValues: readonly FacetValue[];
  readonly gainedValues: readonly FacetValue[];
  readonly lostRelations: readonly DeclaredRelation[];
  readonly gainedRelations: readonly DeclaredRelation[];
}

/**
 * What a change alters of a document; null: the graph has a newer version of it. A change that was applied before gives a
 * difference of nothing, unless the graph has lost something of it.
 */
export function documentDifference(
  change: DocumentChange,
  present: PresentDocument | undefined,
  derived: readonly DerivedRelation[],
): DocumentDifference | null {
  const { id, version } = change.kind === 'put' ? change.document : change;
  if (present !== undefined && version < present.version) return null;
  const live = change.kind === 'put';
  const values = live ? valuesOf(change.document.facets, derived) : [];
  const relations = live ? declaredBy(id, change.document.relations) : [];
  const [oldValues, oldRelations] = [present?.values ?? [], present?.relations ?? []];
  return {
    id,
    version,
    live,
    turns: live !== (present?.live ?? false),
    lostValues: without(oldValues, values),
    gainedValues: without(values, oldValues),
    lostRelations: without(oldRelations, relations),
    gainedRelations: without(relations, oldRelations),
  };
}

/** Whether the document's own edges can be other ones afterwards. */
export function touchesEdges(difference: DocumentDifference): boolean {
  const { turns, lostValues, gainedValues, lostRelations, gainedRelations } = difference;
  const parts = [lostValues, gainedValues, lostRelations, gainedRelations];
  return turns || parts.some(({ length }) => length > 0);
}

/** The values of the facets that derive relations. */
function valuesOf(
  facets: Readonly<Record<string, readonly string[]>>,
  derived: readonly DerivedRelation[],
): FacetValue[] {
  return [...new Set(derived.map(({ facet }) => facet))].flatMap((facet) =>
    Object.hasOwn(facets, facet)
      ? [...new Set(facets[facet])].map((value): FacetValue => [facet, value])
      : [],
  );
}

/** Each (type, id) once, with its greatest strength. */
function declaredBy(own: string, relations: readonly Relation[]): DeclaredRelation[] {
  const strongest = new Map<string, DeclaredRelation>();
  for (const { type, id, strength } of relations) {
    if (id === own || !(strength > 0)) continue;
    const name = `${type}\0${id}`;
    if (strength > (strongest.get(name)?.[2] ?? 0)) strongest.set(name, [type, id, strength]);
  }
  return [...strongest.values()];
}

function without<T extends readonly unknown[]>(some: readonly T[], others: readonly T[]): T[] {
  const names = new Set(others.map((one) => JSON.stringify(one)));
  return some.filter((one) => !names.has(JSON.stringify(one)));
}
