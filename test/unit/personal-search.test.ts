import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyPolicy, type Policy } from '../../src/domain/policy.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import type { EventType } from '../../src/domain/user-event.ts';
import { limits } from '../../src/limits.ts';
import {
  fanOfDocuments,
  inProcessParts,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';
import { eventOf, learn } from '../support/user-fixture.ts';

let fixture: SearchFixture;

beforeEach(async () => {
  fixture = await searchFixture(inProcessParts, fanOfDocuments(40));
});

afterEach(() => fixture.clock.run(fixture.service.close()));

const search = (request: Partial<SearchRequest>): Promise<SearchResponse> =>
  fixture.clock.run(fixture.search(request));
const ids = (answer: SearchResponse) => answer.results.map((result) => result.id);

function declare(policy: Partial<Policy>, user = 'ann'): Promise<unknown> {
  return fixture.clock.run(
    fixture.service.putPolicy('default', user, 'default', { ...emptyPolicy, ...policy }, undefined),
  );
}

function rule(...rules: Rule[]): Promise<unknown> {
  return fixture.clock.run(fixture.service.putRules('default', { rules, contexts: {} }, undefined));
}

describe('a user alone', () => {
  it('who is unknown gets what is popular', async () => {
    const answer = await search({ user: 'ann' });
    expect(answer.strategy).toBe('PolicyOnly');
    expect(ids(answer).slice(0, 3)).toEqual(['d39', 'd38', 'd37']);
    expect(answer.degraded).toBe(false);
    expect(answer.results[0]!.sources).toEqual(['policy']);
  });

  it('who likes something gets what is near it in meaning and in the graph, with the reason', async () => {
    await learn(fixture, 'ann', [['d0', 'like']]);
    const answer = await search({ user: 'ann', explain: 'full', profile: 'personal' });
    expect(answer.strategy).toBe('HybridParallel');
    const first = answer.results[0]!;
    expect(first.signals?.taste?.value).toBeGreaterThan(0.9);
    expect(answer.results.some((result) => (result.signals?.graph?.value ?? 0) > 0)).toBe(true);
    const related = answer.results.find((result) => (result.path?.length ?? 0) > 0);
    expect(related?.path?.[0]?.from).toBe('d0');
    expect(answer.results.flatMap((result) => result.reasons)).toContain('close to your taste');
  });
});

describe('a like', () => {
  it('changes the next answer, and only that user’s', async () => {
    const before = await search({ query: 'robot', user: 'ann' });
    await learn(fixture, 'ann', [['d30', 'like']]);
    const after = await search({ query: 'robot', user: 'ann' });
    expect(ids(after)).not.toEqual(ids(before));
    expect(after.results[0]!.signals?.taste?.value).toBeGreaterThan(0);
    expect(ids(await search({ query: 'robot', user: 'bob' }))).toEqual(ids(before));
  });

  it('moves a learned preference by the learning rate; what is declared wins value by value', async () => {
    await declare({ learningRate: 0.2, preferences: { genres: { Comedy: -1 } } });
    await learn(fixture, 'ann', [
      ['d0', 'like'],
      ['d1', 'like'],
    ]);
    const view = await fixture.clock.run(fixture.service.policy('default', 'ann', 'default'));
    expect(view.learned.genres!.Comedy).toBeCloseTo(0.2, 9);
    const { results } = await search({ query: 'robot', user: 'ann', k: 40 });
    const preference = (id: string) => results.find((one) => one.id === id)?.signals?.preference?.value;
    // d6 is a comedy of a director nobody liked, d7 a drama of one.
    expect(preference('d6')).toBeCloseTo(-1, 9);
    expect(preference('d7')).toBeGreaterThan(0);
  });

  it('is a function of the query, the user and the document alone: the same whichever leg brought it', async () => {
    await learn(fixture, 'ann', [['d30', 'like']]);
    const all = await search({ query: 'robot', user: 'ann', k: 40 });
    const one = await search({
      query: 'robot',
      user: 'ann',
      k: 40,
      filter: { kind: 'facet', facet: 'directors', match: 'any', values: ['D3'] },
    });
    const scores = new Map(all.results.map(({ id, score }) => [id, score]));
    for (const { id, score } of one.results) expect(score).toBe(scores.get(id));
    expect(one.results).toHaveLength(10);
  });
});

describe('what was seen and hidden', () => {
  beforeEach(() =>
    learn(fixture, 'ann', [
      ['d2', 'view'],
      ['d4', 'hide'],
    ]),
  );

  it('hidden documents are gone for that user, seen ones where a rule says so', async () => {
    const plain = await search({ query: 'robot', user: 'ann', k: 40 });
    expect(ids(plain)).not.toContain('d4');
    expect(ids(plain)).toContain('d2');
    const fresh = await search({ query: 'robot', user: 'ann', k: 40, constraints: [{ kind: 'hideSeen' }] });
    expect(ids(fresh)).not.toContain('d2');
    expect(fresh.total.value).toBe(38);
    expect(ids(await search({ query: 'robot', user: 'bob', k: 40 }))).toContain('d4');
  });

  it('hideSeen says nothing about nobody', async () => {
    const answer = await search({ query: 'robot', constraints: [{ kind: 'hideSeen' }] });
    expect(answer.total.value).toBe(40);
  });

  it('counts in the plan what each rule drops', async () => {
    await rule({ kind: 'range', field: 'year', gte: 1985, missing: 'drop' });
    const { plan } = await search({
      query: 'robot',
      user: 'ann',
      explain: 'plan',
      constraints: [{ kind: 'hideSeen' }],
      filter: { kind: 'facet', facet: 'genres', match: 'any', values: ['Drama'] },
    });
    const drops = plan?.predicate?.drops.map(({ rule: dropped, documents }) => [
      dropped?.rule.kind ?? 'filter',
      dropped?.source ?? null,
      documents,
    ]);
    // d0..d4 are older than 1985; of them d1, d2, d4 are dramas, so the rest of the rules drops nothing more.
    expect(drops).toEqual([
      ['filter', null, 14],
      ['range', 'tenant', 3],
      ['hideSeen', 'request', 0],
      ['idsExclude', 'events', 0],
    ]);
  });
});

describe('list-wise rules', () => {
  it('order the list that all pages are cut from', async () => {
    await rule({ kind: 'quota', facet: 'directors', max: 1, within: 4 });
    const { results } = await search({ query: 'robot', k: 4, include: ['facets'] });
    expect(new Set(results.map((result) => result.facets?.directors?.[0])).size).toBe(4);
    const whole = await search({ query: 'robot', k: 40 });
    expect(ids(whole).slice(0, 4)).toEqual(results.map((result) => result.id));
  });

  it('pin a document that no leg would have brought', async () => {
    await rule({ kind: 'pin', id: 'd39', rank: 1 }, { kind: 'pin', id: 'd38', rank: 3 });
    const answer = await search({ query: 'zzz unknown', embedding: null, k: 5, filter: null });
    expect(ids(answer)[0]).toBe('d39');
    expect(ids(answer)[2]).toBe('d38');
    expect(answer.results[0]!.sources).toContain('policy');
    expect(answer.results[0]!.reasons?.[0]).toBe('pinned by the tenant');
    expect(answer.results[1]!.reasons?.join()).not.toContain('pinned');
  });

  it('pin nothing that a hard rule drops, that is not there, or that is a seed', async () => {
    await rule(
      { kind: 'pin', id: 'd0', rank: 1 },
      { kind: 'pin', id: 'gone', rank: 2 },
      { kind: 'pin', id: 'd7', rank: 3 },
      { kind: 'exclude', facet: 'genres', values: ['Comedy'] },
    );
    const answer = await search({ query: 'robot', like: ['d7'], k: 40 });
    expect(ids(answer)).not.toContain('d0');
    expect(answer.warnings.map(({ code, rule: named }) => [code, named?.rule])).toEqual([
      ['pin_dropped', { kind: 'pin', id: 'd0', rank: 1 }],
      ['pin_dropped', { kind: 'pin', id: 'gone', rank: 2 }],
      ['pin_dropped', { kind: 'pin', id: 'd7', rank: 3 }],
    ]);
  });

  it('of the tenant pin a document that no number of pins of a request pushes out', async () => {
    const many = await searchFixture(inProcessParts, fanOfDocuments(300));
    const pin = (id: number, rank: number): Rule => ({ kind: 'pin', id: `d${id}`, rank });
    await many.clock.run(many.service.putRules('default', { rules: [pin(299, 1)], contexts: {} }, undefined));
    const constraints = Array.from({ length: 99 }, (_, i) => pin(i + 150, i + 2));
    const embedding = fanOfDocuments(300)[0]!.embedding;
    const { results, warnings } = await many.clock.run(many.search({ embedding, constraints, k: 100 }));
    expect([results[0]!.id, results[1]!.id, results[99]!.id]).toEqual(['d299', 'd150', 'd248']);
    expect(warnings).toEqual([]);
    await many.clock.run(many.service.close());
  });

  it('say what the list did not allow', async () => {
    const rules: Rule[] = [{ kind: 'minShare', facet: 'genres', value: 'Western', share: 0.5, within: 10 }];
    const answer = await search({ query: 'robot', constraints: rules });
    expect(answer.warnings).toMatchObject([{ code: 'rule_infeasible', wanted: 5, got: 0 }]);
  });

  it('boost and bury within the score', async () => {
    const { results } = await search({
      query: 'robot',
      k: 40,
      constraints: [
        { kind: 'boost', facet: 'directors', values: ['D3'], by: 0.5 },
        { kind: 'bury', facet: 'directors', values: ['D0'], by: 0.5 },
      ],
    });
    const directors = results.map((result) => Number(result.id.slice(1)) % 4);
    expect(directors.slice(0, 10)).toEqual(Array(10).fill(3));
    expect(directors.slice(-10)).toEqual(Array(10).fill(0));
    expect(results[0]!.signals?.rules).toEqual({ value: 0.5, weight: 1, contribution: 0.5 });
  });
});

describe('similar documents', () => {
  it('are under the rules of the tenant', async () => {
    const near = async () =>
      (await fixture.clock.run(fixture.service.similar('default', 'd0', 30, { startedAtMs: 1_000 })))
        .neighbours;
    const before = await near();
    expect(before.some(({ id }) => Number(id.slice(1)) % 3 === 0)).toBe(true);
    await rule({ kind: 'exclude', facet: 'genres', values: ['Comedy'] });
    const after = await near();
    expect(after.every(({ id }) => Number(id.slice(1)) % 3 !== 0)).toBe(true);
    expect(after.length).toBe(26);
  });
});

describe('an acknowledged event', () => {
  it('shows in the very next answer, however long it waits to be applied', async () => {
    const before = await search({ query: 'robot', user: 'ann' });
    fixture.users.pending = async () => [];
    const { service, clock } = fixture;
    const happened = (type: EventType, document: string) =>
      clock.run(service.recordEvents('default', [eventOf(fixture, 'ann', document, type)]));
    await happened('hide', ids(before)[0]!);
    expect(ids(await search({ query: 'robot', user: 'ann' }))).not.toContain(ids(before)[0]);
    await happened('view', ids(before)[1]!);
    const unseen = { query: 'robot', user: 'ann', constraints: [{ kind: 'hideSeen' as const }] };
    expect(ids(await search(unseen))).not.toContain(ids(before)[1]);
    await happened('like', 'd30');
    const liked = await search({ query: 'robot', user: 'ann' });
    expect(liked.results[0]!.signals?.taste?.value).toBeGreaterThan(0);
    expect(liked.cached).toBe(false);
  });

  it('is worth before it is applied what it is worth afterwards', async () => {
    const pending = fixture.users.pending.bind(fixture.users);
    fixture.users.pending = async () => [];
    const { service, clock } = fixture;
    const like = eventOf(fixture, 'ann', 'd30', 'like');
    await clock.run(service.recordEvents('default', [like]));
    const early = await search({ query: 'robot', user: 'ann', k: 40 });
    fixture.users.pending = pending;
    await clock.run(clock.sleep(1_000));
    const late = await search({ query: 'robot', user: 'ann', k: 40 });
    expect(late.results.map(({ id, score }) => [id, score])).toEqual(
      early.results.map(({ id, score }) => [id, score]),
    );
  });
});

describe('relationships', () => {
  it('name no document that a hard rule forbids, also beside a kept answer, and are not under the filter', async () => {
    const drama = { kind: 'facet', facet: 'genres', match: 'any', values: ['Drama'] } as const;
    const ask = async () => {
      const { results, cached } = await search({ query: 'robot', includeRelationships: true, filter: drama });
      return { cached, named: new Set(results.flatMap((one) => one.relationships!.map(({ id }) => id))) };
    };
    const isComedy = (id: string) => Number(id.slice(1)) % 3 === 0;
    expect([...(await ask()).named].some(isComedy)).toBe(true);
    await rule({ kind: 'exclude', facet: 'genres', values: ['Comedy'] });
    const first = await ask();
    const second = await ask();
    expect([first.cached, second.cached]).toEqual([false, true]);
    for (const { named } of [first, second]) {
      expect(named.size).toBeGreaterThan(0);
      expect([...named].some(isComedy)).toBe(false);
    }
  });
});

describe('more history than is remembered', () => {
  it('is said', async () => {
    const head = fixture.users.head.bind(fixture.users);
    const known = { seen: true, hidden: false, affinity: null };
    const documents = new Map(
      Array.from({ length: limits.userDocumentsMax }, (_, i) => [`old${i}`, known] as const),
    );
    fixture.users.head = async (...asked) => {
      const read = await head(...asked);
      return { ...read, state: { ...read.state, documents } };
    };
    const { warnings } = await search({ query: 'robot', user: 'ann' });
    expect(warnings).toMatchObject([{ code: 'history_cut' }]);
    expect((await search({ query: 'robot' })).warnings).toEqual([]);
  });
});
