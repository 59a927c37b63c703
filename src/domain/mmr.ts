import { indexes } from '../std/mapped.ts';
import { gramIndex } from './gram.ts';

/**
 * Maximal marginal relevance (Carbonell and Goldstein, 1998), greedy: each place goes to the row that maximises
 * (1 - diversity) * score - diversity * (highest cosine with a row placed before); the first place has no cosine term.
 * Equal values keep the order of relevance. O(n^2): one pass over the rest a place.
 * @param scores best first
 * @param cosines packed upper triangle (domain/gram.ts) over the same rows
 * @param diversity 0..1; 0 returns the order unchanged
 * @returns indices into `scores` in their new order
 */
export function diversify(scores: Float32Array, cosines: Float64Array, diversity: number): Uint32Array {
  const count = scores.length;
  const order = indexes(count);
  if (diversity === 0 || count < 3) return order;
  const rest = Array.from(order.subarray(1));
  const nearest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  for (let place = 1; place < count; place++) {
    const placed = order[place - 1]!;
    let best = 0;
    let bestValue = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < rest.length; i++) {
      const index = rest[i]!;
      const cosine = cosines[gramIndex(Math.min(placed, index), Math.max(placed, index), count)]!;
      if (cosine > nearest[index]!) nearest[index] = cosine;
      const value = (1 - diversity) * scores[index]! - diversity * nearest[index]!;
      if (value > bestValue) {
        best = i;
        bestValue = value;
      }
    }
    // `rest` stays in order of relevance, so the first of equal values is the more relevant row.
    order[place] = rest.splice(best, 1)[0]!;
  }
  return order;
}
