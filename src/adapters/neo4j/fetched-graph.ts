import type { RecalledGraph } from '../../domain/graph-recall.ts';
import type { Edge } from '../../domain/similarity-graph.ts';
import { SlotRows } from '../../domain/slot-rows.ts';
import type { EdgeBook, FetchedDocument } from './edge-book.ts';

/**
 * What one query brought of a graph: the seeds and the documents next to them, each with its edges. Recall over it goes as
 * over the whole graph, because no path is longer than two steps. It lives for one request.
 */
export class FetchedGraph implements RecalledGraph {
  readonly rows = new SlotRows();
  readonly #book: EdgeBook;
  readonly #documents = new Map<number, FetchedDocument>();

  constructor(book: EdgeBook, documents: readonly FetchedDocument[]) {
    this.#book = book;
    for (const document of documents) this.#documents.set(book.slotOf(document.id), document);
  }

  /** -1 for what was not fetched, although edges may lead there. */
  slotOf(id: string): number {
    const slot = this.#book.find(id);
    return this.#documents.has(slot) ? slot : -1;
  }

  idOf(slot: number): string {
    return this.#book.idOf(slot);
  }

  edges(slot: number): readonly Edge[] {
    const document = this.#documents.get(slot);
    return document === undefined ? [] : this.#book.edgesOf(slot, document);
  }
}
