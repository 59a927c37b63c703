import { describe, expect, it } from 'vitest';
import { type CollectionLayout, layoutOf } from '../../src/adapters/milvus/collection-layout.ts';
import { filterOf } from '../../src/adapters/milvus/filter.ts';
import { rowKey } from '../../src/adapters/milvus/names.ts';
import { numberLiteral, textLiteral } from '../../src/adapters/milvus/text-literal.ts';
import { everything, nothing, type Predicate } from '../../src/domain/predicate.ts';
import { limits } from '../../src/limits.ts';
import { testSchema } from '../support/arbitraries.ts';
import { hostileTexts } from '../support/hostile-texts.ts';

const layout = layoutOf(testSchema);
const own = 'tenant == "t"';
const pushed = (predicate: Predicate | null, of: CollectionLayout = layout) => filterOf(of, 't', predicate);
/** The expression of a predicate behind the tenant's. */
const expression = (predicate: Predicate) => {
  const { expression: text, inexact } = pushed(predicate);
  expect(inexact).toBeNull();
  return text === null ? null : text === own ? '' : text.slice(own.length + ' and '.length);
};
const genres = (match: 'any' | 'all', ...values: string[]): Predicate => ({
  kind: 'facet',
  facet: 'genres',
  match,
  values,
});

describe('a filter for Milvus', () => {
  it('names the tenant always', () => {
    expect(pushed(null)).toEqual({ expression: own, inexact: null });
    expect(filterOf(layout, 'a"b', null).expression).toBe('tenant == "a\\"b"');
    expect(() => filterOf(layout, 'a\nb', null)).toThrow(RangeError);
  });

  it('writes every kind of test', () => {
    expect(expression(genres('any', 'Drama'))).toBe('(array_contains(f0, "Drama"))');
    expect(expression(genres('any', 'Drama', 'Comedy', 'Drama'))).toBe(
      '(array_contains_any(f0, ["Drama","Comedy"]))',
    );
    expect(expression(genres('all', 'Drama', 'Comedy'))).toBe('(array_contains_all(f0, ["Drama","Comedy"]))');
    expect(expression({ kind: 'range', field: 'year', gte: 1990, lt: 2000.5 })).toBe(
      '((h0 == true) and (v0 >= 1990.0) and (v0 < 2000.5))',
    );
    expect(expression({ kind: 'range', field: 'released', gt: 1e21, lte: -1e-7 })).toBe(
      '((h2 == true) and (v2 > 1e+21) and (v2 <= -1e-7))',
    );
    expect(expression({ kind: 'in', field: 'mpaa', values: ['G', 'PG'] })).toBe(
      '(h3 == true and v3 in ["G","PG"])',
    );
    expect(expression({ kind: 'in', field: 'colour', values: [true] })).toBe('(h5 == true and v5 == true)');
    expect(expression({ kind: 'in', field: 'colour', values: [true, false] })).toBe('(h5 == true)');
    expect(expression({ kind: 'in', field: 'released', values: ['2000-01-01', 'no date'] })).toBe(
      '(h2 == true and v2 == 946684800000.0)',
    );
    expect(expression({ kind: 'ids', ids: ['a"', 'a"'] })).toBe(`(pk in ["${rowKey('t', 'a"')}"])`);
    expect(expression({ kind: 'hasFacet', facet: 'tags' })).toBe('(array_length(f2) != 0)');
    expect(expression({ kind: 'hasField', field: 'votes' })).toBe('(h1 == true)');
    expect(expression({ kind: 'not', of: genres('any', 'Drama') })).toBe(
      '(not (array_contains(f0, "Drama")))',
    );
    expect(expression({ kind: 'or', of: [genres('any', 'A'), genres('any', 'B')] })).toBe(
      '((array_contains(f0, "A")) or (array_contains(f0, "B")))',
    );
  });

  it('decides what no document can change', () => {
    const decided: readonly (readonly [Predicate, '' | null])[] = [
      [everything, ''],
      [nothing, null],
      [{ kind: 'not', of: nothing }, ''],
      [genres('any'), null],
      [genres('all'), ''],
      [{ kind: 'ids', ids: [] }, null],
      [{ kind: 'facet', facet: 'nobody has', match: 'any', values: ['x'] }, null],
      [{ kind: 'not', of: { kind: 'hasField', field: 'nobody has' } }, ''],
      [{ kind: 'range', field: 'language', gte: 1 }, null],
      [{ kind: 'range', field: 'year', gte: Number.POSITIVE_INFINITY }, null],
      [{ kind: 'in', field: 'year', values: ['1990', true, Number.NaN] }, null],
      [{ kind: 'or', of: [nothing, everything, genres('any', 'x')] }, ''],
      [{ kind: 'and', of: [genres('any', 'x'), nothing] }, null],
    ];
    for (const [predicate, wanted] of decided) expect(expression(predicate)).toBe(wanted);
    expect(expression({ kind: 'range', field: 'year', gte: Number.NEGATIVE_INFINITY, lt: Number.NaN })).toBe(
      '((h0 == true))',
    );
  });

  it('leaves out what it cannot say and keeps the rest of a conjunction', () => {
    const dirty = genres('any', 'line\nbreak');
    const clean = genres('any', 'Drama');
    const reason = 'a value has control characters';
    expect(pushed(dirty)).toEqual({ expression: own, inexact: reason });
    expect(pushed({ kind: 'and', of: [dirty, { kind: 'and', of: [clean] }] })).toEqual({
      expression: `${own} and (array_contains(f0, "Drama"))`,
      inexact: reason,
    });
    // Of a disjunction or a negation nothing may be kept: others would be lost.
    for (const predicate of [
      { kind: 'or', of: [dirty, clean] },
      { kind: 'not', of: { kind: 'or', of: [dirty, clean] } },
    ] as const)
      expect(pushed(predicate)).toEqual({ expression: own, inexact: reason });
  });

  it('is bounded in values and bytes', () => {
    const ids = (count: number): Predicate => ({
      kind: 'not',
      of: { kind: 'ids', ids: Array.from({ length: count }, (_, i) => `id ${i}`) },
    });
    expect(pushed(ids(limits.milvusFilterValuesMax)).inexact).toBeNull();
    expect(pushed(ids(limits.milvusFilterValuesMax + 1))).toEqual({
      expression: own,
      inexact: 'the filter is too long',
    });
    const long = Array.from({ length: 900 }, (_, i) => `${'é'.repeat(200)}${i}`);
    expect(pushed(genres('any', ...long)).inexact).toBe('the filter is too long');
    const both = pushed({ kind: 'and', of: [ids(2_000), genres('any', 'Drama')] });
    expect(both.expression).toBe(`${own} and (array_contains(f0, "Drama"))`);
  });

  it('does not push what found no place in the collection', () => {
    const facets = Array.from({ length: 64 }, (_, i) => `facet-${i}`);
    const small = layoutOf({ ...testSchema, facets });
    expect(small.leftOut.has('facet facet-63')).toBe(true);
    expect(small.leftOut.has('field year')).toBe(true);
    const of = (facet: string): Predicate => ({ kind: 'facet', facet, match: 'any', values: ['x'] });
    expect(pushed(of('facet-58'), small).expression).toBe(`${own} and (array_contains(f58, "x"))`);
    expect(pushed(of('facet-63'), small)).toEqual({
      expression: own,
      inexact: 'facet facet-63 is not kept in Milvus',
    });
    expect(pushed({ kind: 'not', of: of('facet-63') }, small).expression).toBe(own);
  });
});

