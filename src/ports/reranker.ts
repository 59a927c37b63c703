import type { RerankBatch } from '../domain/rerank-batch.ts';

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
 * A scoring backend. It selects; exact scores come from `domain/rescore.ts`, which runs the same on every backend.
 * Scores must be within 2e-6 of the f64 oracle on the stored bits, independent of position, of batch neighbours and of
 * whether a row is resident or transient.
 */
export interface Reranker {
  readonly name: 'js' | 'native' | 'cuda' | 'tfjs-gpu' | 'tfjs-node' | 'tfjs-wasm';
  rerank(batch: RerankBatch): Promise<RerankAnswer>;
}
