import { describe, expect, it } from 'vitest';
import { emptyPolicy } from '../../src/domain/policy.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import { limits } from '../../src/limits.ts';
import {
  type Delays,
  delayed,
  delayedDocuments,
  delayPolicies,
  never,
  type PartCall,
} from '../support/delayed-parts.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { type SearchFixture, searchFixture } from '../support/search-fixture.ts';
import { learn } from '../support/user-fixture.ts';

const headMs = 50;

/** A service that asks a slow policy store for every search; `calls` are those of the searches alone. */
async function slowStores(
  delays: Delays,
  constraints: readonly Rule[] = [],
  likes: readonly string[] = [],
  vectorRoundTrip = false,
) {
  const calls: PartCall[] = [];
  const parts = (clock: FakeClock) => ({ ...delayed(delays, calls)(clock), vectorRoundTrip });
  const fixture = await searchFixture(parts, delayedDocuments, { soleWriter: false });
  const { service, clock } = fixture;
  const policy = { ...emptyPolicy, constraints };
  await clock.run(service.putPolicy('default', 'ann', 'default', policy, null));
  if (likes.length > 0)
    await learn(
      fixture,
      'ann',
      likes.map((id) => [id, 'like']),
    );
  delayPolicies(fixture, headMs);
  return { fixture, calls };
}

async function ask(fixture: SearchFixture, request: Partial<SearchRequest> = {}) {
  const startMs = fixture.clock.nowMs();
  const answer = await fixture.clock.run(fixture.search({ query: 'robot', user: 'ann', ...request }));
  return { answer, startMs };
}

/** When each part was asked, counted from the start. */
const askedAt = (calls: readonly PartCall[], part: PartCall['part'], startMs: number) =>
  calls.flatMap((call) => (call.part === part ? [call.atMs - startMs] : []));

