import { describe, expect, it } from 'vitest';
import type { SoftRule } from '../../src/domain/rule.ts';
import { softRulesColumn, softRulesOf } from '../../src/domain/soft-rules.ts';
import { makeTable } from '../support/table.ts';

const table = makeTable(1, [
  { id: 'a', vector: [1], facets: { genres: ['Drama', 'War'] } },
  { id: 'b', vector: [1], facets: { tags: ['Drama'] } },
  { id: 'c', vector: [1] },
]);
const drama: SoftRule = { kind: 'boost', facet: 'genres', values: ['Drama', 'War', 'Nope'], by: 0.25 };
const war: SoftRule = { kind: 'bury', facet: 'genres', values: ['War'], by: 0.5 };
const gone: SoftRule = { kind: 'boost', facet: 'gone', values: ['Drama'], by: 0.5 };

function column(...rules: SoftRule[]): number[] {
  return [...softRulesColumn(rules, table, Uint32Array.of(0, 1, 2))];
}

describe('soft rules', () => {
  it('are absent for all where there are none, and 0 where none applies', () => {
    expect(column()).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(column(gone)).toEqual([0, 0, 0]);
  });

  it('apply once each to documents with any of the values of that facet', () => {
    expect(column(drama)).toEqual([0.25, 0, 0]);
    expect(column(drama, war)).toEqual([-0.25, 0, 0]);
  });

  it('are clamped together, not one by one', () => {
    expect(column(drama, drama, drama)).toEqual([0.5, 0, 0]);
    expect(column(drama, drama, drama, war)).toEqual([0.25, 0, 0]);
    expect(column(war, war)).toEqual([-0.5, 0, 0]);
  });

  it('are named by their place, with what each adds', () => {
    expect(softRulesOf([gone, war, drama], table, 0)).toEqual([
      { index: 1, by: -0.5 },
      { index: 2, by: 0.25 },
    ]);
    expect(softRulesOf([gone, war, drama], table, 2)).toEqual([]);
  });
});
