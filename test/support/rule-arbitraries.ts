import fc from 'fast-check';
import type { HardRule, SoftRule } from '../../src/domain/rule.ts';
import { idArbitrary } from './arbitraries.ts';

export const dayMs = 86_400_000;
/** Between two dates of the generated documents, and at the last one to the millisecond. */
export const nowArbitrary = fc.constantFrom(Date.parse('2000-01-02'), Date.parse('2010-06-15T12:00:00Z'));

const missing = fc.constantFrom('drop' as const, 'keep' as const);

/** Facets of the test schema with values that its documents have or lack, and a facet that it does not have. */
const facetValues = fc.oneof(
  facetWith('genres', ['Comedy', 'Drama', 'Horror', 'Nope']),
  facetWith('tags', ['war', 'robot', 'space', 'love']),
  facetWith('directors', ['A', 'B', 'Z']),
  facetWith('gone', ['x']),
);

function facetWith(facet: string, pool: readonly string[]) {
  const values = fc.uniqueArray(fc.constantFrom(...pool), { minLength: 1, maxLength: 3 });
  return fc.record({ facet: fc.constant(facet), values });
}

const year = fc.constantFrom(1950, 1980, 1990, 1995, 2010);
const date = fc
  .constantFrom('1950-01-01', '1999-12-31', '2000-01-01', '2010-06-15T12:00:00Z')
  .map(Date.parse);

function range(field: string, bound: fc.Arbitrary<number>): fc.Arbitrary<HardRule> {
  return fc
    .record({ gte: bound, gt: bound, lte: bound, lt: bound, missing }, { requiredKeys: ['missing'] })
    .map((rest) => ({ kind: 'range', field, ...rest }));
}

const ids = fc.array(idArbitrary, { maxLength: 6 });

/** Every kind of hard rule, with fields that are missing, of another type, without a scale or unranked. */
export const hardRuleArbitrary: fc.Arbitrary<HardRule> = fc.oneof(
  facetValues.map((rest): HardRule => ({ kind: 'exclude', ...rest })),
  fc
    .tuple(facetValues, fc.constantFrom('any' as const, 'all' as const), missing)
    .map(([rest, match, keep]): HardRule => ({ kind: 'require', match, missing: keep, ...rest })),
  range('year', year),
  range('released', date),
  range('mpaa', year),
  range('gone', year),
  ids.map((some): HardRule => ({ kind: 'idsOnly', ids: some })),
  ids.map((some): HardRule => ({ kind: 'idsExclude', ids: some })),
  fc.constant<HardRule>({ kind: 'hideSeen' }),
  fc.record({
    kind: fc.constant('maxRating' as const),
    field: fc.constantFrom('mpaa', 'mpaa', 'mpaa', 'language', 'year', 'gone'),
    value: fc.constantFrom('G', 'PG', 'PG-13', 'R', 'Unrated', 'en'),
    missing,
  }),
  fc.record({
    kind: fc.constant('freshness' as const),
    field: fc.constantFrom('released', 'released', 'released', 'year', 'gone'),
    maxAgeDays: fc.constantFrom(1, 2, 3830, 40_000),
    missing,
  }),
);

export const softRuleArbitrary: fc.Arbitrary<SoftRule> = fc
  .tuple(
    fc.constantFrom('boost' as const, 'bury' as const),
    facetValues,
    fc.constantFrom(0.5, 0.3, 0.1, 0.017),
  )
  .map(([kind, rest, by]) => ({ kind, by, ...rest }));
