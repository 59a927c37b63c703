import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  averagePrecision,
  ndcgAt,
  precisionAt,
  recallAt,
  reciprocalRank,
} from '../../src/domain/ranking-metrics.ts';
import { trecOrder } from '../../src/eval/trec-files.ts';

const idArbitrary = fc.integer({ min: 0, max: 30 }).map((number) => `d${number}`);
const rankingArbitrary = fc.uniqueArray(idArbitrary, { maxLength: 25 });
const judgementsArbitrary = fc
  .dictionary(idArbitrary, fc.integer({ min: -1, max: 4 }), { maxKeys: 20 })
  .map((grades) => new Map(Object.entries(grades)));
const kArbitrary = fc.integer({ min: 1, max: 30 });

const all = (ranking: readonly string[], judged: ReadonlyMap<string, number>, k: number) => [
  ndcgAt(ranking, judged, k),
  recallAt(ranking, judged, k),
  precisionAt(ranking, judged, k),
  averagePrecision(ranking, judged),
  reciprocalRank(ranking, judged),
];

describe('metrics of any ranking', () => {
  it('are within 0..1, and nDCG is 1 for the best order', () => {
    fc.assert(
      fc.property(rankingArbitrary, judgementsArbitrary, kArbitrary, (ranking, judged, k) => {
        for (const value of all(ranking, judged, k)) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + 1e-12);
        }
        const best = [...judged].sort(([, a], [, b]) => b - a).map(([id]) => id);
        if (best.length > 0 && judged.get(best[0]!)! > 0) expect(ndcgAt(best, judged, k)).toBeCloseTo(1, 12);
      }),
    );
  });

  it('never fall when a relevant document moves up over one that is not', () => {
    fc.assert(
      fc.property(rankingArbitrary, judgementsArbitrary, kArbitrary, (ranking, judged, k) => {
        for (let i = 0; i + 1 < ranking.length; i++) {
          const [upper, lower] = [judged.get(ranking[i]!) ?? 0, judged.get(ranking[i + 1]!) ?? 0];
          if (upper > 0 || lower <= 0) continue;
          const swapped = [...ranking];
          [swapped[i], swapped[i + 1]] = [ranking[i + 1]!, ranking[i]!];
          const [before, after] = [all(ranking, judged, k), all(swapped, judged, k)];
          for (const [at, value] of after.entries())
            expect(value).toBeGreaterThanOrEqual(before[at]! - 1e-12);
        }
      }),
    );
  });

  it('agree with each other: recall x relevant = precision x k, and what stands below k changes nothing', () => {
    fc.assert(
      fc.property(rankingArbitrary, judgementsArbitrary, kArbitrary, (ranking, judged, k) => {
        const relevant = [...judged.values()].filter((grade) => grade > 0).length;
        expect(recallAt(ranking, judged, k) * relevant).toBeCloseTo(precisionAt(ranking, judged, k) * k, 9);
        const cut = ranking.slice(0, k);
        expect(ndcgAt(cut, judged, k)).toBe(ndcgAt(ranking, judged, k));
      }),
    );
  });
});

describe('the order of a run', () => {
  it('is by score, then by id, both descending, whatever the order of the lines', () => {
    fc.assert(
      fc.property(fc.dictionary(idArbitrary, fc.integer({ min: 0, max: 3 })), (scores) => {
        const entries = Object.entries(scores);
        const order = trecOrder(new Map(entries));
        expect(trecOrder(new Map(entries.reverse()))).toEqual(order);
        for (let i = 0; i + 1 < order.length; i++) {
          const [a, b] = [order[i]!, order[i + 1]!];
          expect(scores[a]! > scores[b]! || (scores[a] === scores[b] && a > b)).toBe(true);
        }
      }),
    );
  });
});