describe('a search that must ask the policy store', () => {
  it('takes as long as the slowest chain: the head is read beside the legs of the question', async () => {
    const { fixture, calls } = await slowStores({ embedder: 30, vector: 100, lexical: 80 });
    const { answer, startMs } = await ask(fixture);
    expect(answer.tookMs).toBe(130);
    expect(askedAt(calls, 'embedder', startMs)).toEqual([0]);
    expect(askedAt(calls, 'lexical', startMs)).toEqual([0]);
    expect(askedAt(calls, 'vector', startMs)).toEqual([30]);
    expect(answer.coverage.policy).toMatchObject({ state: 'ok', ms: headMs });
    expect(answer.degraded).toBe(false);
  });

  it('waits for the head where that is the slowest', async () => {
    const { fixture } = await slowStores({ embedder: 5, vector: 10, lexical: 20 });
    expect((await ask(fixture)).answer.tookMs).toBe(headMs);
  });

  it('starts taste and affinity when the head has answered, not before and not after the question', async () => {
    const { fixture, calls } = await slowStores(
      { embedder: 30, vector: 100, lexical: 80, graph: 60 },
      [],
      ['d3'],
    );
    const { answer, startMs } = await ask(fixture);
    expect(askedAt(calls, 'vector', startMs)).toEqual([30, headMs]);
    expect(askedAt(calls, 'graph', startMs)).toEqual([headMs]);
    expect(answer.tookMs).toBe(headMs + 100);
  });

  it('asks nothing else for an answer that it made before', async () => {
    const { fixture, calls } = await slowStores({ embedder: 30, vector: 100, lexical: 80 });
    expect((await ask(fixture)).answer.cached).toBe(false);
    calls.length = 0;
    const { answer } = await ask(fixture);
    expect(answer).toMatchObject({ cached: true, tookMs: headMs });
    expect(calls).toEqual([]);
  });

  it('makes the answer again behind the head where it is not kept any more, and the next beside it', async () => {
    const { fixture, calls } = await slowStores({ embedder: 30, vector: 100, lexical: 80 });
    await ask(fixture);
    await learn(fixture, 'ann', [['d3', 'hide']]);
    calls.length = 0;
    const changed = await ask(fixture);
    expect(changed.answer.cached).toBe(false);
    expect(askedAt(calls, 'embedder', changed.startMs)).toEqual([headMs]);
    expect((await ask(fixture)).answer.cached).toBe(true);
  });

  it('waits for a kept answer once where the policy store hangs, and not again', async () => {
    const { fixture, calls } = await slowStores({ embedder: 30, vector: 100, lexical: 80 });
    await ask(fixture);
    fixture.users.head = () => new Promise(() => {});
    fixture.users.rules = () => new Promise(() => {});
    calls.length = 0;
    const waited = await ask(fixture);
    expect(askedAt(calls, 'embedder', waited.startMs)).not.toEqual([0]);
    calls.length = 0;
    const next = await ask(fixture);
    expect(askedAt(calls, 'embedder', next.startMs)).toEqual([0]);
  });

  it('asks no leg again for hard rules that most documents pass', async () => {
    const comedies: Rule = {
      kind: 'require',
      facet: 'genres',
      match: 'any',
      values: ['Comedy'],
      missing: 'drop',
    };
    const { fixture, calls } = await slowStores({ embedder: 30, vector: 100, lexical: 80 }, [comedies]);
    const { answer } = await ask(fixture);
    expect(answer.total.value).toBe(7);
    expect(answer.tookMs).toBe(130);
    expect(calls.map(({ part, pushed }) => [part, pushed])).toEqual([
      ['lexical', false],
      ['embedder', false],
      ['vector', false],
    ]);
  });

  it('asks the legs, but not the embedder, again with selective hard rules pushed down', async () => {
    const { fixture, calls } = await slowStores({ embedder: 30, vector: 100, lexical: 80 }, [
      { kind: 'idsOnly', ids: ['d1', 'd2'] },
    ]);
    const { answer, startMs } = await ask(fixture);
    expect(calls.map(({ part, pushed, atMs }) => [part, pushed, atMs - startMs])).toEqual([
      ['lexical', false, 0],
      ['embedder', false, 0],
      ['vector', false, 30],
      ['lexical', true, headMs],
      ['vector', true, headMs],
    ]);
    expect(answer.tookMs).toBe(headMs + 100);
    expect(new Set(answer.results.map(({ id }) => id))).toEqual(new Set(['d1', 'd2']));
  });

  it('pushes a selective filter down at once, and asks no second time for rules that add nothing to it', async () => {
    const { fixture, calls } = await slowStores({ lexical: 80 });
    await ask(fixture, { filter: { kind: 'ids', ids: ['d1', 'd2'] } });
    expect(calls.filter(({ part }) => part === 'lexical').map(({ pushed }) => pushed)).toEqual([true]);
  });

  it('plans with one view of how fast the legs are: what is skipped is skipped for being slow', async () => {
    const { fixture, calls } = await slowStores({ lexical: 400 });
    const reasons: (string | undefined)[] = [];
    for (let i = 0; i < 60; i++) {
      const before = calls.length;
      // Another query each time, because an answer that came too late is remembered for the next one.
      const { answer } = await ask(fixture, { query: `robot ${i}`, timeoutMs: 100 });
      const { state, reason } = answer.coverage.lexical!;
      const asked = calls.slice(before).some(({ part }) => part === 'lexical');
      expect(asked, `search ${i}: ${state}`).toBe(state === 'late');
      reasons.push(reason);
    }
    expect(new Set(reasons)).toEqual(new Set(['budget_exceeded', 'too_slow']));
    // The first ones, and every sixteenth.
    expect(reasons.filter((reason) => reason === 'budget_exceeded')).toHaveLength(
      limits.latencySamplesMin + 3,
    );
  });

  it('leaves out what hangs, the policy store included, inside the deadline', async () => {
    const { fixture } = await slowStores({ vector: never });
    fixture.users.head = () => new Promise(() => {});
    const { answer } = await ask(fixture, { timeoutMs: 200 });
    expect(answer.tookMs).toBe(180);
    expect(answer.coverage).toMatchObject({ policy: { state: 'late' }, vector: { state: 'late' } });
    expect(answer.results.length).toBeGreaterThan(0);
  });
});

describe('a vector index that costs a round trip', () => {
  const likes = ['d3'];

  it('is asked once, for the query and for the taste, when both are known', async () => {
    const { fixture, calls } = await slowStores({ embedder: headMs + 5, vector: 100 }, [], likes, true);
    const { answer, startMs } = await ask(fixture);
    expect(askedAt(calls, 'vector', startMs)).toEqual([headMs + 5]);
    expect(answer.coverage.vector).toMatchObject({ state: 'ok', candidates: 10 });
    expect(answer.tookMs).toBe(headMs + 105);
  });

  it('is asked for the query after a moment where the head is late, and for the taste by itself', async () => {
    const { fixture, calls } = await slowStores({ embedder: 5, vector: 100 }, [], likes, true);
    const { startMs } = await ask(fixture);
    expect(askedAt(calls, 'vector', startMs)).toEqual([5 + limits.tasteJoinMsMax, headMs]);
  });

  it('is asked once more, and not for what it was about to be, where selective rules come with the head', async () => {
    const rule: Rule = { kind: 'idsOnly', ids: ['d1', 'd2'] };
    const { fixture, calls } = await slowStores({ embedder: headMs - 5, vector: 10 }, [rule], likes, true);
    await ask(fixture);
    expect(calls.filter(({ part }) => part === 'vector').map(({ pushed }) => pushed)).toEqual([true]);
  });

  it('is asked at once for somebody without a taste', async () => {
    const { fixture, calls } = await slowStores({ embedder: headMs + 5, vector: 10 }, [], [], true);
    const { answer, startMs } = await ask(fixture);
    expect(askedAt(calls, 'vector', startMs)).toEqual([headMs + 5]);
    expect(answer.degraded).toBe(false);
  });
});
