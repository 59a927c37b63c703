import type { RecalledGraph } from '../../domain/graph-recall.ts';
import { similarTo } from '../../domain/names.ts';
import type { PathStep } from '../../domain/search-response.ts';
import { type Edge, strongestByNeighbour } from '../../domain/similarity-graph.ts';
import { SlotRows } from '../../domain/slot-rows.ts';
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

/**
 * What one query brought of a graph: the seeds and the documents next to them, each with its edges. Recall over it goes as
 * over the whole graph, because no path is longer than two steps. It lives for one request.
 */
export class FetchedGraph implements RecalledGraph {
  readonly rows = new SlotRows();
  readonly #ids: string[] = [];
  readonly #slots = new Map<string, number>();
  readonly #documents: readonly FetchedDocument[];

  /** @param documents each once */
  constructor(documents: readonly FetchedDocument[]) {
    this.#documents = documents;
    for (const { id } of documents) this.#take(id);
  }

  /** -1 for what was not fetched, although edges may lead there. */
  slotOf(id: string): number {
    const slot = this.#slots.get(id) ?? -1;
    return slot < this.#documents.length ? slot : -1;
  }

  idOf(slot: number): string {
    return this.#ids[slot]!;
  }

  edges(slot: number): readonly Edge[] {
    const from = this.#documents[slot];
    if (from === undefined) return [];
    const similar = this.#similar(from);
    if (from.declared === null) return similar;
    const declared = unpackDeclared(from).map((one) => new DeclaredEdge(this.#take(one[0]), from.id, one));
    return strongestByNeighbour(similar, declared);
  }

  #similar(from: FetchedDocument): readonly Edge[] {
    const packed = unpackSimilar(from);
    const edges: Edge[] = [];
    for (let i = 0; i < packed.length; i += 2) {
      const to = packed[i] as string;
      edges.push(new SimilarEdge(this.#take(to), packed[i + 1] as number, from, to, i / 2));
    }
    return edges;
  }

  #take(id: string): number {
    const known = this.#slots.get(id);
    if (known !== undefined) return known;
    const slot = this.#ids.length;
    this.#slots.set(id, slot);
    this.#ids.push(id);
    return slot;
  }
}

/** Of the thousands of edges of a recall few end up on a path, so that is when their steps are made. */
class SimilarEdge implements Edge {
  readonly type = similarTo;
  readonly slot: number;
  readonly strength: number;
  readonly #from: FetchedDocument;
  readonly #to: string;
  /** Which edge of its document it is. */
  readonly #place: number;

  constructor(slot: number, strength: number, from: FetchedDocument, to: string, place: number) {
    this.slot = slot;
    this.strength = strength;
    this.#from = from;
    this.#to = to;
    this.#place = place;
  }

  get step(): PathStep {
    const shared = sharedFacets(sharedOf(this.#from), this.#place);
    return { type: similarTo, from: this.#from.id, to: this.#to, strength: this.strength, shared };
  }
}

class DeclaredEdge implements Edge {
  readonly slot: number;
  readonly type: string;
  readonly strength: number;
  readonly #from: string;
  readonly #to: string;

  constructor(slot: number, from: string, [to, strength, type]: PackedDeclared) {
    this.slot = slot;
    this.type = type;
    this.strength = strength;
    this.#from = from;
    this.#to = to;
  }

  get step(): PathStep {
    return { type: this.type, from: this.#from, to: this.#to, strength: this.strength };
  }
}

const sharedByDocument = new WeakMap<FetchedDocument, SharedValues>();

function sharedOf(document: FetchedDocument): SharedValues {
  const known = sharedByDocument.get(document);
  if (known !== undefined) return known;
  const values = unpackShared(document);
  sharedByDocument.set(document, values);
  return values;
}
