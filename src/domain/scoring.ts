import { contribute, toScore } from './contributions.ts';
import { decay } from './decay.ts';
import { FacetPreferences } from './facet-preferences.ts';
import type { RerankRequest } from './rerank-batch.ts';
import { signalCount, signalIndex } from './signal.ts';
import type { TableSnapshot } from './table-snapshot.ts';
import { dotRow, widen } from './vector.ts';

/** The candidates of one request, one entry each per position. A column that is absent is all NaN. */
export interface WindowColumns {
  readonly rows: Uint32Array;
  readonly lexical: Float32Array;
  readonly graph: Float32Array;
  readonly fused: Float32Array;
}

/** f64 copies of a request's vectors, reused from one request to the next: at most one scorer at a time may hold it. */
export class ScorerScratch {
  query: Float64Array = new Float64Array(0);
  taste: Float64Array = new Float64Array(0);
}

/** bm25 / (bm25 + midpoint): 0..1, one half at the midpoint. */
export function lexicalSignal(bm25: number, midpoint: number): number {
  return bm25 > 0 ? bm25 / (bm25 + midpoint) : 0;
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/**
 * The one definition of every signal and of the score, over stored bits alone: what a candidate scores does not depend
 * on its position, on the rest of the window or on other requests. Signals that cannot be known are NaN here and null
 * on the wire. A number that is not finite becomes a clamped or an absent signal, so a score is always finite.
 */
export class WindowScorer {
  /** Signals and contributions of the row that was scored last, in the order of signalNames. */
  readonly signals = new Float64Array(signalCount);
  readonly contributions = new Float64Array(signalCount);
  readonly #request: RerankRequest;
  readonly #window: WindowColumns;
  readonly #vectors: Float32Array;
  readonly #dimension: number;
  readonly #popularity: Float32Array;
  readonly #recencyMs: Float64Array;
  readonly #query: Float64Array | null;
  readonly #taste: Float64Array | null;
  readonly #preferences: FacetPreferences | null;
  readonly #recency: boolean;
  readonly #multiplies: boolean;

  /**
   * @param detail `score` leaves signals of weight 0 out (they cannot change the score), `signals` computes them all
   */
  constructor(
    table: TableSnapshot,
    request: RerankRequest,
    window: WindowColumns,
    detail: 'score' | 'signals',
    scratch: ScorerScratch = new ScorerScratch(),
  ) {
    const { params, queryVector, tasteVector, preferences } = request;
    this.#multiplies = params.formula === 'multiplicative';
    const wanted = (signal: number): boolean =>
      detail === 'signals' || (!this.#multiplies && params.weights[signal]! > 0);
    this.#request = request;
    this.#window = window;
    this.#vectors = table.vectors;
    this.#dimension = table.dimension;
    this.#popularity = table.popularity;
    this.#recencyMs = table.recencyMs;
    this.#recency = wanted(signalIndex.recency);
    this.#query = null;
    if (queryVector !== null && (this.#multiplies || wanted(signalIndex.similarity))) {
      scratch.query = widen(queryVector, scratch.query);
      this.#query = scratch.query;
    }
    this.#taste = null;
    if (tasteVector !== null && wanted(signalIndex.taste)) {
      scratch.taste = widen(tasteVector, scratch.taste);
      this.#taste = scratch.taste;
    }
    const preferred = this.#multiplies || wanted(signalIndex.preference);
    this.#preferences = preferences !== null && preferred ? new FacetPreferences(preferences, table) : null;
  }

  /** The candidate's score (f32, never NaN or -0); `signals` and `contributions` are its own until the next call. */
  score(position: number): number {
    const row = this.#window.rows[position]!;
    this.#fill(position, row);
    const product = this.#multiplies && this.#preferences !== null ? this.#preferences.product(row) : 1;
    return toScore(contribute(this.#request.params, this.signals, product, this.contributions));
  }

  #fill(position: number, row: number): void {
    const { signals } = this;
    const { params } = this.#request;
    signals[signalIndex.similarity] = this.#cosine(this.#query, row);
    signals[signalIndex.taste] = this.#cosine(this.#taste, row);
    signals[signalIndex.lexical] = clamp01(this.#window.lexical[position]!);
    signals[signalIndex.graph] = clamp01(this.#window.graph[position]!);
    signals[signalIndex.fused] = clamp01(this.#window.fused[position]!);
    signals[signalIndex.preference] = this.#preferences?.preference(row) ?? Number.NaN;
    signals[signalIndex.popularity] = clamp01(this.#popularity[row]!);
    signals[signalIndex.recency] = this.#recency
      ? decay(params.referenceMs - this.#recencyMs[row]!, params.halfLifeMs)
      : Number.NaN;
  }

  /** clamp01((cos - lo) / (hi - lo)) of two unit vectors; NaN without a vector. */
  #cosine(vector: Float64Array | null, row: number): number {
    if (vector === null) return Number.NaN;
    const { lo, hi } = this.#request.params;
    const cosine = dotRow(this.#vectors, row * this.#dimension, vector, this.#dimension);
    return clamp01((cosine - lo) / (hi - lo));
  }
}
