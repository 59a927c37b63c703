import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barOf } from '../../playground/answer/contribution-bar.ts';
import { nothingCame, withAnswer } from '../../playground/answer/outcome.ts';
import { rankMoves } from '../../playground/answer/rank-moves.ts';
import { axisPlace, timelineOf } from '../../playground/answer/timeline.ts';
import { Latest } from '../../playground/api/latest.ts';
import type { Answer } from '../../playground/api/wire.ts';
import { type Ask, asksSomething, nothingAsked, toggleFilter } from '../../playground/ask/ask.ts';
import { fromHash, toHash } from '../../playground/ask/ask-hash.ts';
import { explainBody, searchBody } from '../../playground/ask/search-body.ts';
import { explainRequestSchema, searchRequestSchema } from '../../src/wire/search.ts';

const asks: fc.Arbitrary<Ask> = fc.record({
  query: fc.string(),
  user: fc.string(),
  context: fc.stringMatching(/^[a-z]{1,9}$/),
  profile: fc.string(),
  compare: fc.string(),
  filters: fc.array(fc.record({ facet: fc.stringMatching(/^[a-z]{1,9}$/), value: fc.string() }), {
    maxLength: 4,
  }),
  rules: fc.array(
    fc.record({ kind: fc.constant('exclude' as const), facet: fc.string(), values: fc.array(fc.string()) }),
    { maxLength: 3 },
  ),
  like: fc.array(fc.string(), { maxLength: 3 }),
  k: fc.integer({ min: 1, max: 100 }),
  timeoutMs: fc.integer({ min: 20, max: 10_000 }),
});

describe('the address', () => {
  it('holds the whole ask', () => {
    fc.assert(
      fc.property(asks, (ask) => {
        expect(fromHash(`#${toHash(ask)}`)).toEqual(ask);
      }),
    );
    expect(toHash(nothingAsked)).toBe('');
  });

  it('may hold anything', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Array.isArray(fromHash(text).rules)).toBe(true);
      }),
    );
    expect(fromHash('#k=1000&rules={').k).toBe(10);
    expect(fromHash('#rules=[1,{"kind":"hideSeen"},{"kind":2},null]').rules).toEqual([{ kind: 'hideSeen' }]);
  });
});

describe('the request', () => {
  const ask: Ask = {
    ...nothingAsked,
    query: ' robots ',
    user: 'ann',
    context: 'kids',
    like: ['a'],
    rules: [{ kind: 'hideSeen' }],
  };

  it('is one that the service takes', () => {
    const two = toggleFilter(toggleFilter(ask, { facet: 'genres', value: 'Drama' }), {
      facet: 'genres',
      value: 'War',
    });
    const body = searchBody(two, 'rrf');
    expect(searchRequestSchema.safeParse(body).error).toBeUndefined();
    expect(body).toMatchObject({
      query: 'robots',
      user: 'ann',
      context: 'kids',
      profile: 'rrf',
      explain: 'full',
    });
    expect(body.filter).toEqual({
      and: [
        { facet: 'genres', all: ['Drama'] },
        { facet: 'genres', all: ['War'] },
      ],
    });
    expect(explainRequestSchema.safeParse(explainBody(two, 'doc')).error).toBeUndefined();
  });

  it('says only what was said', () => {
    expect(explainBody({ ...nothingAsked, query: 'x' }, 'd')).toEqual({
      ...{ query: 'x', timeout_ms: 500, document: 'd' },
    });
    expect([asksSomething(nothingAsked), asksSomething({ ...nothingAsked, user: 'u' })]).toEqual([
      false,
      true,
    ]);
    expect(toggleFilter(toggleFilter(ask, { facet: 'a', value: 'b' }), { facet: 'a', value: 'b' })).toEqual(
      ask,
    );
  });
});

describe('rankMoves', () => {
  it('tells who went up, down, came and went', () => {
    const before = ['a', 'b', 'c', 'd'].map((id, i) => ({ id, rank: i + 1 }));
    const after = ['c', 'b', 'a', 'e'].map((id, i) => ({ id, rank: i + 1 }));
    expect(Object.fromEntries(rankMoves(before, after))).toEqual({
      a: { kind: 'down', by: 2 },
      b: { kind: 'same' },
      c: { kind: 'up', by: 2 },
      d: { kind: 'gone' },
      e: { kind: 'new' },
    });
  });
});

describe('barOf', () => {
  it('stacks what adds, and takes what takes from its end', () => {
    const signal = (contribution: number) => ({ value: 0.5, weight: 1, contribution });
    const bar = barOf(
      { rules: signal(-0.1), similarity: signal(0.3), lexical: signal(0.1), taste: signal(0) },
      0.8,
    );
    const places = (segments: typeof bar.added) =>
      segments.map(({ signal: name, from, length }) => [name, from, length]);
    expect(places(bar.added)).toEqual([
      ['similarity', 0, 0.3 / 0.8],
      ['lexical', 0.3 / 0.8, 0.1 / 0.8],
    ]);
    expect(bar.taken.map(({ signal: name }) => name)).toEqual(['rules']);
    expect(bar.taken[0]!.from + bar.taken[0]!.length).toBeCloseTo(0.5);
    expect(bar.taken[0]!.from).toBeCloseTo((0.4 - 0.1) / 0.8);
  });
});

