import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topOrder } from '../../src/domain/top-rows.ts';
import { BestRows } from '../../src/std/best-rows.ts';

/** Scores collide often and include -0. */
const rowsArbitrary = fc
  .array(fc.oneof(fc.constantFrom(-0, 0, 0.5, -0.5, 1), fc.float({ noNaN: true })), { maxLength: 200 })
  .chain((scores) =>
    fc.record({
      scores: fc.constant(Float32Array.from(scores)),
      ties: fc
        .shuffledSubarray(
          scores.map((_, i) => i),
          { minLength: scores.length },
        )
        .map((ranks) => Uint32Array.from(ranks)),
      limit: fc.integer({ min: 0, max: 220 }),
    }),
  );

/** The definition: sort everything. */
function sorted(scores: Float32Array, ties: Uint32Array): number[] {
  const order = Array.from(scores.keys());
  // -0 and 0 are equal scores.
  return order.sort((a, b) =>
    scores[b]! === scores[a]! ? ties[a]! - ties[b]! : scores[b]! > scores[a]! ? 1 : -1,
  );
}

describe('the best rows', () => {
  it('are the head of the full order', () => {
    fc.assert(
      fc.property(rowsArbitrary, ({ scores, ties, limit }) => {
        expect(Array.from(topOrder(scores, ties, limit))).toEqual(sorted(scores, ties).slice(0, limit));
      }),
    );
  });

  it('are what the streaming selection keeps', () => {
    fc.assert(
      fc.property(rowsArbitrary, ({ scores, ties, limit }) => {
        const best = new BestRows(limit);
        scores.forEach((score, i) => {
          best.offer(score, ties[i]!, i);
        });
        const expected = sorted(scores, ties).slice(0, limit);
        expect(Array.from(best.rows()).sort((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
      }),
    );
  });

  it('of one row twice keep both, the earlier position first', () => {
    const order = topOrder(Float32Array.of(1, 2, 2), Uint32Array.of(0, 7, 7), 3);
    expect(Array.from(order)).toEqual([1, 2, 0]);
  });
});
