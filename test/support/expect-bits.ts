import { expect } from 'vitest';
import type { RankedRows } from '../../src/domain/rescore.ts';

/** Equal numbers, bit for bit: 0 is not -0; NaN is NaN, whichever. Says where the first difference is. */
export function expectBits(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i]))
      expect([actual[i], `${what}[${i}]`]).toEqual([expected[i], `${what}[${i}]`]);
  }
}

export function expectSameRanked(actual: RankedRows, expected: RankedRows): void {
  expect(actual.count).toBe(expected.count);
  for (const name of ['positions', 'scores', 'signals', 'contributions'] as const)
    expectBits(actual[name], expected[name], name);
}
