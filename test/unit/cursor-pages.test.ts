import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyPolicy } from '../../src/domain/policy.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { limits } from '../../src/limits.ts';
import { testSchema } from '../support/arbitraries.ts';
import { delayed, delayedDocuments } from '../support/delayed-parts.ts';
import {
  fanOfDocuments,
  inProcessParts,
  plainRequest,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';
import { eventOf, learn } from '../support/user-fixture.ts';

const documents = fanOfDocuments(30);
const asked: Partial<SearchRequest> = { query: 'robot', user: 'ann', k: 10 };

let fixture: SearchFixture;
let whole: SearchResponse;
let first: SearchResponse;

const search = (request: Partial<SearchRequest>): Promise<SearchResponse> =>
  fixture.clock.run(fixture.search({ ...asked, ...request }));
const next = (more: Partial<SearchRequest> = {}) => search({ cursor: first.cursor, ...more });
const ids = (answer: SearchResponse) => answer.results.map((result) => result.id);

beforeEach(async () => {
  fixture = await searchFixture(inProcessParts, documents);
  await search({});
  whole = await search({ k: 100 });
  first = await search({});
});

afterEach(() => fixture.clock.run(fixture.service.close()));

/** The list is kept no more. */
async function loseList(): Promise<void> {
  await fixture.lists.deletePrefix('list');
}

describe('a cursor', () => {
  it('leads through the one list to its end, where there is none', async () => {
    const second = await next();
    const third = await search({ cursor: second.cursor });
    expect([...ids(first), ...ids(second), ...ids(third)]).toEqual(ids(whole));
    expect(second.results[0]!.rank).toBe(11);
    expect([whole.cursor, third.cursor]).toEqual([null, null]);
  });

  it('may be asked with another k, level of detail and deadline', async () => {
    const answer = await next({ k: 3, explain: 'full', include: ['facets'], timeoutMs: 90, cache: 'skip' });
    expect(ids(answer)).toEqual(ids(whole).slice(10, 13));
    expect(answer.results[0]).toMatchObject({ ranks: { final: 11 }, facets: expect.anything() });
    expect(ids(await search({ cursor: answer.cursor, k: 100 }))).toEqual(ids(whole).slice(13));
  });

  it('can be asked again', async () => {
    expect(ids(await next())).toEqual(ids(await next()));
  });

  it.each<[string, Partial<SearchRequest>]>([
    ['query', { query: 'space' }],
    ['user', { user: 'bob' }],
    ['user', { user: null }],
    ['profile', { profile: 'rrf' }],
    ['diversity', { diversity: 0.3 }],
    ['min_score', { minScore: 0.1 }],
    ['filter', { filter: { kind: 'ids', ids: ['d1'] } }],
    ['constraints', { constraints: [{ kind: 'hideSeen' }] }],
    ['like', { like: ['d3'] }],
    ['embedding', { embedding: documents[9]!.embedding }],
  ])('is refused with another %s', async (_, change) => {
    await expect(next(change)).rejects.toMatchObject({
      code: 'cursor_mismatch',
      fields: [{ path: 'cursor' }],
    });
  });

  it('is refused to another tenant, even with equal documents and the equal question', async () => {
    const two = await searchFixture(inProcessParts, documents, { others: { acme: documents } });
    const ask = (tenant: string, cursor: string | null) =>
      two.clock.run(
        two.service.search(tenant, { ...plainRequest, ...asked, cursor }, { startedAtMs: two.clock.nowMs() }),
      );
    const { cursor } = await ask('default', null);
    expect((await ask('default', cursor)).results).toHaveLength(10);
    await expect(ask('acme', cursor)).rejects.toMatchObject({ code: 'cursor_mismatch' });
  });

  it('leaves out what was deleted, hidden or forbidden meanwhile, and shifts nothing', async () => {
    const [deleted, hidden, forbidden] = ids(whole).slice(12, 15) as [string, string, string];
    const { service, clock } = fixture;
    await clock.run(service.write('default', [{ kind: 'delete', id: deleted }], { waitSearchable: true }));
    await learn(fixture, 'ann', [[hidden, 'hide']]);
    const rules = [{ kind: 'idsExclude', ids: [forbidden] }] as const;
    await clock.run(service.putRules('default', { rules, contexts: {} }, null));
    const second = await next();
    const left = ids(whole).filter((id) => ![deleted, hidden, forbidden].includes(id));
    expect(ids(second)).toEqual(left.slice(10, 20));
    // The ranks are those of the list, so that one sees that something is missing.
    expect(second.results.map(({ rank }) => rank)).toEqual([11, 12, 16, 17, 18, 19, 20, 21, 22, 23]);
    expect(ids(await search({ cursor: second.cursor }))).toEqual(left.slice(20));
  });

  it('is not moved by what the user does', async () => {
    await learn(fixture, 'ann', [['d29', 'like']]);
    expect(ids(await search({}))).not.toEqual(ids(first));
    expect(ids(await next())).toEqual(ids(whole).slice(10, 20));
  });
});

describe('a list that is kept no more', () => {
  it('is made again on the frozen clock when nothing has changed', async () => {
    fixture.clock.hold(limits.cursorTtlMs * 10);
    const answer = await next();
    expect(answer.cached).toBe(false);
    expect(ids(answer)).toEqual(ids(whole).slice(10, 20));
    expect(answer.results.map(({ score }) => score)).toEqual(
      whole.results.slice(10, 20).map(({ score }) => score),
    );
    // From there on it is kept again.
    const third = await search({ cursor: answer.cursor });
    expect([third.cached, ids(third)]).toEqual([true, ids(whole).slice(20)]);
    expect((await next()).cached).toBe(true);
  });

  it('can be made again as often as it is lost', async () => {
    await loseList();
    const { cursor } = await next({ k: 5 });
    await loseList();
    const third = await search({ cursor, k: 5 });
    expect([third.cached, ids(third)]).toEqual([false, ids(whole).slice(15, 20)]);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['documents', () => put('new', 'robot robot')],
    ['events', () => learn(fixture, 'ann', [['d29', 'like']])],
    [
      'rules',
      () =>
        fixture.service.putRules(
          'default',
          { rules: [{ kind: 'pin', id: 'd29', rank: 1 }], contexts: {} },
          null,
        ),
    ],
    [
      'the policy',
      () =>
        fixture.service.putPolicy(
          'default',
          'ann',
          'default',
          { ...emptyPolicy, preferences: { genres: { Comedy: -1 } } },
          null,
        ),
    ],
  ])('is 410 when it would come out differently: %s', async (_, change) => {
    await fixture.clock.run(change());
    await loseList();
    await expect(next()).rejects.toMatchObject({
      code: 'cursor_expired',
      status: 410,
      fields: [{ path: 'cursor' }],
    });
  });

  it('is made again where something changed that does not show in it', async () => {
    await fixture.clock.run(
      fixture.service.putPolicy('default', 'ann', 'default', { ...emptyPolicy, explorationRate: 0.5 }, null),
    );
    await loseList();
    expect(ids(await next())).toEqual(ids(whole).slice(10, 20));
  });
});

function put(id: string, text: string): Promise<unknown> {
  const document = { ...documents[0]!, id, title: text, text };
  return fixture.service.write('default', [{ kind: 'put', document }], { waitSearchable: true });
}

describe('lists of one name', () => {
  it('that were made at different times of a day are not mixed up', async () => {
    const recent = documents.map((document) => ({
      ...document,
      fields: { ...document.fields, released: '2025-12-31' },
    }));
    const schema = { ...testSchema, recency: { field: 'released', reference: 'now' } as const };
    const aging = await searchFixture(inProcessParts, recent, { schema });
    const ask = (more: Partial<SearchRequest> = {}) => aging.clock.run(aging.search({ ...asked, ...more }));
    const scores = (answer: SearchResponse) => answer.results.map(({ score }) => score);
    await ask();
    const [before, page] = [await ask({ k: 100 }), await ask()];
    // Too old to be given again, but not to be paged through.
    aging.clock.hold(limits.rankedPersonalTtlMs + 60_000);
    const later = await ask();
    expect(later.cached).toBe(false);
    expect(scores(later)).not.toEqual(scores(page));
    expect(scores(await ask({ cursor: page.cursor }))).toEqual(scores(before).slice(10, 20));
    const ofLater = await ask({ cursor: later.cursor });
    expect(ofLater.cached).toBe(true);
    expect(scores(ofLater)).not.toEqual(scores(before).slice(10, 20));
    // Nor does the old list, made again for its cursor, take the place of the new one.
    const again = await ask();
    expect([again.cached, scores(again)]).toEqual([true, scores(later)]);
    await aging.clock.run(aging.service.close());
  });

  it('keep a degraded list out of the first pages, and serve its cursors', async () => {
    let fails = true;
    const calm = await searchFixture((clock) => {
      const [well, ill] = [delayed({})(clock), delayed({ graph: -1 })(clock)];
      const recall: typeof well.graph.recall = (query) => (fails ? ill : well).graph.recall(query);
      return { ...well, graph: { ...well.graph, recall } };
    }, delayedDocuments);
    const ask = (more: Partial<SearchRequest> = {}) =>
      calm.clock.run(calm.search({ query: 'robot', like: ['d3'], k: 5, ...more }));
    await ask();
    const degraded = await ask();
    expect([degraded.degraded, degraded.cached]).toEqual([true, false]);
    fails = false;
    const second = await ask({ cursor: degraded.cursor });
    expect([second.degraded, second.cached, second.coverage.graph!.state]).toEqual([true, true, 'failed']);
    expect(ids(second).some((id) => ids(degraded).includes(id))).toBe(false);
    const good = await ask();
    expect([good.degraded, good.cached]).toEqual([false, false]);
    expect((await ask()).cached).toBe(true);
  });
});

describe('a later page', () => {
  it('with events that wait to be applied, or without the cache, is served all the same', async () => {
    await fixture.clock.run(
      fixture.service.recordEvents('default', [eventOf(fixture, 'ann', 'd29', 'like')]),
    );
    expect(ids(await next())).toEqual(ids(whole).slice(10, 20));
    const skipped = await search({ query: 'space', cache: 'skip' });
    const second = await search({ query: 'space', cache: 'skip', cursor: skipped.cursor });
    expect(second.cached).toBe(true);
    expect(second.results[0]!.rank).toBe(11);
  });

  it('says so when it could not learn what holds by now', async () => {
    // The words take a while, so the list is somewhat younger than what is known of the user.
    const shared = await searchFixture(delayed({ lexical: 300 }), delayedDocuments, { soleWriter: false });
    const ask = (cursor: string | null) => shared.clock.run(shared.search({ ...asked, k: 5, cursor }));
    const { cursor } = await ask(null);
    const gone = () => Promise.reject(new Error('gone'));
    shared.users.head = gone;
    const stale = await ask(cursor);
    expect(stale.warnings).toMatchObject([{ code: 'policy_stale' }]);
    expect(stale.degraded).toBe(false);
    shared.clock.hold(limits.policyStaleMsMax - 100);
    const unknown = await ask(cursor);
    expect(unknown.warnings).toMatchObject([{ code: 'policy_unavailable' }]);
    expect([unknown.degraded, unknown.coverage.policy!.state]).toEqual([true, 'failed']);
    await shared.clock.run(shared.service.close());
  });
});
