import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import type { FakeTriptych } from '../support/fake-triptych.ts';
import { libraryWords } from '../support/fuzz-client.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

/** Rules that are wrong, wherever they can stand: a 400 with the path of what is wrong, and nothing stored. */

let http: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  http = await startHttp();
});

afterAll(async () => {
  expect(http.triptych.searches).toEqual([]);
  expect((await http.call('GET', '/v1/users/u/policy')).at('version')).toBe(0);
  expect((await http.call('GET', '/v1/rules')).at('version')).toBe(0);
  await http.close();
});

const within = { facet: 'tags', within: 10 };

/** name, rule, path below the rule ('' is the rule itself), code */
const wrong: readonly [string, unknown, string, string?][] = [
  ['no object', 'hideSeen', ''],
  ['no kind', {}, '.kind'],
  ['an unknown kind', { kind: 'hide' }, '.kind'],
  ['a kind that is no text', { kind: 1 }, '.kind'],
  ['an unknown member', { kind: 'hideSeen', user: 'u' }, '.user'],
  [
    'a member of another kind',
    { kind: 'boost', facet: 'tags', values: ['a'], by: 0.1, within: 3 },
    '.within',
  ],
  ['no facet', { kind: 'exclude', values: ['a'] }, '.facet'],
  ['an unknown facet', { kind: 'exclude', facet: 'mood', values: ['a'] }, '.facet', 'unknown_field'],
  ['no values', { kind: 'exclude', facet: 'tags', values: [] }, '.values'],
  ['neither any nor all', { kind: 'require', facet: 'tags' }, ''],
  ['both any and all', { kind: 'require', facet: 'tags', any: ['a'], all: ['b'] }, ''],
  ['an empty value', { kind: 'require', facet: 'tags', any: ['a', ''] }, '.any[1]'],
  ['an odd missing', { kind: 'require', facet: 'tags', any: ['a'], missing: 'hide' }, '.missing'],
  ['missing where it means nothing', { kind: 'idsOnly', ids: ['a'], missing: 'keep' }, '.missing'],
  ['no bound', { kind: 'range', field: 'year' }, ''],
  ['an unknown field', { kind: 'range', field: 'age', gte: 1 }, '.field', 'unknown_field'],
  ['a bound of text', { kind: 'range', field: 'year', gte: '1990' }, '.gte'],
  ['a date as number', { kind: 'range', field: 'released', lt: 1990 }, '.lt'],
  ['a day that is none', { kind: 'range', field: 'released', lt: '2001-02-29' }, '.lt'],
  ['a day before dates', { kind: 'range', field: 'released', lt: '0000-01-01T00:00:00+14:00' }, '.lt'],
  ['a range of keywords', { kind: 'range', field: 'mpaa', lte: 'R' }, '.field'],
  ['a range of flags', { kind: 'range', field: 'seen', lte: 1 }, '.field'],
  ['a rating off the scale', { kind: 'maxRating', field: 'mpaa', value: 'X' }, '.value'],
  ['a rating of a number', { kind: 'maxRating', field: 'year', value: 'R' }, '.field'],
  ['freshness of a keyword', { kind: 'freshness', field: 'mpaa', max_age_days: 1 }, '.field'],
  ['a negative age', { kind: 'freshness', field: 'released', max_age_days: -1 }, '.max_age_days'],
  ['no ids', { kind: 'idsExclude', ids: [] }, '.ids'],
  ['an id that is none', { kind: 'idsExclude', ids: ['a', '..'] }, '.ids[1]'],
  ['a boost of 0', { kind: 'boost', facet: 'tags', values: ['a'], by: 0 }, '.by'],
  ['a bury above the bound', { kind: 'bury', facet: 'tags', values: ['a'], by: 0.51 }, '.by'],
  ['a rank of 0', { kind: 'pin', id: 'a', rank: 0 }, '.rank'],
  ['a rank below the list', { kind: 'pin', id: 'a', rank: 101 }, '.rank'],
  ['a rank below any list', { kind: 'pin', id: 'a', rank: limits.rankDepthMax + 1 }, '.rank'],
  ['a quota of 0', { kind: 'quota', ...within, max: 0 }, '.max'],
  ['a quota below the list', { kind: 'quota', facet: 'tags', max: 1, within: 101 }, '.within'],
  ['a share of 2', { kind: 'minShare', ...within, value: 'a', share: 2 }, '.share'],
  [
    'a share below the list',
    { kind: 'minShare', facet: 'tags', value: 'a', share: 1, within: 101 },
    '.within',
  ],
  ['a gap of 0', { kind: 'spacing', facet: 'tags', gap: 0 }, '.gap'],
  ['a gap above the bound', { kind: 'spacing', facet: 'tags', gap: limits.spacingGapMax + 1 }, '.gap'],
];

