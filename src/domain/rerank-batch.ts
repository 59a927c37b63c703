import type { BatchRows } from './batch-rows.ts';
import type { MaskProgram } from './mask-program.ts';
import type { ProfileFormula } from './profile.ts';
import type { SignalName } from './signal.ts';

/** Scoring parameters of one request, complete: no optional members cross this boundary. */
export interface RerankParams {
  readonly formula: ProfileFormula;
  /** signalCount weights in the order of signalNames. */
  readonly weights: Float64Array;
  /** similarity = clamp01((cos - lo) / (hi - lo)) */
  readonly lo: number;
  readonly hi: number;
  /** recency = 2^(-age / halfLifeMs), age = max(0, referenceMs - recencyMs). */
  readonly referenceMs: number;
  readonly halfLifeMs: number;
  readonly productMin: number;
  readonly productMax: number;
  /** R: rows wanted, before the margin. */
  readonly rankDepth: number;
}

/** Facet preferences of one request: value codes and, beside each, its facet's weight and the preference -1..1. */
export interface PreferenceTable {
  /** Preference by dictionary code. */
  readonly values: ReadonlyMap<number, number>;
  /** Weight by facet name. */
  readonly facetWeights: ReadonlyMap<string, number>;
}

/** Signals that come with the candidates: one f32 column each, NaN where a signal is absent. */
export const columnNames = ['lexical', 'graph', 'fused', 'rules'] as const satisfies readonly SignalName[];

/** One request of a batch. */
export interface RerankRequest {
  /** Unit vector, or null: similarity is null. */
  readonly queryVector: Float32Array | null;
  /** Unit vector, or null: taste is null. */
  readonly tasteVector: Float32Array | null;
  readonly preferences: PreferenceTable | null;
  /** Hard rules, in the order in which drops are counted; null: nothing is dropped. */
  readonly mask: MaskProgram | null;
  readonly params: RerankParams;
}

/**
 * Windows of several requests over one table and at most one transient block, as struct of arrays: request i owns
 * positions offsets[i]..offsets[i+1] of `rows` and of the columns. A column that is absent for a request is all NaN
 * there. What a document scores does not depend on which of the two blocks it is in.
 */
export interface RerankBatch extends BatchRows {
  readonly requests: readonly RerankRequest[];
  readonly offsets: Uint32Array;
  /** Row numbers: see BatchRows. */
  readonly rows: Uint32Array;
  /** 0..1 per candidate, or NaN. */
  readonly lexical: Float32Array;
  readonly graph: Float32Array;
  readonly fused: Float32Array;
  /** -0.5..0.5 per candidate, or NaN: what soft rules add (domain/soft-rules.ts). */
  readonly rules: Float32Array;
}
