import type { RerankBatch } from '../domain/rerank-batch.ts';

export type {
  PreferenceTable,
  RerankBatch,
  RerankParams,
  RerankRequest,
} from '../domain/rerank-batch.ts';

/** Vectors and columns of candidates that are not resident; row ids from `transientBase` on point into it. */
export interface TransientBlock {
  readonly count: number;
  readonly vectors: Float32Array;
  readonly tieRanks: Uint32Array;
  readonly popularity: Float32Array;
  readonly recencyMs: Float64Array;
  readonly facetStarts: Uint32Array;
  readonly facetCounts: Uint32Array;
  readonly facetValues: Uint32Array;
}

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
 * Scores must be within 2e-6 of the f64 oracle on the stored bits, independent of position and batch neighbours.
 */
export interface Reranker {
  readonly name: 'js' | 'native' | 'cuda' | 'tfjs-gpu' | 'tfjs-node' | 'tfjs-wasm';
  rerank(batch: RerankBatch): Promise<RerankAnswer>;
}
