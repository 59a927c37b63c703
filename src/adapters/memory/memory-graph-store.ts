import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { DocumentChange } from '../../domain/document.ts';
import { recallSupport } from '../../domain/graph-recall.ts';
import type { Relationship } from '../../domain/search-response.ts';
import { SimilarityGraph } from '../../domain/similarity-graph.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { GraphAnswer, GraphQuery, GraphStore, RelationsQuery } from '../../ports/graph-store.ts';
import type { Projection } from '../../ports/projection.ts';

/** The in-process graph, one per tenant. An answer is computed when the call is made, on the graph of that moment. */
export class MemoryGraphStore implements GraphStore, Projection {
  readonly #graphs = new Map<string, SimilarityGraph>();

  reset(tenant: string, schema: CatalogueSchema): void {
    this.#graphs.set(tenant, new SimilarityGraph(schema));
  }

  /** @throws TriptychError no_catalogue before `reset` */
  apply(tenant: string, changes: readonly DocumentChange[]): void {
    this.#graphOf(tenant).apply(changes);
  }

  /** @throws TriptychError no_catalogue before `reset`, invalid_request for more seeds than limits.likeIdsMax */
  async recall(query: GraphQuery): Promise<GraphAnswer> {
    query.signal.throwIfAborted();
    if (query.seeds.length > limits.likeIdsMax) {
      const message = `at most ${limits.likeIdsMax} seeds, not ${query.seeds.length}`;
      throw new TriptychError('invalid_request', message, { fields: [{ path: 'seeds', message }] });
    }
    return { support: recallSupport(this.#graphOf(query.tenant), query.seeds, query.snapshot) };
  }

  /** @throws TriptychError no_catalogue before `reset` */
  async relationships({
    tenant,
    ids,
    limit,
    signal,
  }: RelationsQuery): Promise<readonly (readonly Relationship[])[]> {
    signal.throwIfAborted();
    const graph = this.#graphOf(tenant);
    return ids.map((id) => graph.relationships(id, limit));
  }

  #graphOf(tenant: string): SimilarityGraph {
    const graph = this.#graphs.get(tenant);
    if (graph === undefined) throw new TriptychError('no_catalogue', 'the tenant has no catalogue');
    return graph;
  }
}
