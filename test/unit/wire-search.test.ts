import { describe, expect, it } from 'vitest';
import type { SearchPlan } from '../../src/domain/plan.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { planToWire } from '../../src/wire/plan.ts';
import { parseSearchRequest } from '../../src/wire/search.ts';
import { searchResponseSchema, searchResponseToWire } from '../../src/wire/search-response.ts';
import { filmSchema } from '../support/fake-triptych.ts';
import { plainRequest } from '../support/search-fixture.ts';

const context = { schema: filmSchema, profiles: builtInProfiles };
const parse = (body: unknown): SearchRequest => parseSearchRequest(body, context);

describe('parseSearchRequest', () => {
  it('fills in the defaults', () => {
    expect(parse({ query: '  Caf\u0065\u0301 ' })).toEqual({ ...plainRequest, query: 'Caf\u00e9' });
  });

  it('reads the filter of the design', () => {
    const { filter } = parse({
      filter: {
        and: [
          { facet: 'genres', any: ['Come\u0301die', 'Com\u00e9die'] },
          { not: { facet: 'tags', all: ['war'] } },
          { field: 'year', gte: 1990, lt: 2000 },
          { field: 'released', gt: '1990-01-01', lte: '1991-01-01T00:00:00+01:00' },
          { or: [{ field: 'mpaa', in: ['G'] }, { ids: ['7', '7'] }] },
        ],
      },
    });
    expect(filter).toEqual({
      kind: 'and',
      of: [
        { kind: 'facet', facet: 'genres', match: 'any', values: ['Com\u00e9die'] },
        { kind: 'not', of: { kind: 'facet', facet: 'tags', match: 'all', values: ['war'] } },
        { kind: 'range', field: 'year', gte: 1990, lt: 2000 },
        {
          kind: 'range',
          field: 'released',
          gt: Date.UTC(1990, 0, 1),
          lte: Date.UTC(1990, 11, 31, 23),
        },
        {
          kind: 'or',
          of: [
            { kind: 'in', field: 'mpaa', values: ['G'] },
            { kind: 'ids', ids: ['7'] },
          ],
        },
      ],
    });
  });

  it('takes the same vector as numbers and as base64', () => {
    const bytes = Buffer.from(Float32Array.of(0.5, -1, 2, 0.25).buffer).toString('base64');
    const [numbers, base64] = [[0.5, -1, 2, 0.25], { b64: bytes }].map((embedding) => parse({ embedding }));
    expect(numbers!.embedding).toEqual(base64!.embedding);
  });

  it('reads who is asking, where, under which rules, and from where on', () => {
    expect(
      parse({
        user: 'u/1',
        context: 'kids',
        constraints: [{ kind: 'hideSeen' }, { kind: 'quota', facet: 'genres', max: 1, within: 100 }],
        cursor: 'abc',
        cache: 'skip',
      }),
    ).toEqual({
      ...plainRequest,
      user: 'u/1',
      context: 'kids',
      constraints: [{ kind: 'hideSeen' }, { kind: 'quota', facet: 'genres', max: 1, within: 100 }],
      cursor: 'abc',
      cache: 'skip',
    });
  });

  it('holds list-wise rules to the depth of the profile that ranks', () => {
    const profiles = [...builtInProfiles, { name: 'deep', rankDepth: 200, formula: 'linear' as const }];
    const body = (profile: string) => ({
      query: 'x',
      profile,
      constraints: [
        { kind: 'spacing', facet: 'tags', gap: 2 },
        { kind: 'pin', id: 'a', rank: 101 },
      ],
    });
    expect(parseSearchRequest(body('deep'), { schema: filmSchema, profiles }).constraints).toHaveLength(2);
    expect(() => parseSearchRequest(body('linear'), { schema: filmSchema, profiles }, 'searches[1]')).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        fields: [
          {
            path: 'searches[1].constraints[1].rank',
            message: 'is 101, but only the first 100 ranks are ordered by rules',
          },
        ],
      }),
    );
  });

  it('says everything that is wrong at once, below its root', () => {
    const body = { embedding: [1], profile: 'best', filter: { facet: 'mood', any: ['x'] } };
    expect(() => parseSearchRequest(body, context, 'searches[3]')).toThrow(
      expect.objectContaining({
        code: 'unknown_profile',
        fields: [
          {
            path: 'searches[3].profile',
            message: 'is none of linear, multiplicative, personal, collaborative, rrf',
          },
          { path: 'searches[3].embedding', message: 'has 1 components, the catalogue has 4' },
          {
            path: 'searches[3].filter.facet',
            message: expect.stringContaining('is not a facet of the catalogue'),
          },
        ],
      }),
    );
  });
});

