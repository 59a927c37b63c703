import { limits } from '../limits.ts';
import { grown } from '../std/growing-array.ts';
import { compareUtf8 } from '../std/utf8-order.ts';
import type { CatalogueSchema } from './catalogue-schema.ts';
import { changedId, type DocumentChange } from './document.ts';
import { ExplicitRelations } from './explicit-relations.ts';
import { similarTo } from './names.ts';
import type { PathStep, Relationship } from './search-response.ts';
import { SharedValues } from './shared-values.ts';
import { SlotRows } from './slot-rows.ts';

/** An edge as recall follows it, away from the document that was asked. */
export interface Edge {
  readonly slot: number;
  readonly type: string;
  /** 0 < strength <= 1 */
  readonly strength: number;
  /** The edge as one step of a path, with the shared values where it is derived. */
  readonly step: PathStep;
}

/**
 * The graph of one catalogue. Documents are nodes; edges are the relations that documents declare (followed both ways)
 * and SIMILAR_TO, derived from the schema's relations over shared facet values:
 *
 *   similar(a, b) = 1 - product over relations r and values v that a and b share under r of (1 - strength_r * rarity(n_v))
 *
 * n_v is the number of live documents with the value; a value of more than limits.relationDegreeMax counts nothing
 * (`rarity` in shared-values.ts). Each document keeps its limits.similarEdgesMax strongest SIMILAR_TO edges, then by id
 * in UTF-8 order; they are followed from the document that keeps them. They are computed when first asked for and kept
 * until a value they rest on changes, so a large catalogue pays for the documents that searches visit, not for all.
 *
 * Everything is a function of the set of live documents, not of the order in which they came.
 */
export class SimilarityGraph {
  readonly #shared: SharedValues;
  readonly #explicit = new ExplicitRelations();
  readonly #slots = new Map<string, number>();
  readonly #ids: string[] = [];
  /** Which rows of the resident table the slots are. */
  readonly rows = new SlotRows();
  readonly #freeSlots: number[] = [];
  readonly #similar = new Map<number, readonly Edge[]>();
  // Scratch of #computeSimilar: the product of each document touched under the present mark.
  #products = new Float64Array(0);
  #marks = new Uint32Array(0);
  #mark = 0;

  constructor(schema: Pick<CatalogueSchema, 'relations'>) {
    this.#shared = new SharedValues(schema.relations);
  }

  get documentCount(): number {
    return this.#slots.size;
  }

  apply(changes: readonly DocumentChange[]): void {
    for (const change of changes) {
      const id = changedId(change);
      const present = this.#slots.get(id);
      if (present !== undefined) this.#forget(present);
      if (change.kind === 'delete') {
        if (present !== undefined) this.#free(id, present);
        continue;
      }
      const slot = present ?? this.#take(id);
      this.#shared.add(slot, change.document);
      this.#forgetEdges(slot);
      this.#explicit.set(id, change.document.relations);
    }
  }

  /** The document's number, or -1. */
  slotOf(id: string): number {
    return this.#slots.get(id) ?? -1;
  }

  idOf(slot: number): string {
    return this.#ids[slot]!;
  }

  /**
   * The edges that recall follows from a document, each neighbour once by its strongest edge (then type in UTF-8 order):
   * SIMILAR_TO, and the declared ones.
   */
  edges(slot: number): readonly Edge[] {
    return strongestByNeighbour(this.similar(slot), this.declared(slot));
  }

  /** The limits.relationDegreeMax strongest of the declared relations that recall follows, in either direction. */
  declared(slot: number): readonly Edge[] {
    const from = this.idOf(slot);
    const neighbours = this.#explicit.neighbours(from, (id) => this.#slots.has(id));
    if (neighbours.length > limits.relationDegreeMax) neighbours.sort(byStrength);
    return neighbours.slice(0, limits.relationDegreeMax).map(({ id, type, strength }) => {
      return { slot: this.slotOf(id), type, strength, step: { type, from, to: id, strength } };
    });
  }

  /** Declared relations to live documents and SIMILAR_TO, strongest first, then by id and type in UTF-8 order. */
  relationships(id: string, limit: number): Relationship[] {
    const slot = this.slotOf(id);
    if (slot < 0) return [];
    const declared = this.#explicit.declared(id).filter((relation) => this.#slots.has(relation.id));
    const similar = this.similar(slot).map((edge) => ({ ...edge, id: this.idOf(edge.slot) }));
    return strongestRelationships([...declared, ...similar], limit);
  }

