import { limits } from '../limits.ts';
import type { NumberedBlock } from './batch-rows.ts';
import { contribute, toScore } from './contributions.ts';
import { decay } from './decay.ts';
import { dotRows } from './dot-rows.ts';
import { FacetPreferences } from './facet-preferences.ts';
import type { RerankRequest } from './rerank-batch.ts';
import { signalCount, signalIndex } from './signal.ts';
import { widen } from './vector.ts';

/** The candidates of one request, one entry each per position. A column that is absent is all NaN. */
export interface WindowColumns {
  /** Row numbers: see BatchRows. */
  readonly rows: Uint32Array;
  readonly lexical: Float32Array;
  readonly graph: Float32Array;
  readonly fused: Float32Array;
  readonly rules: Float32Array;
}

/** Working memory of a scorer, reused from one request to the next: at most one scorer at a time may hold it. */
export class ScorerScratch {
  vector: Float64Array = new Float64Array(0);
  rows: Uint32Array = new Uint32Array(0);
  query: Float64Array = new Float64Array(0);
  taste: Float64Array = new Float64Array(0);

  /** Makes room for `count` candidates. */
  reserve(count: number): void {
    if (this.rows.length >= count) return;
    this.rows = new Uint32Array(count);
    this.query = new Float64Array(count);
    this.taste = new Float64Array(count);
  }
}

/** bm25 / (bm25 + midpoint): 0..1, one half at the midpoint. */
export function lexicalSignal(bm25: number, midpoint: number): number {
  return bm25 > 0 ? bm25 / (bm25 + midpoint) : 0;
}

export function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** What soft rules may add to a score, or take from it, together. */
export function clampRules(sum: number): number {
  return Math.min(limits.softRuleByMax, Math.max(-limits.softRuleByMax, sum));
}

/**
 * The one definition of every signal and of the score, over stored bits alone: what a candidate scores does not depend
 * on its position, on the rest of the window, on other requests or on the block that it is in. Signals that cannot be
 * known are NaN here and null on the wire. A number that is not finite becomes a clamped or an absent signal, so a score
 * is always finite.
 */
export class WindowScorer {
  /** Signals and contributions of the candidate that was scored last, in the order of signalNames. */
  readonly signals: Float64Array = new Float64Array(signalCount);
  readonly contributions: Float64Array = new Float64Array(signalCount);
  readonly #request: RerankRequest;
  readonly #window: WindowColumns;
  readonly #positions: Uint32Array;
  readonly #firstRow: number;
  readonly #popularity: Float32Array;
  readonly #recencyMs: Float64Array;
  /** Cosine by candidate; null where the signal is absent or not wanted. */
  readonly #query: Float64Array | null;
  readonly #taste: Float64Array | null;
  readonly #preferences: FacetPreferences | null;
  readonly #recency: boolean;
  readonly #multiplies: boolean;

  /**
   * @param part the block that holds the candidates
   * @param positions the candidates to score: positions in the window
   * @param detail `score` leaves signals of weight 0 out (they cannot change the score), `signals` computes them all
   */
  constructor(
    part: NumberedBlock,
    request: RerankRequest,
    window: WindowColumns,
    positions: Uint32Array,
    detail: 'score' | 'signals',
    scratch: ScorerScratch = new ScorerScratch(),
  ) {
    const { params, queryVector, tasteVector, preferences } = request;
    this.#multiplies = params.formula === 'multiplicative';
    const wanted = (signal: number): boolean =>
      detail === 'signals' || (!this.#multiplies && params.weights[signal]! > 0);
    this.#request = request;
    this.#window = window;
    this.#positions = positions;
    const { table, block, firstRow } = part;
    this.#firstRow = firstRow;
    this.#popularity = block.popularity;
    this.#recencyMs = block.recencyMs;
    this.#recency = wanted(signalIndex.recency);
    scratch.reserve(positions.length);
    for (let i = 0; i < positions.length; i++) scratch.rows[i] = window.rows[positions[i]!]! - firstRow;
    const similar = this.#multiplies || wanted(signalIndex.similarity);
    this.#query = similar ? cosines(part, queryVector, positions.length, scratch, scratch.query) : null;
    const tasteful = wanted(signalIndex.taste);
    this.#taste = tasteful ? cosines(part, tasteVector, positions.length, scratch, scratch.taste) : null;
    const preferred = this.#multiplies || wanted(signalIndex.preference);
    this.#preferences =
      preferences !== null && preferred ? new FacetPreferences(preferences, table, block) : null;
  }

  /**
   * Score (f32, never NaN or -0) of the candidate at positions[index]; `signals` and `contributions` are its own until
   * the next call.
   */
  score(index: number): number {
    const position = this.#positions[index]!;
    const row = this.#window.rows[position]! - this.#firstRow;
    this.#fill(index, position, row);
    const product = this.#multiplies && this.#preferences !== null ? this.#preferences.product(row) : 1;
    return toScore(contribute(this.#request.params, this.signals, product, this.contributions));
  }

  #fill(index: number, position: number, row: number): void {
    const { signals } = this;
    const { params } = this.#request;
    const window = this.#window;
    signals[signalIndex.similarity] = this.#similarity(this.#query, index);
    signals[signalIndex.taste] = this.#similarity(this.#taste, index);
    signals[signalIndex.lexical] = clamp01(window.lexical[position]!);
    signals[signalIndex.graph] = clamp01(window.graph[position]!);
    signals[signalIndex.fused] = clamp01(window.fused[position]!);
    signals[signalIndex.preference] = this.#preferences?.preference(row) ?? Number.NaN;
    signals[signalIndex.popularity] = clamp01(this.#popularity[row]!);
    signals[signalIndex.recency] = this.#recency
      ? decay(params.referenceMs - this.#recencyMs[row]!, params.halfLifeMs)
      : Number.NaN;
    signals[signalIndex.rules] = clampRules(window.rules[position]!);
  }

  /** clamp01((cos - lo) / (hi - lo)); NaN without a vector. */
  #similarity(column: Float64Array | null, index: number): number {
    if (column === null) return Number.NaN;
    const { lo, hi } = this.#request.params;
    return clamp01((column[index]! - lo) / (hi - lo));
  }
}

/** Cosines of the candidates in scratch.rows with a unit vector, into `out`; null without a vector. */
function cosines(
  { block }: NumberedBlock,
  vector: Float32Array | null,
  count: number,
  scratch: ScorerScratch,
  out: Float64Array,
): Float64Array | null {
  if (vector === null) return null;
  scratch.vector = widen(vector, scratch.vector);
  dotRows(block.vectors, scratch.rows, count, scratch.vector, out);
  return out;
}
