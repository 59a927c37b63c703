import { describe, expect, it } from 'vitest';
import { emptyPolicy } from '../../src/domain/policy.ts';
import { policyProblems, tenantRulesProblems } from '../../src/domain/policy-check.ts';
import type { Rule } from '../../src/domain/rule.ts';
import { ruleProblems } from '../../src/domain/rule-check.ts';
import { limits } from '../../src/limits.ts';
import { filmSchema } from '../support/fake-triptych.ts';

const rankDepthMax = 100;

/** `path: code` of each problem of rules that no wire has seen. */
function found(...rules: Rule[]): string[] {
  return ruleProblems(filmSchema, rules, { rankDepthMax, path: 'constraints' }).map(
    ({ path, code }) => `${path}: ${code}`,
  );
}

const drop = { missing: 'drop' } as const;

describe('rule check', () => {
  it('passes rules at their bounds', () => {
    expect(
      found(
        { kind: 'exclude', facet: 'genres', values: ['x'.repeat(limits.facetValueCharsMax)] },
        { kind: 'range', field: 'released', gte: Date.parse('0000-01-01'), lt: 253_402_300_799_999, ...drop },
        { kind: 'range', field: 'year', gt: -1e300, ...drop },
        { kind: 'maxRating', field: 'mpaa', value: 'R', missing: 'keep' },
        { kind: 'freshness', field: 'released', maxAgeDays: limits.freshnessDaysMax, ...drop },
        { kind: 'boost', facet: 'tags', values: ['a'], by: limits.softRuleByMax },
        { kind: 'pin', id: 'a', rank: rankDepthMax },
        { kind: 'pin', id: 'b', rank: 1 },
        { kind: 'minShare', facet: 'tags', value: 'a', share: 1, within: rankDepthMax },
        { kind: 'spacing', facet: 'tags', gap: limits.spacingGapMax },
      ),
    ).toEqual([]);
  });

  it.each<[string, Rule, string]>([
    ['an unknown facet', { kind: 'exclude', facet: 'mood', values: ['x'] }, 'facet: unknown_field'],
    ['a facet of Object', { kind: 'spacing', facet: 'toString', gap: 1 }, 'facet: unknown_field'],
    ['a field of Object', { kind: 'range', field: 'constructor', gte: 1, ...drop }, 'field: unknown_field'],
    ['no values', { kind: 'bury', facet: 'tags', values: [], by: 0.1 }, 'values: invalid_request'],
    ['an empty value', { kind: 'exclude', facet: 'tags', values: ['a', ''] }, 'values[1]: invalid_request'],
    [
      'a lone surrogate',
      { kind: 'require', facet: 'tags', match: 'all', values: ['\ud800'], ...drop },
      'all[0]: invalid_request',
    ],
    ['no bound', { kind: 'range', field: 'year', ...drop }, 'field: invalid_request'],
    ['NaN', { kind: 'range', field: 'year', lt: Number.NaN, ...drop }, 'lt: invalid_request'],
    ['a date beyond dates', { kind: 'range', field: 'released', lt: 1e17, ...drop }, 'lt: invalid_request'],
    ['a range of keywords', { kind: 'range', field: 'mpaa', gte: 1, ...drop }, 'field: invalid_request'],
    [
      'a rating off the scale',
      { kind: 'maxRating', field: 'mpaa', value: 'X', ...drop },
      'value: invalid_request',
    ],
    [
      'a rating without scale',
      { kind: 'maxRating', field: 'year', value: 'R', ...drop },
      'field: invalid_request',
    ],
    [
      'freshness of a number',
      { kind: 'freshness', field: 'year', maxAgeDays: 1, ...drop },
      'field: invalid_request',
    ],
    [
      'freshness of no time',
      { kind: 'freshness', field: 'released', maxAgeDays: 0, ...drop },
      'max_age_days: invalid_request',
    ],
    ['by of 0', { kind: 'boost', facet: 'tags', values: ['a'], by: 0 }, 'by: invalid_request'],
    ['by of NaN', { kind: 'bury', facet: 'tags', values: ['a'], by: Number.NaN }, 'by: invalid_request'],
    ['an id that is none', { kind: 'idsOnly', ids: ['a', '..'] }, 'ids[1]: invalid_request'],
    ['a pin of nothing', { kind: 'pin', id: '', rank: 1 }, 'id: invalid_request'],
    ['a rank of 0', { kind: 'pin', id: 'a', rank: 0 }, 'rank: invalid_request'],
    ['a rank between', { kind: 'pin', id: 'a', rank: 1.5 }, 'rank: invalid_request'],
    ['a rank too deep', { kind: 'pin', id: 'a', rank: 101 }, 'rank: invalid_request'],
    ['a quota of 0', { kind: 'quota', facet: 'tags', max: 0, within: 5 }, 'max: invalid_request'],
    ['a quota too deep', { kind: 'quota', facet: 'tags', max: 1, within: 101 }, 'within: invalid_request'],
    [
      'a share above 1',
      { kind: 'minShare', facet: 'tags', value: 'a', share: 1.1, within: 5 },
      'share: invalid_request',
    ],
    ['a gap of 51', { kind: 'spacing', facet: 'tags', gap: 51 }, 'gap: invalid_request'],
  ])('refuses %s', (_name, rule, problem) => {
    expect(found({ kind: 'hideSeen' }, rule)).toEqual([`constraints[1].${problem}`]);
  });

  it('lets one rank and one document be pinned once', () => {
    expect(
      found(
        { kind: 'pin', id: 'a', rank: 1 },
        { kind: 'pin', id: 'b', rank: 1 },
        { kind: 'pin', id: 'a', rank: 2 },
      ),
    ).toEqual(['constraints[1].rank: invalid_request', 'constraints[2].id: invalid_request']);
  });

  it('bounds how many there are, and how much it says', () => {
    const many = Array.from({ length: limits.rulesMax + 1 }, () => ({ kind: 'hideSeen' }) as const);
    expect(found(...many)).toEqual(['constraints: invalid_request']);
    const wrong = many.map(() => ({ kind: 'spacing', facet: 'mood', gap: 1 }) as const);
    expect(found(...wrong)).toHaveLength(limits.errorFieldsMax);
  });
});