describe('literals', () => {
  it('are one string token whatever the text says', () => {
    for (const text of hostileTexts()) {
      const literal = textLiteral(text)!;
      expect(literal).toMatch(/^"(?:[^"\\]|\\["\\])*"$/);
      expect(JSON.parse(literal)).toBe(text);
    }
  });

  it('refuse control characters and lone surrogates', () => {
    const controls = [...Array(32).keys(), ...Array.from({ length: 33 }, (_, i) => 0x7f + i)];
    for (const unit of controls) expect(textLiteral(`a${String.fromCharCode(unit)}b`)).toBeNull();
    for (const lone of ['\ud800', 'x\udc00y', '\udc00\ud800']) expect(textLiteral(lone)).toBeNull();
    expect(textLiteral('\u{1F600}')).toBe('"\u{1F600}"');
  });

  it('write whole numbers as floating-point ones', () => {
    const cases = [0, -0, 1, -12, 1.5, 1e20, 1e21, -1e-7, 5e-324, Number.MAX_VALUE];
    for (const value of cases) {
      expect(numberLiteral(value)).toMatch(/^-?\d+(\.\d+)?(e[+-]\d+)?$/);
      expect(numberLiteral(value)).toMatch(/[.e]/);
      expect(Number(numberLiteral(value))).toBe(value === 0 ? 0 : value);
    }
  });
});
