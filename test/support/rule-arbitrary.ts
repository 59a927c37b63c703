import fc from 'fast-check';
import type { WireRule } from '../../src/wire/rule.ts';

/** Rules as the wire writes them, right for the schema of fake-triptych. */

const value = fc.constantFrom('Comedy', 'Drama', 'Cafe\u0301', 'Caf\u00e9', 'war');
const values = fc.array(value, { minLength: 1, maxLength: 4 });
const facet = fc.constantFrom('genres', 'tags');
const id = fc.constantFrom('a', 'b/c', '\u{1F600}', '7');
const ids = fc.array(id, { minLength: 1, maxLength: 4 });
const missing = fc.option(fc.constantFrom('keep' as const, 'drop' as const), { nil: undefined });
const within = fc.integer({ min: 1, max: 100 });
const by = fc.constantFrom(0.01, 0.25, 0.5);
const date = fc.constantFrom(
  '1990-01-01',
  '2000-02-29T12:30:00Z',
  '1999-12-31T23:59:59.5+02:00',
  '0000-01-01',
);
const number = fc.constantFrom(0, -1.5, 1990, 1e300);

function bounds<T>(bound: fc.Arbitrary<T>) {
  return fc
    .record({ gte: bound, gt: bound, lte: bound, lt: bound }, { requiredKeys: [] })
    .filter((given) => Object.keys(given).length > 0);
}

const range = fc.oneof(
  fc.record({ bounds: bounds(date), field: fc.constant('released'), missing }),
  fc.record({ bounds: bounds(number), field: fc.constant('year'), missing }),
);

const wireRule = fc.oneof(
  fc.record({ kind: fc.constant('exclude'), facet, values }),
  fc.record({ kind: fc.constant('require'), facet, any: values, missing }),
  fc.record({ kind: fc.constant('require'), facet, all: values, missing }),
  range.map(({ bounds: given, ...rest }) => ({ kind: 'range', ...rest, ...given })),
  fc.record({ kind: fc.constantFrom('idsOnly', 'idsExclude'), ids }),
  fc.constant({ kind: 'hideSeen' }),
  fc.record({
    kind: fc.constant('maxRating'),
    field: fc.constant('mpaa'),
    value: fc.constantFrom('G', 'PG', 'R'),
    missing,
  }),
  fc.record({
    kind: fc.constant('freshness'),
    field: fc.constant('released'),
    max_age_days: fc.constantFrom(0.5, 30, 3_650),
    missing,
  }),
  fc.record({ kind: fc.constantFrom('boost', 'bury'), facet, values, by }),
  fc.record({ kind: fc.constant('quota'), facet, max: fc.integer({ min: 1, max: 9 }), within }),
  fc.record({ kind: fc.constant('minShare'), facet, value, share: fc.constantFrom(0, 0.2, 1), within }),
  fc.record({ kind: fc.constant('spacing'), facet, gap: fc.integer({ min: 1, max: 50 }) }),
);

const pins = fc
  .uniqueArray(fc.record({ id, rank: within }), { selector: (pin) => pin.id, maxLength: 3 })
  .filter((list) => new Set(list.map(({ rank }) => rank)).size === list.length)
  .map((list) => list.map((pin) => ({ kind: 'pin', ...pin })));

/** What a client may send: members that have a default may be absent, values not in NFC or there twice. */
export const wireRulesArbitrary: fc.Arbitrary<WireRule[]> = fc
  .tuple(fc.array(wireRule, { maxLength: 6 }), pins)
  .map((parts) => JSON.parse(JSON.stringify(parts.flat())) as WireRule[]);
