import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fusedColumn } from '../../src/domain/fusion.ts';

const legArbitrary = fc.record({
  weight: fc.constantFrom(0, 0.5, 1, 3),
  ranked: fc.option(fc.uniqueArray(fc.nat(40), { maxLength: 30 })),
});

describe('reciprocal rank fusion', () => {
  it('matches hand-computed ranks', () => {
    const legs = [
      { weight: 1, ranked: ['a', 'b'] },
      { weight: 2, ranked: ['b', 'c', 'd'] },
    ];
    const fused = fusedColumn(['a', 'b', 'c', 'd', 'e'], legs, 60, 2);
    const scale = 61 / 3;
    const expected = [1 / 61, 1 / 62 + 2 / 61, 2 / 62, 0, 0].map((sum) => Math.fround(scale * sum));
    expect(Array.from(fused)).toEqual(expected);
  });

  it('gives 1 to a document that every leg ranks first, and lowers all alike for a leg without a list', () => {
    const both = [
      { weight: 2, ranked: [7, 8] },
      { weight: 2, ranked: [7, 8] },
    ];
    expect(fusedColumn([7], both, 60, 300)[0]).toBe(1);
    expect(fusedColumn([7], [both[0]!, { weight: 2, ranked: null }], 60, 300)[0]).toBe(0.5);
  });

  it('is absent without any list or weight', () => {
    const absent = [Number.NaN, Number.NaN];
    expect(Array.from(fusedColumn([1, 2], [{ weight: 1, ranked: null }], 60, 300))).toEqual(absent);
    expect(Array.from(fusedColumn([1, 2], [{ weight: 0, ranked: [1] }], 60, 300))).toEqual(absent);
  });

  it('counts a repeated entry once, at its best rank', () => {
    const repeated = fusedColumn([1, 2], [{ weight: 1, ranked: [1, 1, 2] }], 60, 300);
    expect(repeated[0]).toBe(1);
    expect(repeated[1]).toBe(Math.fround(61 / 63));
  });

  it('is within 0..1, never rises with a worse rank and does not depend on the other candidates', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(40), { maxLength: 40 }),
        fc.array(legArbitrary, { maxLength: 3 }),
        fc.integer({ min: 1, max: 40 }),
        (candidates, legs, depth) => {
          const fused = fusedColumn(candidates, legs, 60, depth);
          candidates.forEach((candidate, i) => {
            const value = fused[i]!;
            expect(fusedColumn([candidate], legs, 60, depth)[0]).toEqual(value);
            if (Number.isNaN(value)) return;
            expect(value).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(1);
            const later = legs.map((leg) => ({ ...leg, ranked: leg.ranked && [-1, ...leg.ranked] }));
            expect(fusedColumn([candidate], later, 60, depth)[0]).toBeLessThanOrEqual(value);
          });
        },
      ),
    );
  });
});