const places: readonly [string, string, (rules: unknown[]) => unknown, string][] = [
  ['POST', '/v1/search', (constraints) => ({ query: 'x', constraints }), 'constraints'],
  ['POST', '/v1/explain', (constraints) => ({ query: 'x', document: 'a', constraints }), 'constraints'],
  ['PUT', '/v1/users/u/policy', (constraints) => ({ constraints }), 'constraints'],
  ['PATCH', '/v1/users/u/policy', (constraints) => ({ constraints }), 'constraints'],
  ['PUT', '/v1/rules', (rules) => ({ rules }), 'rules'],
  ['PUT', '/v1/rules', (rules) => ({ contexts: { kids: { rules } } }), 'contexts.kids.rules'],
];

describe.each(places)('%s %s', (method, path, body, root) => {
  it.each(wrong)('refuses %s', async (_name, rule, below, code = 'invalid_request') => {
    const answer = await http.call(method, path, body([{ kind: 'hideSeen' }, rule]));
    expect([answer.status, answer.at('code'), answer.at('fields.0.path')]).toEqual([
      400,
      code,
      `${root}[1]${below}`,
    ]);
    expect(answer.at('fields.1')).toBeUndefined();
    expect(answer.at('fields.0.message')).not.toMatch(libraryWords);
  });

  it('names the kinds that there are', async () => {
    const answer = await http.call(method, path, body([{ kind: 'hide' }]));
    expect(answer.at('fields.0.message')).toBe(
      'must be one of exclude, require, range, idsOnly, idsExclude, hideSeen, maxRating, freshness, boost, bury, pin, ' +
        'quota, minShare, spacing',
    );
  });

  it('refuses two pins of one rank or document', async () => {
    const rules = [
      { kind: 'pin', id: 'a', rank: 1 },
      { kind: 'pin', id: 'b', rank: 1 },
      { kind: 'pin', id: 'a', rank: 2 },
    ];
    const answer = await http.call(method, path, body(rules));
    expect(answer.at('fields')).toEqual([
      { path: `${root}[1].rank`, message: `is taken by ${root}[0] already` },
      { path: `${root}[2].id`, message: `is taken by ${root}[0] already` },
    ]);
  });

  it('refuses more than there may be', async () => {
    const max = root === 'rules' ? limits.tenantRulesMax : limits.rulesMax;
    const answer = await http.call(method, path, body(Array(max + 1).fill({ kind: 'hideSeen' })));
    expect([answer.status, answer.at('fields.0.path')]).toEqual([400, root]);
  });
});

describe('preferences and contexts', () => {
  it.each<[unknown, string, string?]>([
    [{ mood: { a: 1 } }, 'preferences.mood', 'unknown_field'],
    [{ toString: { a: 1 } }, 'preferences.toString', 'unknown_field'],
    [{ genres: { a: 1.1 } }, 'preferences.genres.a'],
    [{ genres: { a: '1' } }, 'preferences.genres.a'],
    [{ genres: ['a'] }, 'preferences.genres'],
    [{ genres: { 'Cafe\u0301': 1, 'Caf\u00e9': 0 } }, 'preferences.genres'],
    [[], 'preferences'],
    [
      {
        genres: Object.fromEntries(Array.from({ length: limits.preferencesMax + 1 }, (_, i) => [`g${i}`, 1])),
      },
      'preferences',
    ],
  ])('refuses %j', async (preferences, path, code = 'invalid_request') => {
    const answer = await http.call('PUT', '/v1/users/u/policy', { preferences });
    expect([answer.status, answer.at('code'), answer.at('fields.0.path')]).toEqual([400, code, path]);
  });

  it.each([
    ['PUT', '/v1/users/u/policy', { learning_rate: 1.1 }, 'learning_rate'],
    ['PUT', '/v1/users/u/policy', { exploration_rate: '0' }, 'exploration_rate'],
    ['PUT', '/v1/rules', { contexts: { default: {} } }, 'contexts.default'],
    ['PUT', '/v1/rules', { contexts: { 'a b': {} } }, 'contexts["a b"]'],
    ['PUT', '/v1/rules', { contexts: { kids: { rule: [] } } }, 'contexts.kids.rule'],
    ['PUT', '/v1/rules', { version: 1 }, 'version'],
    ['PUT', '/v1/users/u/policy?context=a%20b', {}, 'context'],
    ['PUT', '/v1/users/u/policy?ctx=kids', {}, 'ctx'],
    ['PUT', '/v1/users/%2E%2E/policy', {}, null],
    ['POST', '/v1/search', { user: '', query: 'x' }, 'user'],
    ['POST', '/v1/search', { user: 'u', context: 'a b' }, 'context'],
    ['POST', '/v1/search', { user: 'u', cursor: '' }, 'cursor'],
    ['POST', '/v1/search', { user: 'u', cursor: 'x'.repeat(limits.cursorCharsMax + 1) }, 'cursor'],
    ['POST', '/v1/search', { user: 'u', cache: 'no' }, 'cache'],
    ['POST', '/v1/search', { context: 'kids', cache: 'skip', constraints: [{ kind: 'hideSeen' }] }, '$'],
  ] as const)('%s %s refuses %j', async (method, path, body, at) => {
    const answer = await http.call(method, path, body);
    expect(answer.status).toBe(at === null ? 404 : 400);
    if (at !== null) expect(answer.at('fields.0.path')).toBe(at);
  });
});
