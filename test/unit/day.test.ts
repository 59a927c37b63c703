import { describe, expect, it } from 'vitest';
import { dayMs, dayOrTime } from '../../src/std/day.ts';

describe('dayOrTime', () => {
  it.each([
    [0, '1970-01-01'],
    [dayMs, '1970-01-02'],
    [-dayMs, '1969-12-31'],
    [Date.parse('2000-02-29'), '2000-02-29'],
    [1, '1970-01-01T00:00:00.001Z'],
    [-1, '1969-12-31T23:59:59.999Z'],
    [Date.parse('-000044-03-15'), '-000044-03-15'],
    [Date.parse('1998-06-12T20:15:00+02:00'), '1998-06-12T18:15:00.000Z'],
    [0.5, '1970-01-01'],
  ])('of %d is %s, and reads back', (ms, text) => {
    expect(dayOrTime(ms)).toBe(text);
    expect(Date.parse(text)).toBe(Math.trunc(ms));
  });

  it('refuses what is no time', () => {
    expect(() => dayOrTime(Number.NaN)).toThrow(RangeError);
  });
});
