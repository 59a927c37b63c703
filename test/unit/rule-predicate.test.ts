import { describe, expect, it } from 'vitest';
import { compileMask } from '../../src/domain/mask-compiler.ts';
import { maskRows } from '../../src/domain/mask-program.ts';
import { matches, type Predicate } from '../../src/domain/predicate.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import type { HardRule } from '../../src/domain/rule.ts';
import { rulePredicate } from '../../src/domain/rule-predicate.ts';
import { valueFor } from '../../src/domain/rule-value.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { testSchema, unit } from '../support/arbitraries.ts';
import { dayMs } from '../support/rule-arbitraries.ts';

const nowMs = Date.parse('2010-06-15T12:00:00Z');

const films = {
  old: { facets: { genres: ['Drama', 'Horror'] }, fields: { mpaa: 'R', year: 1950, released: '1950-01-01' } },
  kids: { facets: { genres: ['Comedy'] }, fields: { mpaa: 'PG', year: 2010, released: '2010-06-15' } },
  odd: { facets: { genres: [] }, fields: { mpaa: 'Unrated', released: '2999-01-01' } },
  bare: { facets: {}, fields: {} },
};

function tableOf(documents: Record<string, { facets: object; fields: object }>): TableSnapshot {
  const table = new ResidentTable(testSchema, 1);
  table.apply(
    Object.entries(documents).map(([id, rest]) => ({
      kind: 'put',
      document: {
        id,
        version: 1,
        title: '',
        text: '',
        relations: [],
        embedding: unit([1, 0, 0, 0, 0, 0, 0, 0]),
        ...(rest as { facets: Record<string, string[]>; fields: Record<string, string | number> }),
      },
    })),
  );
  return table.publish();
}

const table = tableOf(films);

function passing(predicate: Predicate): string[] {
  const { mask } = maskRows(compileMask([predicate], table), table);
  return Object.keys(films).filter((id) => mask[table.rowOf(id)] === 1);
}

function kept(rule: HardRule, seen: readonly string[] | null = null): string[] {
  return passing(rulePredicate(rule, testSchema, { nowMs, seen })!.predicate);
}

describe('hard rules', () => {
  it('exclude and require', () => {
    const genres = { facet: 'genres', values: ['Horror', 'Drama'] } as const;
    expect(kept({ kind: 'exclude', ...genres })).toEqual(['kids', 'odd', 'bare']);
    expect(kept({ kind: 'require', match: 'all', missing: 'drop', ...genres })).toEqual(['old']);
    // An empty list of values is a missing facet.
    expect(kept({ kind: 'require', match: 'any', missing: 'keep', ...genres })).toEqual([
      'old',
      'odd',
      'bare',
    ]);
  });

  it('maxRating keeps the scale up to the value; what is not on the scale is missing', () => {
    const rule = { kind: 'maxRating', field: 'mpaa', missing: 'drop' } as const;
    expect(kept({ ...rule, value: 'PG' })).toEqual(['kids']);
    expect(kept({ ...rule, value: 'G' })).toEqual([]);
    expect(kept({ ...rule, value: 'R' })).toEqual(['old', 'kids']);
    expect(kept({ ...rule, value: 'G', missing: 'keep' })).toEqual(['odd', 'bare']);
    expect(kept({ ...rule, value: 'R', missing: 'keep' })).toEqual(['old', 'kids', 'odd', 'bare']);
  });

  it('freshness counts from the frozen now, to the millisecond; the future is fresh', () => {
    const rule = { kind: 'freshness', field: 'released', missing: 'drop' } as const;
    expect(kept({ ...rule, maxAgeDays: 0.5 })).toEqual(['kids', 'odd']);
    expect(kept({ ...rule, maxAgeDays: 0.5 - 1 / dayMs })).toEqual(['odd']);
    expect(kept({ ...rule, maxAgeDays: 0.5, missing: 'keep' })).toEqual(['kids', 'odd', 'bare']);
  });

  it('range takes the field as it is, with and without the missing', () => {
    const rule = { kind: 'range', field: 'year', gte: 1950, lt: 2010, missing: 'drop' } as const;
    expect(kept(rule)).toEqual(['old']);
    expect(kept({ ...rule, missing: 'keep' })).toEqual(['old', 'odd', 'bare']);
  });

  it('ids, and what was seen', () => {
    expect(kept({ kind: 'idsOnly', ids: ['kids', 'unknown'] })).toEqual(['kids']);
    expect(kept({ kind: 'idsOnly', ids: [] })).toEqual([]);
    expect(kept({ kind: 'idsExclude', ids: ['kids', 'unknown'] })).toEqual(['old', 'odd', 'bare']);
    expect(kept({ kind: 'hideSeen' }, ['old', 'gone'])).toEqual(['kids', 'odd', 'bare']);
    expect(kept({ kind: 'hideSeen' }, [])).toHaveLength(4);
    expect(rulePredicate({ kind: 'hideSeen' }, testSchema, { nowMs, seen: null })).toBeNull();
  });

  it('over what the schema does not have drop all, or nothing where they keep the missing', () => {
    const lacking: HardRule[] = [
      { kind: 'require', facet: 'gone', match: 'any', values: ['x'], missing: 'drop' },
      { kind: 'range', field: 'gone', gte: 1, missing: 'drop' },
      { kind: 'range', field: 'mpaa', gte: 1, missing: 'drop' },
      { kind: 'range', field: 'colour', gte: 1, missing: 'drop' },
      { kind: 'range', field: 'toString', gte: 1, missing: 'drop' },
      { kind: 'freshness', field: 'year', maxAgeDays: 1, missing: 'drop' },
      { kind: 'maxRating', field: 'language', value: 'en', missing: 'drop' },
      { kind: 'maxRating', field: 'year', value: 'PG', missing: 'drop' },
      { kind: 'maxRating', field: 'mpaa', value: 'X', missing: 'drop' },
    ];
    for (const rule of lacking) {
      const name = 'facet' in rule ? rule.facet : 'field' in rule ? rule.field : null;
      expect(rulePredicate(rule, testSchema, { nowMs, seen: null })!.unknown).toBe(name);
      expect(kept(rule)).toEqual([]);
      expect(kept({ ...rule, missing: 'keep' } as HardRule)).toHaveLength(4);
    }
    const exclude: HardRule = { kind: 'exclude', facet: 'gone', values: ['x'] };
    expect(kept(exclude)).toHaveLength(4);
    expect(rulePredicate(exclude, testSchema, { nowMs, seen: null })!.unknown).toBe('gone');
  });

  it('show the value that they look at', () => {
    const look = (rule: HardRule, id: string) => valueFor(rule, table, table.rowOf(id));
    const rating: HardRule = { kind: 'maxRating', field: 'mpaa', value: 'G', missing: 'drop' };
    const fresh: HardRule = { kind: 'freshness', field: 'released', maxAgeDays: 1, missing: 'drop' };
    const genres: HardRule = { kind: 'exclude', facet: 'genres', values: ['Horror'] };
    expect(look(rating, 'odd')).toBe('Unrated');
    expect(look(rating, 'bare')).toBeNull();
    expect(look(fresh, 'odd')).toBe('2999-01-01');
    expect(look(genres, 'old')).toEqual(['Drama', 'Horror']);
    expect(look(genres, 'odd')).toBeNull();
    expect(look({ kind: 'hideSeen' }, 'old')).toBe('old');
  });
});