describe('timelineOf', () => {
  const leg = (leg: 'vector' | 'lexical' | 'graph', after_embedding: boolean) => ({
    ...{ leg, depth: 300, budget_ms: 200, estimated_ms: 2, actual_ms: 3, after_embedding },
  });
  const answer: Answer = {
    results: [],
    coverage: {
      vector: { state: 'ok', ms: 3, budget_ms: 200, candidates: 300 },
      lexical: { state: 'late', ms: 250, budget_ms: 250, candidates: 0, reason: 'budget_exceeded' },
      graph: { state: 'skipped', ms: 0, budget_ms: 0, candidates: 0, reason: 'no_seeds' },
      embedder: { state: 'ok', ms: 20, budget_ms: 150, candidates: 0 },
    },
    ...{
      degraded: true,
      warnings: [],
      total: { value: 5, relation: 'eq' },
      strategy: 'HybridParallel',
      backend: 'js',
    },
    ...{
      cached: false,
      cursor: null,
      took_ms: 260,
      request_id: 'r',
      timings: { recall: 250, score: 4, rescore: 1 },
    },
    plan: {
      ...{
        strategy: 'HybridParallel',
        embed: { budget_ms: 150, estimated_ms: 18, actual_ms: 20 },
        documents: null,
        predicate: null,
      },
      legs: [leg('vector', true), leg('lexical', false)],
      ...{ skipped: [], stages: ['score'], rank_depth: 100, estimated_ms: 30, rejected: [] },
    },
  };

  it('begins each leg when the plan lets it, and stages after the legs', () => {
    const { rows, ticks } = timelineOf(answer, 500);
    const row = (name: string) => rows.find((one) => one.name === name);
    expect(row('vector')).toMatchObject({
      startMs: 20,
      endMs: 23,
      budgetEndMs: 220,
      estimatedMs: 2,
      candidates: 300,
    });
    expect(row('embedder')).toMatchObject({ startMs: 0, endMs: 20, estimatedMs: 18, candidates: null });
    expect(row('lexical')).toMatchObject({
      state: 'late',
      startMs: 0,
      endMs: 250,
      reason: 'budget_exceeded',
    });
    expect(row('graph')).toMatchObject({ state: 'skipped', budgetEndMs: null, candidates: null });
    expect(row('scoring')).toMatchObject({ startMs: 250, endMs: 255, state: 'done' });
    expect(row('ordering')).toBeUndefined();
    expect(ticks).toEqual([0, 1, 3, 10, 30, 100, 500]);
  });

  it('begins documents after all legs that bring candidates', () => {
    const state = { state: 'ok' as const, budget_ms: 300, candidates: 9 };
    const coverage = {
      policy: { ...state, ms: 40 },
      graph: { ...state, ms: 230 },
      lexical: { ...state, ms: 90 },
      vector: { ...state, ms: 30 },
      embedder: { ...state, ms: 20 },
      documents: { ...state, ms: 7 },
    };
    const { rows } = timelineOf({ ...answer, coverage }, 500);
    expect(rows.find(({ name }) => name === 'documents')).toMatchObject({ startMs: 270, endMs: 277 });
  });

  it('has an axis that ends with what is longest', () => {
    expect(timelineOf({ ...answer, took_ms: 900 }, 500).ticks.at(-1)).toBe(900);
    const times = fc.double({ min: 0, max: 500, noNaN: true });
    expect([axisPlace(0, 500), axisPlace(500, 500), axisPlace(900, 500)]).toEqual([0, 1, 1]);
    fc.assert(
      fc.property(times, times, (a, b) => {
        expect(Math.sign(axisPlace(a, 500) - axisPlace(b, 500)) * Math.sign(a - b)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('withAnswer', () => {
  const body = { query: 'ghost' };
  const came = (id: string, asked = body, key = '') => ({
    ...{ body: asked, key, profiles: ['', ''] as const, compared: null },
    answer: { request_id: id } as Answer,
  });

  it('holds moves against what is shown, where that was the same question with the same key', () => {
    const first = withAnswer(nothingCame, '1', came('a'));
    expect(first).toMatchObject({ settled: '1', problem: null, shown: { before: null } });
    const again = withAnswer(first, '2', came('b', { query: 'ghost' }));
    expect(again.shown).toMatchObject({ before: { request_id: 'a' }, answer: { request_id: 'b' } });
    // Asked for, and never shown: an answer to something else.
    expect(withAnswer(again, '3', came('c', { query: 'shark' })).shown?.before).toBeNull();
    expect(withAnswer(again, '3', came('c', body, 'other')).shown?.before).toBeNull();
  });
});

describe('Latest', () => {
  it('drops what an older task comes to, and aborts it', async () => {
    const latest = new Latest();
    let finish: (text: string) => void = () => {};
    let signal: AbortSignal | null = null;
    const older = latest.run((given) => {
      signal = given;
      return new Promise<string>((resolve) => {
        finish = resolve;
      });
    });
    expect(await latest.run(async () => 'newer')).toEqual({ value: 'newer' });
    finish('older');
    expect(await older).toBeNull();
    expect(signal!.aborted).toBe(true);
  });

  it('keeps the failure of the newest, and drops that of an older one', async () => {
    const latest = new Latest();
    const older = latest.run(
      (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone')))),
    );
    await expect(latest.run(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(await older).toBeNull();
    const stopped = latest.run(async () => 'late');
    latest.stop();
    expect(await stopped).toBeNull();
  });
});
