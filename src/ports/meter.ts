import type { SharedIndexName } from './shared-index.ts';

export type Outcome = 'ok' | 'late' | 'failed' | 'skipped' | 'open';

/** What the service measures about itself; label values come from closed sets only. */
export interface Meter {
  /** One leg, the embedder or a stage of a search. */
  stage(stage: string, outcome: Outcome, ms: number): void;
  /** One whole search; one that was refused or failed is an `error` of the strategy `none`. */
  search(strategy: string, outcome: 'ok' | 'degraded' | 'error', ms: number): void;
  /** Documents that an index outside the process has taken, or will never take. */
  synced(index: SharedIndexName, outcome: 'applied' | 'parked', documents: number): void;
  /** Documents whose newest version such an index does not have, and those that it refuses. */
  indexLag(index: SharedIndexName, pending: number, parked: number): void;
  /** Projector: documents applied, lag behind the truth, size of the resident table. */
  projected(documents: number): void;
  gauge(
    name:
      | 'projector_lag_ms'
      | 'documents'
      | 'epoch_generation'
      | 'searches_in_flight'
      | 'events_pending'
      | 'rerank_backends_off',
    value: number,
  ): void;
  count(
    name:
      | 'embedding_cache_hits'
      | 'embedding_cache_misses'
      | 'ranked_cache_hits'
      | 'ranked_cache_misses'
      | 'vector_cache_hits'
      | 'vector_cache_misses'
      | 'words_cache_hits'
      | 'words_cache_misses'
      | 'events_accepted'
      | 'events_duplicate'
      | 'events_applied'
      | 'rerank_batches'
      | 'reranked_rows'
      | 'rerank_fallbacks',
    by: number,
  ): void;
}