describe('tests of what is there', () => {
  it('hold for every type of field and for facets with values', () => {
    const document = { title: '', text: '', relations: [], id: 'x', facets: { tags: [] } };
    const has = (field: string, fields: Record<string, string | number | boolean>): boolean =>
      matches(testSchema, { ...document, fields }, { kind: 'hasField', field });
    expect(has('colour', { colour: false })).toBe(true);
    expect(has('mpaa', { mpaa: '' })).toBe(true);
    expect(has('year', { year: 0 })).toBe(true);
    expect(has('released', { released: 'never' })).toBe(false);
    expect(has('year', {})).toBe(false);
    expect(passing({ kind: 'hasField', field: 'mpaa' })).toEqual(['old', 'kids', 'odd']);
    expect(passing({ kind: 'hasFacet', facet: 'genres' })).toEqual(['old', 'kids']);
    expect(passing({ kind: 'hasFacet', facet: 'tags' })).toEqual([]);
  });
});

describe('programs of any size', () => {
  const inside: Predicate = { kind: 'ids', ids: ['old'] };

  it('20,000 ids, and one rule that is made of thousands', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `unknown ${i}`);
    expect(passing({ kind: 'ids', ids: [...many, 'odd', 'old', 'odd'] })).toEqual(['old', 'odd']);
    const rules = (last: Predicate): Predicate => ({
      kind: 'and',
      of: [...Array.from({ length: 5_000 }, (): Predicate => ({ kind: 'not', of: inside })), last],
    });
    expect(passing(rules({ kind: 'hasField', field: 'year' }))).toEqual(['kids']);
    expect(
      passing({ kind: 'or', of: [...Array(5_000).fill(inside), { kind: 'ids', ids: ['odd'] }] }),
    ).toEqual(['old', 'odd']);
  });

  it('values beyond one word of the bit set, and values that only another facet has', () => {
    const wide = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [
        `d${i}`,
        { facets: { [i % 3 === 0 ? 'tags' : 'genres']: [`v${i}`] }, fields: {} },
      ]),
    );
    const snapshot = tableOf(wide);
    const { mask } = maskRows(compileMask([{ kind: 'hasFacet', facet: 'tags' }], snapshot), snapshot);
    for (let i = 0; i < 100; i++) expect(mask[snapshot.rowOf(`d${i}`)]).toBe(i % 3 === 0 ? 1 : 0);
  });

  it('nested as deep as an evaluation has room, and refused beyond', () => {
    const nested = (levels: number): Predicate => {
      let predicate: Predicate = inside;
      const shallow = Array<Predicate>(63).fill(inside);
      // Every level leaves as many operands on the stack as one connective may.
      for (let i = 0; i < levels; i++) predicate = { kind: 'or', of: [...shallow, predicate] };
      return predicate;
    };
    expect(passing({ kind: 'not', of: nested(15) })).toEqual(['kids', 'odd', 'bare']);
    expect(() => compileMask([nested(17)], table)).toThrow(RangeError);
  });

  it('count for each rule the live documents that it drops first', () => {
    const rules: Predicate[] = [
      { kind: 'hasFacet', facet: 'genres' },
      { kind: 'and', of: [] },
      { kind: 'not', of: inside },
    ];
    const { mask, passing: left, dropped } = maskRows(compileMask(rules, table), table);
    expect([...dropped]).toEqual([2, 0, 1]);
    expect(left).toBe(1);
    expect(mask[table.rowOf('kids')]).toBe(1);
  });
});