  /** SIMILAR_TO, best first. */
  similar(slot: number): readonly Edge[] {
    const known = this.#similar.get(slot);
    if (known !== undefined) return known;
    const edges = this.#computeSimilar(slot);
    if (this.#similar.size >= limits.similarEdgesCacheEntries)
      this.#similar.delete(this.#similar.keys().next().value!);
    this.#similar.set(slot, edges);
    return edges;
  }

  #computeSimilar(slot: number): Edge[] {
    const products = this.#products;
    const marks = this.#marks;
    const mark = ++this.#mark;
    const touched: number[] = [];
    // A document's values come in one order, and shared ones in the same order from either end: equal products.
    this.#shared.forEachShared(slot, (other, worth) => {
      if (other === slot) return;
      if (marks[other] !== mark) {
        marks[other] = mark;
        products[other] = 1;
        touched.push(other);
      }
      products[other]! *= 1 - worth;
    });
    return this.#strongest(touched).map(({ slot: other, strength }) => {
      const ends = { from: this.idOf(slot), to: this.idOf(other) };
      const step = { type: similarTo, ...ends, strength, shared: this.#shared.shared(slot, other) };
      return { slot: other, type: similarTo, strength, step };
    });
  }

  /** The limits.similarEdgesMax best of the touched documents, best first. */
  #strongest(touched: readonly number[]): Candidate[] {
    const best: Candidate[] = [];
    for (const other of touched) {
      const strength = 1 - this.#products[other]!;
      const isFull = best.length === limits.similarEdgesMax;
      if (strength <= 0 || (isFull && !this.#isBefore(strength, other, best.at(-1)!))) continue;
      let place = best.length;
      while (place > 0 && this.#isBefore(strength, other, best[place - 1]!)) place--;
      best.splice(place, 0, { slot: other, strength });
      if (best.length > limits.similarEdgesMax) best.pop();
    }
    return best;
  }

  #isBefore(strength: number, slot: number, other: Candidate): boolean {
    if (strength !== other.strength) return strength > other.strength;
    return compareUtf8(this.idOf(slot), this.idOf(other.slot)) < 0;
  }

  #take(id: string): number {
    const slot = this.#freeSlots.pop() ?? this.#ids.length;
    this.#ids[slot] = id;
    this.#slots.set(id, slot);
    this.#products = grown(this.#products, slot + 1);
    this.#marks = grown(this.#marks, slot + 1);
    return slot;
  }

  #free(id: string, slot: number): void {
    this.#slots.delete(id);
    this.#ids[slot] = '';
    this.#freeSlots.push(slot);
  }

  /** Takes the document's values and relations out; it stays a node. */
  #forget(slot: number): void {
    this.#forgetEdges(slot);
    this.#shared.remove(slot);
    this.#explicit.remove(this.idOf(slot));
  }

  /** Drops the computed edges that the document's present values have a part in. */
  #forgetEdges(slot: number): void {
    this.#similar.delete(slot);
    if (this.#similar.size > 0) this.#shared.forEachAffected(slot, (other) => this.#similar.delete(other));
  }
}

type Candidate = Pick<Edge, 'slot' | 'strength'>;

/** The strongest, then by id and type in UTF-8 order. */
export function strongestRelationships(
  relationships: readonly Relationship[],
  limit: number,
): Relationship[] {
  return [...relationships]
    .sort(byStrength)
    .slice(0, limit)
    .map(({ type, id, strength }) => ({ type, id, strength }));
}

/** Each neighbour once, by its strongest edge, then by type in UTF-8 order. */
export function strongestByNeighbour(similar: readonly Edge[], declared: readonly Edge[]): readonly Edge[] {
  if (declared.length === 0) return similar;
  const strongest = new Map(similar.map((edge) => [edge.slot, edge]));
  for (const edge of declared) {
    const other = strongest.get(edge.slot);
    if (other === undefined || edge.strength > other.strength || isTieWon(edge, other))
      strongest.set(edge.slot, edge);
  }
  return [...strongest.values()];
}

function byStrength(a: Relationship, b: Relationship): number {
  return b.strength - a.strength || compareUtf8(a.id, b.id) || compareUtf8(a.type, b.type);
}

function isTieWon(edge: Edge, other: Edge): boolean {
  return edge.strength === other.strength && compareUtf8(edge.type, other.type) < 0;
}
