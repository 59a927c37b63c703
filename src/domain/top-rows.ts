import { indexes } from '../std/mapped.ts';

/**
 * The total order of every list: score descending, then tie rank ascending. Both are 32 bits, so backends that sort
 * by number use one 64-bit key: the score's bits made monotone, then the complement of the tie rank. The last resort,
 * position, only decides between two entries of one row.
 * @param scores f32 without NaN
 * @param tieRanks one per score
 * @returns the first `limit` indices of that order
 */
export function topOrder(scores: Float32Array, tieRanks: Uint32Array, limit: number): Uint32Array {
  const order = indexes(scores.length);
  order.sort((a, b) => scores[b]! - scores[a]! || tieRanks[a]! - tieRanks[b]! || a - b);
  return order.slice(0, Math.max(0, limit));
}
