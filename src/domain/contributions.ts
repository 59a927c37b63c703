import type { RerankParams } from './rerank-batch.ts';
import { signalCount, signalIndex } from './signal.ts';

const { similarity, preference, rules } = signalIndex;

/**
 * The share of each signal in a score: the change that the signal makes when signals enter in the order of signalNames.
 * An absent signal (NaN) contributes 0 and the other weights stay as they are.
 * - `linear`, `rrf`: weight * signal (rrf's ranks are in the signal `fused`).
 * - `multiplicative`: similarity enters first, then `preference` the change made by the clamped product, then `rules`.
 * @param product FacetPreferences.product; used by `multiplicative` alone
 * @param out signalCount contributions
 * @returns their sum in the order of signalNames: the score before it is rounded to f32
 */
export function contribute(
  params: RerankParams,
  signals: Float64Array,
  product: number,
  out: Float64Array,
): number {
  if (params.formula === 'multiplicative') return contributeProduct(params, signals, product, out);
  const { weights } = params;
  let sum = 0;
  for (let i = 0; i < signalCount; i++) {
    const value = signals[i]!;
    const contribution = Number.isNaN(value) ? 0 : weights[i]! * value;
    out[i] = contribution;
    sum += contribution;
  }
  return sum;
}

function contributeProduct(
  params: RerankParams,
  signals: Float64Array,
  product: number,
  out: Float64Array,
): number {
  const value = signals[similarity]!;
  const base = Number.isNaN(value) ? 0 : value;
  const clamped = Math.min(params.productMax, Math.max(params.productMin, product));
  out.fill(0);
  out[similarity] = base;
  out[preference] = base * clamped - base;
  const ruled = signals[rules]!;
  if (!Number.isNaN(ruled)) out[rules] = params.weights[rules]! * ruled;
  return base + out[preference] + out[rules]!;
}

/** The score as lists and wire carry it: f32, and +0 for -0, so that equal scores have equal bits. */
export function toScore(sum: number): number {
  return Math.fround(sum) + 0;
}
