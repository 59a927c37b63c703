import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gram, gramIndex } from '../../src/domain/gram.ts';
import { diversify } from '../../src/domain/mmr.ts';
import { dot } from '../../src/domain/vector.ts';
import { vectorOf } from '../../src/domain/vector-rows.ts';
import { Random } from '../support/random.ts';
import { randomTable } from '../support/score-cases.ts';

interface Sample {
  readonly scores: Float32Array;
  readonly cosines: Float64Array;
}

/** Scores and cosines from a coarse grid, so that ties are common. */
const sampleArbitrary: fc.Arbitrary<Sample> = fc
  .array(fc.integer({ min: 0, max: 8 }), { maxLength: 24 })
  .chain((scores) =>
    fc.record({
      scores: fc.constant(
        Float32Array.from(
          scores.toSorted((a, b) => b - a),
          (score) => score / 8,
        ),
      ),
      cosines: fc
        .array(fc.integer({ min: -4, max: 4 }), {
          minLength: (scores.length * (scores.length - 1)) / 2,
          maxLength: (scores.length * (scores.length - 1)) / 2,
        })
        .map((values) => Float64Array.from(values, (value) => value / 4)),
    }),
  );

/** The definition: every place looks at every pair. */
function plainly({ scores, cosines }: Sample, diversity: number): number[] {
  const rest = Array.from(scores.keys());
  const placed: number[] = [];
  while (rest.length > 0) {
    const values = rest.map((index) => {
      const near = placed.map(
        (other) => cosines[gramIndex(Math.min(index, other), Math.max(index, other), scores.length)]!,
      );
      return (1 - diversity) * scores[index]! - (placed.length === 0 ? 0 : diversity * Math.max(...near));
    });
    const best = placed.length === 0 ? 0 : values.indexOf(Math.max(...values));
    placed.push(...rest.splice(best, 1));
  }
  return placed;
}

describe('maximal marginal relevance', () => {
  it('places as the definition does', () => {
    fc.assert(
      fc.property(sampleArbitrary, fc.constantFrom(0.1, 0.3, 0.5, 0.9, 1), (sample, diversity) => {
        expect(Array.from(diversify(sample.scores, sample.cosines, diversity))).toEqual(
          plainly(sample, diversity),
        );
      }),
    );
  });

  it('returns the order unchanged without diversity, and keeps the best row first with any', () => {
    fc.assert(
      fc.property(sampleArbitrary, fc.double({ min: 0, max: 1, noNaN: true }), (sample, diversity) => {
        const { scores, cosines } = sample;
        expect(Array.from(diversify(scores, cosines, 0))).toEqual(Array.from(scores.keys()));
        const order = Array.from(diversify(scores, cosines, diversity));
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from(scores.keys()));
        if (order.length > 0) expect(order[0]).toBe(0);
      }),
    );
  });

  it('moves a copy of the first row behind one that differs', () => {
    const cosines = Float64Array.of(1, 0, 0);
    const scores = Float32Array.of(0.9, 0.89, 0.8);
    expect(Array.from(diversify(scores, cosines, 0.5))).toEqual([0, 2, 1]);
    expect(Array.from(diversify(scores, cosines, 0.05))).toEqual([0, 1, 2]);
  });

  it('works on the cosines of stored rows', () => {
    const table = randomTable(new Random('gram'), 12, 21);
    const blocks = { table, transient: null };
    const rows = Uint32Array.of(3, 11, 0, 7, 5);
    const cosines = gram(blocks, rows);
    expect(cosines).toHaveLength(10);
    const vector = (i: number): Float32Array => vectorOf(table.vectors, rows[i]!);
    for (let i = 0; i < 5; i++)
      for (let j = i + 1; j < 5; j++) expect(cosines[gramIndex(i, j, 5)]).toBe(dot(vector(i), vector(j)));
    expect(gram(blocks, Uint32Array.of(4))).toHaveLength(0);
    expect(gram(blocks, new Uint32Array(0))).toHaveLength(0);
  });
});
