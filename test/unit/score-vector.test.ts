import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decay } from '../../src/domain/decay.ts';
import { dotRows } from '../../src/domain/dot-rows.ts';
import { dot, dotRow, norm, unitMean, unitVector, widen } from '../../src/domain/vector.ts';
import { makeVectorRows, vectorOf, writeVector } from '../../src/domain/vector-rows.ts';
import { Random } from '../support/random.ts';

const floats = fc.float({ noNaN: true, noDefaultInfinity: true, min: -2, max: 2 });

describe('dot products', () => {
  it('are right for every length, at any offset, and symmetric to the bit', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(floats, floats), { maxLength: 70 }), fc.nat(9), (pairs, offset) => {
        const x = Float32Array.from(pairs, ([a]) => a);
        const y = Float32Array.from(pairs, ([, b]) => b);
        const plain = pairs.reduce((sum, [a, b]) => sum + a * b, 0);
        const rows = new Float32Array(offset + x.length + 3).fill(Number.NaN);
        rows.set(x, offset);
        const got = dotRow(rows, offset, widen(y, new Float64Array(100).fill(7)), x.length);
        expect(Math.abs(got - plain)).toBeLessThanOrEqual(1e-12);
        expect(dot(x, y)).toBe(got);
        expect(dot(y, x)).toBe(got);
      }),
    );
  });

  it('of many rows are the same bits as of one', () => {
    const random = new Random('many rows');
    for (let dimension = 1; dimension <= 70; dimension++) {
      const rows = makeVectorRows('f32', dimension, 9);
      for (let row = 0; row < 9; row++)
        writeVector(
          rows,
          row,
          Float32Array.from({ length: dimension }, () => random.gauss()),
        );
      const vector = Float64Array.from({ length: dimension }, () => Math.fround(random.gauss()));
      const indices = Uint32Array.from({ length: 11 }, () => random.integer(9));
      for (const count of [0, 1, 3, 4, 5, 8, 11]) {
        const out = new Float64Array(11);
        dotRows(rows, indices, count, vector, out);
        const expected = Array.from(indices, (row, i) =>
          i < count ? dotRow(vectorOf(rows, row), 0, vector, dimension) : 0,
        );
        expect(Array.from(out)).toEqual(expected);
      }
    }
  });

  it('add term i to sum i mod 8 and fold in halves', () => {
    // 2^60 swallows a 1 in its own sum and cancels in the fold, where the order shows.
    const big = 2 ** 60;
    const x = Float32Array.of(big, 1, 0, 0, -big, 0, 0, 0, 1, 0, 0, 0, 1);
    // Sum 0 = big + 1 = big, sum 4 = -big + 1 = -big, sum 1 = 1.
    expect(dot(x, new Float32Array(13).fill(1))).toBe(1);
  });

  it('give lengths', () => {
    expect(norm(Float32Array.of(3, 4))).toBe(5);
    expect(norm(new Float32Array(0))).toBe(0);
    expect(norm(Float32Array.of(1, Number.NaN))).toBeNaN();
  });
});

describe('unit vectors', () => {
  it('of a mean', () => {
    const mean = unitMean([Float32Array.of(1, 0), Float32Array.of(0, 1)])!;
    expect(mean[0]).toBeCloseTo(Math.SQRT1_2, 7);
    expect(mean[1]).toBe(mean[0]);
    expect(norm(mean)).toBeCloseTo(1, 7);
  });

  it('do not exist where there is no direction', () => {
    expect(unitMean([])).toBeNull();
    expect(unitMean([Float32Array.of(1, 0), Float32Array.of(-1, 0)])).toBeNull();
    expect(unitMean([Float32Array.of(Number.NaN, 1)])).toBeNull();
    expect(unitVector([0, 0])).toBeNull();
  });
});

describe('decay', () => {
  it('is 2^(-age / halfLife) within a few units in the last place, and never rises', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1100, noNaN: true }), (times) => {
        const left = decay(times, 1);
        expect(Math.abs(left - 2 ** -times)).toBeLessThanOrEqual(1e-15 * 2 ** -times + Number.MIN_VALUE);
        expect(decay(times + 1e-3, 1)).toBeLessThanOrEqual(left);
      }),
    );
  });

  it('is exact at whole half-lives and has fixed ends', () => {
    for (let n = 0; n < 1075; n++) expect(decay(n * 3, 3)).toBe(2 ** -n);
    expect(decay(-5, 1)).toBe(1);
    expect(decay(Number.NEGATIVE_INFINITY, 1)).toBe(1);
    expect(decay(Number.POSITIVE_INFINITY, 1)).toBe(0);
    expect(decay(Number.NaN, 1)).toBeNaN();
  });
});
