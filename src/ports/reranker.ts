import type { BackendName } from '../domain/backend-name.ts';
import type { RerankBatch } from '../domain/rerank-batch.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';

export type { BackendName } from '../domain/backend-name.ts';
export type {
  PreferenceTable,
  RerankBatch,
  RerankParams,
  RerankRequest,
} from '../domain/rerank-batch.ts';
export type { RowBlock } from '../domain/row-block.ts';

/**
 * Per request: the positions (into its own slice of `rows`) of its best min(R + limits.rescoreMargin, passing) rows
 * in no particular order, and how many rows each hard rule dropped.
 */
export interface RerankAnswer {
  readonly selected: readonly Uint32Array[];
  readonly dropped: readonly Uint32Array[];
}

/**
 * A scoring backend. It selects; exact scores come from `ExactScorer`, the same on every backend.
 * Scores must be within 2e-6 of the f64 oracle on the stored bits, independent of position, of batch neighbours and of
 * whether a row is resident or transient.
 */
export interface Reranker {
  readonly name: BackendName;
  /** Which of its kernels or devices runs: `avx2`, `sm_90 NVIDIA H100`; empty where there is but one. */
  readonly variant: string;
  /** Whether it scores rows of this table (its tier, its size); absent: it scores those of every table. */
  supports?(table: TableSnapshot): boolean;
  /** Why it never scores rows of this table, or null; absent: there is no such table. */
  refusal?(table: TableSnapshot): string | null;
  /**
   * @param signal aborted when nobody waits for the answer any more; a backend may then stop and reject with its reason
   * @throws RangeError for a batch that it does not take; TriptychError unavailable once it cannot be used any more in
   * this process; anything else is a failure of this batch, and another backend serves it
   */
  rerank(batch: RerankBatch, signal?: AbortSignal): Promise<RerankAnswer>;
  /** Frees what it holds, after its last call. */
  close?(): Promise<void>;
}
