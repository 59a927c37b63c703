import { describe, expect, it } from 'vitest';
import { comparePaired } from '../../src/domain/paired-test.ts';
import { seededRandom } from '../../src/std/seeded-random.ts';
import { Random } from '../support/random.ts';

const never = (): number => {
  throw new Error('no randomness is needed');
};

describe('the paired randomisation test', () => {
  it('tries all patterns of few queries: of 2^4 only two are as far from 0', () => {
    const { pValue, difference, wins, ties, losses } = comparePaired(
      [0.1, 0.2, 0.3, 0.4, 0.5],
      [0.2, 0.4, 0.6, 0.8, 0.5],
      never,
    );
    expect(pValue).toBe(2 / 16);
    expect(difference).toBeCloseTo(0.2, 12);
    expect([wins, ties, losses]).toEqual([4, 1, 0]);
  });

  it('gives 1 where nothing differs, and where there is no query', () => {
    expect(comparePaired([0.5, 0], [0.5, 0], never)).toMatchObject({ pValue: 1, difference: 0, ties: 2 });
    expect(comparePaired([], [], never)).toMatchObject({ pValue: 1, difference: 0, queries: 0 });
  });

  it('refuses lists of different lengths', () => {
    expect(() => comparePaired([1], [1, 2], never)).toThrow(RangeError);
  });

  it('is near the exact value where it samples, equal for equal seeds, and the same in both directions', () => {
    // 13 equal differences: only the two patterns with all signs alike are as far.
    const a = new Array<number>(13).fill(0.2);
    const b = new Array<number>(13).fill(0.3);
    const p = (seed: number) => comparePaired(a, b, seededRandom(seed)).pValue;
    expect(p(7)).toBe(p(7));
    expect(p(7)).toBeLessThan(0.005);
    const random = new Random('paired-test');
    const left = Array.from({ length: 40 }, () => random.next());
    const right = Array.from({ length: 40 }, () => random.next());
    const forth = comparePaired(left, right, seededRandom(1));
    const back = comparePaired(right, left, seededRandom(1));
    expect(back.pValue).toBe(forth.pValue);
    expect(back.difference).toBeCloseTo(-forth.difference, 12);
    expect([back.wins, back.losses]).toEqual([forth.losses, forth.wins]);
  });

  it('keeps what it promises: two systems that are the same are told apart in about 5 of 100 cases at p < 0.05', () => {
    const random = new Random('paired-null');
    let found = 0;
    for (let trial = 0; trial < 400; trial++) {
      const left = Array.from({ length: 20 }, () => random.next());
      const right = Array.from({ length: 20 }, () => random.next());
      if (comparePaired(left, right, () => random.next(), 400).pValue < 0.05) found += 1;
    }
    // 20 expected; a count beyond these has a chance below one in 100 million.
    expect(found).toBeGreaterThan(0);
    expect(found).toBeLessThan(50);
  });
});
