import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dotAt, dotRows } from '../../src/domain/dot-rows.ts';
import { fromHalf, toHalf } from '../../src/domain/half-float.ts';
import { widen } from '../../src/domain/vector.ts';
import {
  copyVector,
  enlargeVectorRows,
  makeVectorRows,
  type VectorTier,
  vectorOf,
  vectorTiers,
  widenVector,
  writeVector,
} from '../../src/domain/vector-rows.ts';
import { Random } from '../support/random.ts';
import { oracleCosine } from '../support/score-oracle.ts';

const everyHalf = Array.from({ length: 0x1_0000 }, (_, bits) => bits);
const finite = (bits: number): boolean => (bits & 0x7c00) !== 0x7c00;
const halfMax = 65_504;

describe('binary16', () => {
  it('comes back from every bit pattern that is a finite number, infinities as the largest one', () => {
    for (const bits of everyHalf.filter(finite)) expect(toHalf(fromHalf(bits))).toBe(bits);
    expect([fromHalf(0x7c00), fromHalf(0xfc00)]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    expect(fromHalf(toHalf(Number.POSITIVE_INFINITY))).toBe(halfMax);
    expect(fromHalf(toHalf(-1e30))).toBe(-halfMax);
    expect(fromHalf(toHalf(65_519.99))).toBe(halfMax);
    expect(fromHalf(toHalf(Number.NaN))).toBeNaN();
    expect(Object.is(fromHalf(toHalf(-0)), -0)).toBe(true);
  });

  it('knows the numbers of the standard', () => {
    const known: [number, number][] = [
      [0x3c00, 1],
      [0xc000, -2],
      [0x7bff, halfMax],
      [0x0400, 2 ** -14],
      [0x03ff, 2 ** -14 - 2 ** -24],
      [0x0001, 2 ** -24],
      [0x3555, 0.333251953125],
    ];
    for (const [bits, value] of known) expect([fromHalf(bits), toHalf(value)]).toEqual([value, bits]);
  });

  it('is the nearest to a number, and of two the one that ends in 0', () => {
    const positive = everyHalf.filter((bits) => bits < 0x7c00).map(fromHalf);
    for (let bits = 0; bits + 1 < positive.length; bits++) {
      const [low, high] = [positive[bits]!, positive[bits + 1]!];
      const even = bits % 2 === 0 ? bits : bits + 1;
      const middle = (low + high) / 2;
      // The middle has 12 significant bits, so it is an f32; the f32s beside it are nearer to one side.
      expect(toHalf(middle)).toBe(even);
      expect(toHalf(Math.fround(middle * (1 - 2 ** -23)))).toBe(bits);
      expect(toHalf(Math.fround(middle * (1 + 2 ** -23)))).toBe(bits + 1);
      expect(toHalf(-middle)).toBe(even | 0x8000);
    }
  });
});

const vectors = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -4, max: 4 }), {
  minLength: 1,
  maxLength: 80,
});

/** How far a stored component may be from the number that was written. */
function errorBound(tier: VectorTier, scale: number): (value: number) => number {
  switch (tier) {
    case 'f32':
      return () => 0;
    case 'f16':
      // Below the normal numbers the step is 2^-24.
      return (value) => Math.abs(value) * 2 ** -11 + 2 ** -25;
    case 'int8':
      // A scale is rounded itself: by a 2^-24th part, or by 2^-150 where it is a subnormal f32; 127 times that at most.
      return () => scale * (0.5 + 127 * 2 ** -24) + 127 * 2 ** -150;
  }
}

describe('rows of vectors', () => {
  it('keep f32 as it is, f16 within 2^-11 of it, int8 within half a step of its scale', () => {
    fc.assert(
      fc.property(vectors, fc.nat(3), (numbers, row) => {
        const vector = Float32Array.from(numbers);
        const largest = Math.max(...vector.map(Math.abs));
        for (const tier of vectorTiers) {
          const rows = makeVectorRows(tier, vector.length, 4);
          writeVector(rows, row, vector);
          const stored = widenVector(rows, row);
          const most = errorBound(tier, rows.scales[row]!);
          for (const [i, value] of vector.entries())
            expect(Math.abs(stored[i]! - value)).toBeLessThanOrEqual(most(value));
          if (tier === 'int8') expect(rows.scales[row]).toBe(Math.fround(largest / 127));
          expect(Array.from(vectorOf(rows, row))).toEqual(Array.from(new Float32Array(stored)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('store the same again when what they stored is written', () => {
    fc.assert(
      fc.property(vectors, (numbers) => {
        for (const tier of ['f32', 'f16'] as const) {
          const rows = makeVectorRows(tier, numbers.length, 2);
          writeVector(rows, 0, Float32Array.from(numbers));
          writeVector(rows, 1, vectorOf(rows, 0));
          expect(Array.from(widenVector(rows, 1))).toEqual(Array.from(widenVector(rows, 0)));
        }
      }),
    );
  });

  it('hold zeros as zeros: scale 0', () => {
    for (const tier of vectorTiers) {
      const rows = makeVectorRows(tier, 5, 1);
      writeVector(rows, 0, Float32Array.of(1, 2, 3, 4, 5));
      writeVector(rows, 0, new Float32Array(5));
      expect(Array.from(widenVector(rows, 0))).toEqual([0, 0, 0, 0, 0]);
      expect(dotAt(rows, 0, new Float64Array(5).fill(1))).toBe(0);
    }
  });

  it('begin at multiples of 64 bytes, keep their bits when there is room for more, and stand alone', () => {
    const random = new Random('rows');
    for (const tier of vectorTiers) {
      for (const dimension of [1, 15, 16, 17, 33, 64, 65, 512, 513]) {
        const rows = makeVectorRows(tier, dimension, 3);
        expect((rows.stride * rows.values.BYTES_PER_ELEMENT) % 64).toBe(0);
        const written = [0, 1, 2].map((row) => {
          writeVector(rows, row, random.unitVector(dimension));
          return Array.from(widenVector(rows, row));
        });
        const larger = enlargeVectorRows(rows, 5);
        copyVector(rows, 1, larger, 4);
        expect([0, 1, 2, 4].map((row) => Array.from(widenVector(larger, row)))).toEqual([
          ...written,
          written[1],
        ]);
        expect(Array.from(widenVector(larger, 3))).toEqual(new Array(dimension).fill(0));
      }
    }
  });

  it('refuse what has another dimension or no room', () => {
    const rows = makeVectorRows('f16', 4, 2);
    expect(() => writeVector(rows, 0, new Float32Array(3))).toThrow('a vector of 3 numbers');
    expect(() => writeVector(rows, 2, new Float32Array(4))).toThrow('no room for row 2');
  });

  it('have the dot products of the definition, bit for bit, for any number of rows at a time', () => {
    const random = new Random('tier dots');
    for (const tier of vectorTiers) {
      for (let dimension = 1; dimension <= 70; dimension++) {
        const rows = makeVectorRows(tier, dimension, 9);
        for (let row = 0; row < 9; row++) writeVector(rows, row, random.unitVector(dimension));
        const query = random.unitVector(dimension);
        const indices = Uint32Array.from({ length: 11 }, () => random.integer(9));
        const out = new Float64Array(11);
        for (const count of [0, 1, 3, 4, 5, 11]) {
          out.fill(7);
          dotRows(rows, indices, count, widen(query), out);
          const table = { vectors: rows, dimension };
          expect(Array.from(out)).toEqual(
            Array.from(indices, (row, i) => (i < count ? oracleCosine(table, row, query) : 7)),
          );
        }
      }
    }
  });
});
