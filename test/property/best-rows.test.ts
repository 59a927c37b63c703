import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BestRows } from '../../src/std/best-rows.ts';

it('BestRows keeps what sorting everything would put first, and its floor admits it', () => {
  const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ noNaN: true }));
  fc.assert(
    fc.property(fc.array(score, { maxLength: 200 }), fc.nat(50), fc.nat(), (scores, limit, turn) => {
      // Tie ranks are a permutation, as in a table.
      const ties = scores.map((_, row) => ((row * 7 + turn) % 199) + 199 * row);
      const best = new BestRows(limit);
      scores.forEach((value, row) => {
        if (value >= best.floor) best.offer(value, ties[row]!, row);
      });
      const order = scores.map((value, row) => ({ row, score: value }));
      order.sort((a, b) => b.score - a.score || ties[a.row]! - ties[b.row]!);
      expect(best.ranked().map(({ row }) => row)).toEqual(order.slice(0, limit).map(({ row }) => row));
    }),
    { numRuns: 500 },
  );
});