describe('policy check', () => {
  it('names what is wrong with preferences and rates', () => {
    const policy = {
      ...emptyPolicy,
      preferences: { genres: { Drama: 1.5, 'Sci-Fi': Number.NaN }, mood: { good: 1 } },
      constraints: [{ kind: 'spacing', facet: 'mood', gap: 1 }] as const,
      learningRate: 2,
      explorationRate: -1,
    };
    expect(policyProblems(filmSchema, policy, { rankDepthMax }).map(({ path }) => path)).toEqual([
      'preferences.genres.Drama',
      'preferences.genres.Sci-Fi',
      'preferences.mood',
      'constraints[0].facet',
      'learning_rate',
      'exploration_rate',
    ]);
    expect(policyProblems(filmSchema, emptyPolicy, { rankDepthMax })).toEqual([]);
  });

  it('bounds the preferences of all facets together', () => {
    const half = (prefix: string) =>
      Object.fromEntries(
        Array.from({ length: limits.preferencesMax / 2 + 1 }, (_, i) => [`${prefix}${i}`, 0.5]),
      );
    const policy = { ...emptyPolicy, preferences: { genres: half('g'), tags: half('t') } };
    expect(policyProblems(filmSchema, policy, { rankDepthMax }).map(({ path }) => path)).toEqual([
      'preferences',
    ]);
  });

  it('names what is wrong with contexts', () => {
    const context = { description: '', rules: [], preferences: {} };
    const contexts = {
      default: context,
      'a b': context,
      kids: {
        description: 'x'.repeat(limits.contextDescriptionCharsMax + 1),
        rules: [{ kind: 'pin', id: 'a', rank: 101 }] as const,
        preferences: { mood: { good: 1 } },
      },
    };
    const problems = tenantRulesProblems(filmSchema, { rules: [], contexts }, { rankDepthMax });
    expect(problems.map(({ path }) => path)).toEqual([
      'contexts.default',
      'contexts["a b"]',
      'contexts.kids.description',
      'contexts.kids.rules[0].rank',
      'contexts.kids.preferences.mood',
    ]);
    const many = Object.fromEntries(
      Array.from({ length: limits.contextsMax + 1 }, (_, i) => [`c${i}`, context]),
    );
    expect(
      tenantRulesProblems(filmSchema, { rules: [], contexts: many }, { rankDepthMax }).map(
        ({ path }) => path,
      ),
    ).toEqual(['contexts']);
  });
});
