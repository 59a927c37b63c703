import { limits } from '../limits.ts';
import { grown } from '../std/growing-array.ts';
import { compareUtf8 } from '../std/utf8-order.ts';
import type { DerivedRelation } from './catalogue-schema.ts';
import type { DocumentBody } from './document.ts';

interface SharedValue {
  readonly relation: number;
  readonly text: string;
  /** Documents with the value, in no order, and where in each one's list the value stands. */
  members: Uint32Array;
  places: Uint32Array;
  count: number;
  /** Scratch of `shared`: the last comparison that one of its documents was part of. */
  mark: number;
}

/** The values of one document that derive relations, by (relation, UTF-8 of the value); and its place in each value. */
interface Holding {
  readonly values: readonly SharedValue[];
  readonly places: Uint32Array;
}

const nothing: Holding = { values: [], places: new Uint32Array(0) };

/**
 * What a shared value is worth, 0..1, by the number of documents that have it: 1 when only two do, falling with the
 * logarithm, 0 beyond limits.relationDegreeMax. It does not depend on the size of the catalogue.
 *
 *   rarity(n) = ln((D + 1) / (n - 1)) / ln(D + 1),  2 <= n <= D = relationDegreeMax
 */
export function rarity(documents: number): number {
  return rarities[documents] ?? 0;
}

const degreeMax = limits.relationDegreeMax;
const rarities = Array.from({ length: degreeMax + 1 }, (_, documents) =>
  documents < 2 ? 0 : Math.log((degreeMax + 1) / (documents - 1)) / Math.log(degreeMax + 1),
);

/** Which documents share which values of the facets that derive relations. Documents are numbered by the caller. */
export class SharedValues {
  readonly #relations: readonly DerivedRelation[];
  readonly #values: readonly Map<string, SharedValue>[];
  readonly #holdings: Holding[] = [];
  #mark = 0;

  constructor(relations: readonly DerivedRelation[]) {
    this.#relations = relations;
    this.#values = relations.map(() => new Map());
  }

  add(slot: number, document: DocumentBody): void {
    const values: SharedValue[] = [];
    for (const [relation, { facet }] of this.#relations.entries()) {
      const own = Object.hasOwn(document.facets, facet) ? document.facets[facet]! : [];
      for (const text of [...new Set(own)].sort(compareUtf8)) values.push(this.#value(relation, text));
    }
    const places = new Uint32Array(values.length);
    for (const [place, value] of values.entries()) {
      const at = value.count++;
      value.members = grown(value.members, value.count);
      value.places = grown(value.places, value.count);
      value.members[at] = slot;
      value.places[at] = place;
      places[place] = at;
    }
    this.#holdings[slot] = { values, places };
  }

  remove(slot: number): void {
    const { values, places } = this.#holdings[slot] ?? nothing;
    for (const [place, value] of values.entries()) {
      // The last member takes the free place.
      const at = places[place]!;
      const last = --value.count;
      const moved = value.members[last]!;
      value.members[at] = moved;
      value.places[at] = value.places[last]!;
      this.#holdings[moved]!.places[value.places[at]!] = at;
      if (value.count === 0) this.#values[value.relation]!.delete(value.text);
    }
    this.#holdings[slot] = nothing;
  }

  /** Calls back for every document that shares a value worth something, with that worth; for `slot` itself too. */
  forEachShared(slot: number, visit: (other: number, worth: number) => void): void {
    for (const value of this.#holding(slot).values) {
      const worth = this.#worth(value);
      if (worth === 0) continue;
      for (let i = 0; i < value.count; i++) visit(value.members[i]!, worth);
    }
  }

  /** Documents whose edges change when `slot` gains or loses its values: those of its values that are not too common. */
  forEachAffected(slot: number, visit: (other: number) => void): void {
    for (const value of this.#holding(slot).values) {
      if (value.count > limits.relationDegreeMax + 1) continue;
      for (let i = 0; i < value.count; i++) visit(value.members[i]!);
    }
  }

  /** The values that relate two documents, by facet in the order of the schema's relations. */
  shared(slot: number, other: number): { readonly facet: string; readonly values: readonly string[] }[] {
    const mark = ++this.#mark;
    for (const value of this.#holding(other).values) value.mark = mark;
    const found: { readonly facet: string; readonly values: string[] }[] = [];
    for (const value of this.#holding(slot).values) {
      if (value.mark !== mark || this.#worth(value) === 0) continue;
      const { facet } = this.#relations[value.relation]!;
      const group = found.find((one) => one.facet === facet);
      if (group === undefined) found.push({ facet, values: [value.text] });
      else if (!group.values.includes(value.text)) group.values.push(value.text);
    }
    return found;
  }

  #worth(value: SharedValue): number {
    return this.#relations[value.relation]!.strength * rarity(value.count);
  }

  #holding(slot: number): Holding {
    return this.#holdings[slot] ?? nothing;
  }

  #value(relation: number, text: string): SharedValue {
    const known = this.#values[relation]!.get(text);
    if (known !== undefined) return known;
    const empty = () => new Uint32Array(2);
    const value = { relation, text, members: empty(), places: empty(), count: 0, mark: 0 };
    this.#values[relation]!.set(text, value);
    return value;
  }
}