describe('searchResponseToWire', () => {
  it('writes every member of the answer, in snake case', () => {
    const response: SearchResponse = {
      results: [
        {
          id: 'a',
          rank: 1,
          title: 'A',
          score: 0.5,
          signals: { graph: { value: null, weight: 0.1, contribution: 0 } },
          sources: ['graph'],
          reasons: ['because'],
          fields: { year: 1999 },
          facets: { genres: ['Drama'] },
          relationships: [{ type: 'SIMILAR_TO', id: 'b', strength: 0.4 }],
          ranks: { fused: 2, diverse: 1, final: 1 },
          path: [
            { type: 'T', from: 'b', to: 'a', strength: 1, shared: [{ facet: 'genres', values: ['Drama'] }] },
          ],
        },
      ],
      coverage: {
        embedder: { state: 'late', ms: 10, budgetMs: 9, candidates: 0, reason: 'too_slow' },
        graph: { state: 'ok', ms: 3.21987, budgetMs: 9, candidates: 1 },
      },
      degraded: true,
      warnings: [{ code: 'pin_dropped' as const, message: 'w' }],
      total: { value: 3, relation: 'gte' },
      facetCounts: { genres: [{ value: 'Drama', count: 3 }] },
      strategy: 'GraphOnly',
      backend: 'js',
      cached: false,
      cursor: null,
      tookMs: 1.23456,
      plan: {
        strategy: 'GraphOnly',
        embed: { budgetMs: 5, estimatedMs: 1 },
        legs: [{ leg: 'graph', depth: 300, budgetMs: 9, estimatedMs: 2, afterEmbedding: false }],
        skipped: [{ leg: 'vector', reason: 'no_vector' }],
        documents: { budgetMs: 8, estimatedMs: 2 },
        predicate: { passing: 1, of: 3, pushdown: true, drops: [{ rule: null, documents: 2 }] },
        stages: ['score'],
        rankDepth: 100,
        estimatedMs: 3,
        rejected: [{ strategy: 'VectorOnly', reason: 'no_vector', estimatedMs: null }],
      },
      stages: { score: 0.1234567 },
    };
    const wire = searchResponseToWire(response, filmSchema, 'r-1');
    expect(searchResponseSchema.parse(wire)).toEqual(wire);
    expect(wire).toMatchObject({
      took_ms: 1.235,
      timings: { score: 0.123 },
      facet_counts: { genres: [{ value: 'Drama', count: 3 }] },
      coverage: { embedder: { state: 'late', ms: 10, budget_ms: 9, candidates: 0, reason: 'too_slow' } },
      plan: {
        rank_depth: 100,
        embed: { budget_ms: 5, estimated_ms: 1, actual_ms: 10 },
        documents: { budget_ms: 8, estimated_ms: 2, actual_ms: null },
        legs: [{ after_embedding: false, budget_ms: 9, estimated_ms: 2, actual_ms: 3.22 }],
      },
      results: [{ ...response.results[0] }],
    });
    expect(JSON.stringify(wire)).not.toMatch(/"[a-z]+[A-Z][a-zA-Z]*":/);
  });

  it.each([
    ['ok', 4],
    ['late', 4],
    ['failed', 4],
    ['skipped', null],
    ['open', null],
    ['pending', null],
  ] as const)('says how long a leg took that is %s: %s', (state, actual) => {
    const plan: SearchPlan = {
      ...{ strategy: 'VectorOnly', embed: null, skipped: [], documents: null, predicate: null },
      legs: [{ leg: 'vector', depth: 300, budgetMs: 9, estimatedMs: 2, afterEmbedding: false }],
      ...{ stages: [], rankDepth: 100, estimatedMs: 3, rejected: [] },
    };
    const vector = { state, ms: 4, budgetMs: 9, candidates: 0 };
    expect(planToWire(plan, { vector }, filmSchema).legs).toMatchObject([
      { leg: 'vector', estimated_ms: 2, actual_ms: actual },
    ]);
    expect(planToWire(plan, {}, filmSchema).legs[0]!.actual_ms).toBeNull();
  });
});
