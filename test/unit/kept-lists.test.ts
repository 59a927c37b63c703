import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyPolicy } from '../../src/domain/policy.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { limits } from '../../src/limits.ts';
import {
  fanOfDocuments,
  inProcessParts,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';
import { eventOf, learn } from '../support/user-fixture.ts';

const documents = fanOfDocuments(30);
const personal: Partial<SearchRequest> = { query: 'robot', user: 'ann' };

let fixture: SearchFixture;

beforeEach(async () => {
  fixture = await searchFixture(inProcessParts, documents);
  // The first search of a user reads the policy store; from the second on everything is at hand.
  await search(personal);
});

afterEach(() => fixture.clock.run(fixture.service.close()));

function search(request: Partial<SearchRequest>): Promise<SearchResponse> {
  return fixture.clock.run(fixture.search(request));
}

/** Asks until the answer comes from the cache, and returns it. */
async function warm(request: Partial<SearchRequest>): Promise<SearchResponse> {
  await search(request);
  const answer = await search(request);
  expect(answer.cached).toBe(true);
  return answer;
}

const ids = (answer: SearchResponse) => answer.results.map((result) => result.id);

describe('a kept answer', () => {
  it('is the answer: results, explanations, counts and warnings', async () => {
    const request = {
      ...personal,
      like: ['nope'],
      explain: 'full' as const,
      include: ['fields', 'facets', 'facet_counts'] as const,
    };
    const { tookMs: _1, stages: _2, ...computed } = await search({ ...request, cache: 'skip' });
    const { tookMs: _3, stages: _4, ...kept } = await warm(request);
    const { cursor: _5, ...rest } = kept;
    const { cursor: _6, ...expected } = computed;
    expect(rest).toEqual({ ...expected, cached: true, strategy: 'CachedOnly' });
  });

  it('serves any page size, level of explanation and deadline', async () => {
    await warm(personal);
    expect((await search({ ...personal, k: 3, explain: 'none', timeoutMs: 90 })).cached).toBe(true);
    expect((await search({ ...personal, k: 20, include: ['facets'] })).cached).toBe(true);
  });

  it.each<[string, Partial<SearchRequest>]>([
    ['query', { query: 'space' }],
    ['user', { user: 'bob' }],
    ['profile', { profile: 'rrf' }],
    ['diversity', { diversity: 0.3 }],
    ['min_score', { minScore: 0.1 }],
    ['filter', { filter: { kind: 'facet', facet: 'genres', match: 'any', values: ['Drama'] } }],
    ['constraints', { constraints: [{ kind: 'hideSeen' }] }],
    ['like', { like: ['d3'] }],
    ['embedding', { embedding: documents[9]!.embedding }],
  ])('is not given to another %s', async (_, change) => {
    await warm(personal);
    expect((await search({ ...personal, ...change })).cached).toBe(false);
  });

  it('is neither read nor written with cache: skip', async () => {
    await search({ ...personal, query: 'space', cache: 'skip' });
    expect((await search({ ...personal, query: 'space' })).cached).toBe(false);
    expect((await search({ ...personal, query: 'space', cache: 'skip' })).cached).toBe(false);
  });

  it('ages: five minutes with a user, an hour without', async () => {
    const anonymous = { query: 'robot' };
    await warm(personal);
    await warm(anonymous);
    await fixture.clock.run(fixture.clock.sleep(limits.rankedPersonalTtlMs + 1));
    expect((await search(personal)).cached).toBe(false);
    expect((await search(anonymous)).cached).toBe(true);
    await fixture.clock.run(fixture.clock.sleep(limits.rankedSharedTtlMs));
    expect((await search(anonymous)).cached).toBe(false);
  });
});

describe('a kept answer does not survive', () => {
  it('an event of the user, from its acknowledgement on', async () => {
    await warm(personal);
    const { service, clock } = fixture;
    await clock.run(service.recordEvents('default', [eventOf(fixture, 'ann', 'd29', 'like')]));
    expect((await search(personal)).cached).toBe(false);
  });

  it('the time in which events of the user wait to be applied: then nothing is kept', async () => {
    await warm(personal);
    const pending = fixture.users.pending.bind(fixture.users);
    fixture.users.pending = async () => [];
    await fixture.clock.run(
      fixture.service.recordEvents('default', [eventOf(fixture, 'ann', 'd29', 'like')]),
    );
    await search(personal);
    await search(personal);
    expect((await search(personal)).cached).toBe(false);
    fixture.users.pending = pending;
    await fixture.clock.run(fixture.clock.sleep(limits.eventApplySlowPollMs));
    await warm(personal);
  });

  it('a hide: the document is gone from the next answer', async () => {
    const before = await warm(personal);
    await learn(fixture, 'ann', [[ids(before)[0]!, 'hide']]);
    const after = await search(personal);
    expect(after.cached).toBe(false);
    expect(ids(after)).not.toContain(ids(before)[0]);
  });

  it('a policy that was written, or deleted', async () => {
    await warm(personal);
    const { service, clock } = fixture;
    const exclude = { kind: 'exclude', facet: 'genres', values: ['Comedy'] } as const;
    const policy = { ...emptyPolicy, constraints: [exclude] };
    await clock.run(service.putPolicy('default', 'ann', 'default', policy, null));
    const ruled = await search(personal);
    expect(ruled.cached).toBe(false);
    expect(ruled.total.value).toBe(20);
    await warm(personal);
    await clock.run(service.deletePolicy('default', 'ann', 'default', undefined));
    // The world is as before the policy, so the answer of before may serve again.
    expect((await search(personal)).total.value).toBe(30);
  });

  it('tenant rules that were written, for users and for nobody in particular', async () => {
    await warm(personal);
    await warm({ query: 'robot' });
    const rules = [{ kind: 'idsExclude', ids: ['d0', 'd2'] }] as const;
    await fixture.clock.run(fixture.service.putRules('default', { rules, contexts: {} }, null));
    for (const request of [personal, { query: 'robot' }]) {
      const answer = await search(request);
      expect([answer.cached, answer.total.value]).toEqual([false, 28]);
    }
  });

  it('a change of the catalogue', async () => {
    await warm(personal);
    await fixture.clock.run(
      fixture.service.write('default', [{ kind: 'delete', id: 'd4' }], { waitSearchable: true }),
    );
    const answer = await search(personal);
    expect([answer.cached, answer.total.value]).toEqual([false, 29]);
  });

  it('the end of the day', async () => {
    await warm({ query: 'robot' });
    const untilMidnight = 86_400_000 - (fixture.clock.epochMs() % 86_400_000);
    fixture.clock.hold(untilMidnight - 1_000);
    await warm({ query: 'robot' });
    fixture.clock.hold(2_000);
    expect((await search({ query: 'robot' })).cached).toBe(false);
  });

  it('another version of the profile', async () => {
    // The same lists behind two services, as after a deployment.
    const second = await searchFixture(inProcessParts, documents, {
      profiles: builtInProfiles.map((profile) => ({ ...profile, version: profile.version + 1 })),
      lists: fixture.lists,
    });
    const third = await searchFixture(inProcessParts, documents, { lists: fixture.lists });
    await warm({ query: 'robot' });
    const cached = async ({ clock, search: ask }: SearchFixture) => {
      // So that the rules are at hand, too.
      await clock.run(ask({ query: 'space' }));
      return (await clock.run(ask({ query: 'robot' }))).cached;
    };
    expect([await cached(second), await cached(third)]).toEqual([false, true]);
    for (const one of [second, third]) await one.clock.run(one.service.close());
  });

  it('the erasure of the user', async () => {
    const before = await search({ ...personal, k: 2 });
    await learn(fixture, 'ann', [['d29', 'like']]);
    await fixture.clock.run(fixture.service.eraseUser('default', 'ann'));
    const next = fixture.search({ ...personal, k: 2, cursor: before.cursor });
    // The list itself is gone; made anew it is the same, because nothing is left that would tell it apart.
    expect((await fixture.clock.run(next)).cached).toBe(false);
  });

  it('the erasure of the user while the search is under way: nothing is kept', async () => {
    const kept = new Set<string>();
    const { set } = fixture.lists;
    fixture.lists.set = (key, list, ttlMs) => {
      kept.add(key);
      return set.call(fixture.lists, key, list, ttlMs);
    };
    await fixture.clock.run(fixture.service.recordEvents('default', [eventOf(fixture, 'ann', 'd3', 'like')]));
    const under = fixture.search({ ...personal, query: 'space' });
    await fixture.clock.run(fixture.service.eraseUser('default', 'ann'));
    await fixture.clock.run(under);
    expect([...kept].filter((key) => key.includes('ann'))).toEqual([]);
  });
});

describe('equal searches before the policy is at hand', () => {
  it('share one computation, and the next one is answered from it', async () => {
    const rules = { rules: [], contexts: {} };
    await fixture.clock.run(fixture.service.putRules('default', rules, undefined));
    const answers = await fixture.clock.run(
      Promise.all(Array.from({ length: 10 }, () => fixture.search({ query: 'space robot' }))),
    );
    expect(new Set(answers.map((answer) => ids(answer).join())).size).toBe(1);
    const scored = answers.map(({ stages }) => stages.score !== undefined);
    expect(scored.filter(Boolean)).toHaveLength(1);
    expect((await search({ query: 'space robot' })).cached).toBe(true);
  });

  it('are answered from the cache where every search has to ask the policy store', async () => {
    const asking = await searchFixture(inProcessParts, documents, { soleWriter: false });
    const ask = () => asking.clock.run(asking.search({ query: 'robot', user: 'ann' }));
    expect([(await ask()).cached, (await ask()).cached]).toEqual([false, true]);
    await learn(asking, 'ann', [['d3', 'like']]);
    expect((await ask()).cached).toBe(false);
    await asking.clock.run(asking.service.close());
  });
});

describe('a store of lists that is broken', () => {
  it.each(['fails', 'hangs'])('and %s costs no search its answer, and holds no epoch', async (how) => {
    const broken = () => (how === 'fails' ? Promise.reject(new Error('gone')) : new Promise<never>(() => {}));
    fixture.lists.get = broken;
    fixture.lists.set = broken;
    for (let n = 0; n < 3; n++) {
      const answer = await search({ query: 'robot', k: 3 });
      expect([answer.cached, answer.degraded, answer.results.length]).toEqual([false, false, 3]);
    }
  });
});
