import { similarTo } from '../../domain/names.ts';
import type { PathStep, SharedFacet } from '../../domain/search-response.ts';
import { type Edge, strongestByNeighbour } from '../../domain/similarity-graph.ts';
import {
  type PackedDeclared,
  type PackedEdges,
  type SharedValues,
  sharedFacets,
  unpackDeclared,
  unpackShared,
  unpackSimilar,
} from './packed-edges.ts';

/** A document with the edges that are followed from it, as a query returns it. */
export interface FetchedDocument extends PackedEdges {
  readonly id: string;
}

interface UnpackedDocument {
  readonly packed: PackedEdges;
  readonly edges: readonly Edge[];
}

/**
 * Edges of one catalogue generation as they were unpacked last, so that documents which come up again cost a comparison of
 * texts: what a text says never goes out of date. Ids are numbered in the order in which they are met.
 */
export class EdgeBook {
  readonly #ids: string[] = [];
  readonly #slots = new Map<string, number>();
  /** By slot. */
  readonly #unpacked = new Map<number, UnpackedDocument>();
  #unpackings = 0;

  /** How often something was unpacked: at least the documents that are kept, and what bounds the ids. */
  get unpackings(): number {
    return this.#unpackings;
  }

  /** The document's number; -1: it was not met. */
  find(id: string): number {
    return this.#slots.get(id) ?? -1;
  }

  /** The document's number; one that is new gets the next. */
  slotOf(id: string): number {
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    const slot = this.#ids.length;
    this.#slots.set(id, slot);
    this.#ids.push(id);
    return slot;
  }

  idOf(slot: number): string {
    return this.#ids[slot]!;
  }

  edgesOf(slot: number, document: FetchedDocument): readonly Edge[] {
    const known = this.#unpacked.get(slot);
    if (known !== undefined && areEqual(known.packed, document)) return known.edges;
    this.#unpackings++;
    const edges = this.#unpack(document);
    this.#unpacked.set(slot, { packed: document, edges });
    return edges;
  }

  #unpack(from: FetchedDocument): readonly Edge[] {
    const similar: Edge[] = [];
    const packed = unpackSimilar(from);
    const shared = new SharedByEdge(from);
    for (let i = 0; i < packed.length; i += 2) {
      const to = packed[i] as string;
      similar.push(new SimilarEdge(this.slotOf(to), packed[i + 1] as number, to, shared, i / 2));
    }
    const declared = unpackDeclared(from).map((one) => declaredEdge(this.slotOf(one[0]), from.id, one));
    return strongestByNeighbour(similar, declared);
  }
}

function areEqual(a: PackedEdges, b: PackedEdges): boolean {
  return a.similar === b.similar && a.shared === b.shared && a.declared === b.declared;
}

/** The values that the edges of one document run over, read when a path is shown. */
class SharedByEdge {
  readonly from: string;
  readonly #packed: PackedEdges;
  #values: SharedValues | null = null;

  constructor({ id, ...packed }: FetchedDocument) {
    this.from = id;
    this.#packed = packed;
  }

  /** @param edge which of the document's SIMILAR_TO edges */
  facets(edge: number): SharedFacet[] {
    this.#values ??= unpackShared(this.#packed);
    return sharedFacets(this.#values, edge);
  }
}

/** Of the thousands of edges of a recall few end up on a path, so that is when their steps are made. */
class SimilarEdge implements Edge {
  readonly type = similarTo;
  readonly slot: number;
  readonly strength: number;
  readonly #to: string;
  readonly #shared: SharedByEdge;
  readonly #place: number;
  #step: PathStep | null = null;

  constructor(slot: number, strength: number, to: string, shared: SharedByEdge, place: number) {
    this.slot = slot;
    this.strength = strength;
    this.#to = to;
    this.#shared = shared;
    this.#place = place;
  }

  get step(): PathStep {
    this.#step ??= {
      type: similarTo,
      from: this.#shared.from,
      to: this.#to,
      strength: this.strength,
      shared: this.#shared.facets(this.#place),
    };
    return this.#step;
  }
}

function declaredEdge(slot: number, from: string, [to, strength, type]: PackedDeclared): Edge {
  return { slot, type, strength, step: { type, from, to, strength } };
}
