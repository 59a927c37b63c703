import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import { type RankedRows, rescore } from '../../src/domain/rescore.ts';
import { ScorerScratch, WindowScorer } from '../../src/domain/scoring.ts';
import { signalCount, signalNames } from '../../src/domain/signal.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { expectExact } from '../support/expect-exact.ts';
import { Random } from '../support/random.ts';
import { permuted, randomCase, randomTable, type ScoreCase } from '../support/score-cases.ts';
import { splitTable } from '../support/split-table.ts';

interface Sample extends ScoreCase {
  readonly table: TableSnapshot;
  readonly random: Random;
}

const sampleArbitrary: fc.Arbitrary<Sample> = fc
  .record({
    salt: fc.nat(),
    count: fc.integer({ min: 1, max: 60 }),
    dimension: fc.integer({ min: 1, max: 40 }),
    formula: fc.constantFrom('linear' as const, 'multiplicative' as const, 'rrf' as const),
    absent: fc.constantFrom(0, 0.3, 1),
    rankDepth: fc.integer({ min: 1, max: 70 }),
  })
  .map(({ salt, count, dimension, ...options }) => {
    const random = new Random(`sample ${salt}`);
    const table = randomTable(random, count, dimension);
    return { random, table, ...randomCase(random, table, options) };
  });

function everyPosition(one: ScoreCase): Uint32Array {
  return Uint32Array.from(one.window.rows.keys());
}

function rescoreAll({ table, request, window }: Sample): RankedRows {
  const params = { ...request.params, rankDepth: window.rows.length };
  return rescore(
    { table, transient: null },
    { ...request, params },
    window,
    everyPosition({ request, window }),
  );
}

/** Score bits by row. */
function bitsByRow(ranked: RankedRows, rows: Uint32Array): Map<number, number> {
  const bits = new Uint32Array(ranked.scores.slice().buffer);
  return new Map(Array.from(ranked.positions, (position, i) => [rows[position]!, bits[i]!]));
}

describe('scores', () => {
  it('agree with the oracle for any request', async () => {
    await fc.assert(
      fc.asyncProperty(sampleArbitrary, async ({ table, request, window }) => {
        await expectExact(new JsReranker(), table, [{ request, window }]);
      }),
    );
  });

  it('are the sum of their contributions in every formula', () => {
    fc.assert(
      fc.property(sampleArbitrary, (sample) => {
        const { count, scores, contributions } = rescoreAll(sample);
        for (let i = 0; i < count; i++) {
          const own = contributions.subarray(i * signalCount, (i + 1) * signalCount);
          const sum = own.reduce((total, one) => total + one, 0);
          expect(Math.abs(sum - scores[i]!)).toBeLessThanOrEqual(1e-6);
        }
      }),
    );
  });

  it('and signals keep their ranges; an absent signal contributes nothing', () => {
    fc.assert(
      fc.property(sampleArbitrary, (sample) => {
        const { formula, weights, productMax } = sample.request.params;
        const ranked = rescoreAll(sample);
        // Soft rules move any score by at most 0.5.
        const lowest =
          (formula === 'multiplicative' ? 0 : -weights[signalNames.indexOf('preference')]!) - 0.5;
        const highest = (formula === 'multiplicative' ? productMax : 1) + 0.5;
        for (const score of ranked.scores) {
          expect(score).toBeGreaterThanOrEqual(Math.fround(lowest));
          expect(score).toBeLessThanOrEqual(Math.fround(highest + 1e-7));
          expect(Object.is(score, -0)).toBe(false);
        }
        ranked.signals.forEach((value, i) => {
          const name = signalNames[i % signalCount]!;
          if (Number.isNaN(value)) {
            // In the product formula, `preference` holds the product's change, which is none without preferences.
            expect(ranked.contributions[i]).toBe(0);
            return;
          }
          expect(value).toBeGreaterThanOrEqual(name === 'preference' ? -1 : name === 'rules' ? -0.5 : 0);
          expect(value).toBeLessThanOrEqual(name === 'rules' ? 0.5 : 1);
        });
      }),
    );
  });

  it('have the same bits whatever else is in the window, and wherever the row stands', () => {
    fc.assert(
      fc.property(sampleArbitrary, (sample) => {
        const { table, request, window, random } = sample;
        const bits = bitsByRow(rescoreAll(sample), window.rows);
        const shuffled = permuted(window, random.shuffle(Array.from(everyPosition(sample))));
        expect(bitsByRow(rescoreAll({ ...sample, window: shuffled }), shuffled.rows)).toEqual(bits);
        for (const position of everyPosition(sample)) {
          const alone = permuted(window, [position]);
          const ranked = rescore({ table, transient: null }, request, alone, Uint32Array.of(0));
          expect(bitsByRow(ranked, alone.rows).get(window.rows[position]!)).toBe(
            bits.get(window.rows[position]!),
          );
        }
      }),
      { numRuns: 40 },
    );
  });

  it('have the same bits in the first pass, which leaves out signals of weight 0, as in rescoring', () => {
    fc.assert(
      fc.property(sampleArbitrary, (sample) => {
        const { table, request, window } = sample;
        const scratch = new ScorerScratch();
        const part = { table, block: table, firstRow: 0 };
        const first = new WindowScorer(part, request, window, everyPosition(sample), 'score', scratch);
        const scores = Array.from(window.rows, (_, index) => first.score(index));
        const ranked = rescoreAll(sample);
        expect(Array.from(ranked.positions, (position) => scores[position])).toEqual(
          Array.from(ranked.scores),
        );
      }),
    );
  });

  it('have the same bits for a row in a transient block as for a resident one', () => {
    fc.assert(
      fc.property(sampleArbitrary, fc.infiniteStream(fc.boolean()), (sample, moves) => {
        const { table, request, window, random } = sample;
        const { blocks, numbers } = splitTable(random, table, () => moves.next().value);
        const params = { ...request.params, rankDepth: window.rows.length };
        const other = { ...window, rows: window.rows.map((row) => numbers[row]!) };
        expect(rescore(blocks, { ...request, params }, other, everyPosition(sample))).toEqual(
          rescoreAll(sample),
        );
      }),
    );
  });

  it('order totally: descending, then by tie rank, each row once', () => {
    fc.assert(
      fc.property(sampleArbitrary, (sample) => {
        const { positions, scores } = rescoreAll(sample);
        const ties = Array.from(
          positions,
          (position) => sample.table.tieRanks[sample.window.rows[position]!]!,
        );
        expect(new Set(positions).size).toBe(sample.window.rows.length);
        for (let i = 1; i < scores.length; i++) {
          const before =
            scores[i - 1]! > scores[i]! || (scores[i - 1] === scores[i] && ties[i - 1]! < ties[i]!);
          expect(before).toBe(true);
        }
      }),
    );
  });

  it('do not depend on the order in which a row lists its facet values', () => {
    fc.assert(
      fc.property(sampleArbitrary, (sample) => {
        const { table, window, random } = sample;
        const facetValues = table.facetValues.slice();
        for (const row of window.rows) {
          const start = table.facetStarts[row]!;
          const own = facetValues.subarray(start, start + table.facetCounts[row]!);
          own.set(random.shuffle(Array.from(own)));
        }
        const other = { ...sample, table: { ...table, facetValues } };
        expect(bitsByRow(rescoreAll(other), window.rows)).toEqual(bitsByRow(rescoreAll(sample), window.rows));
      }),
    );
  });
});
