import { describe, expect, it } from 'vitest';
import { emptyPolicy } from '../../src/domain/policy.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { type Delays, delayed, delayedDocuments, delayPolicies } from '../support/delayed-parts.ts';
import {
  type FixtureOptions,
  plainRequest,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';

interface Told {
  readonly what: 'plan' | 'provisional' | 'final' | 'error';
  readonly atMs: number;
  readonly response: SearchResponse | null;
  readonly error?: unknown;
}

/** Searches, and notes what is told when, from the search's start. */
async function watch(
  { service, clock }: SearchFixture,
  request: Partial<SearchRequest> = {},
): Promise<Told[]> {
  const startedAtMs = clock.nowMs();
  const told: Told[] = [];
  const note = (what: Told['what'], response: SearchResponse | null, error?: unknown) =>
    told.push({ what, atMs: clock.nowMs() - startedAtMs, response, error });
  const observer = {
    onPlan: () => note('plan', null),
    onProvisional: (response: SearchResponse) => note('provisional', response),
  };
  const asked = { ...plainRequest, query: 'robot', user: 'ann', ...request };
  const answered = service.search('default', asked, { startedAtMs, observer }).then(
    (response) => note('final', response),
    (error: unknown) => note('error', null, error),
  );
  await clock.run(answered);
  return told;
}

const open = (delays: Delays, options: FixtureOptions = {}) =>
  searchFixture(delayed(delays), delayedDocuments, options);
/** What is provisional gives the event loop a turn first, in which the fake clock may go on to its next timer. */
const between = (fromMs: number, beforeMs: number) => (atMs: number) => atMs >= fromMs && atMs < beforeMs;
const timeline = (told: readonly Told[]) => told.map(({ what, atMs }) => [what, atMs]);

describe('who watches a search', () => {
  it('is told the plan, what is there when the first leg has answered, and the answer', async () => {
    const told = await watch(await open({ embedder: 30, vector: 100, lexical: 20 }));
    expect(timeline(told)).toEqual([
      ['plan', 0],
      ['provisional', expect.toSatisfy(between(20, 130))],
      ['final', 130],
    ]);
    const [provisional, final] = [told[1]!.response!, told[2]!.response!];
    expect(provisional.coverage).toMatchObject({ vector: { state: 'pending' }, lexical: { state: 'ok' } });
    expect(provisional.results.map(({ sources }) => sources)).toEqual(Array(10).fill(['lexical']));
    expect(provisional.results.every(({ signals }) => signals!.similarity!.value === null)).toBe(true);
    expect(provisional.cursor).toBeNull();
    expect(final.coverage).toMatchObject({ vector: { state: 'ok' }, lexical: { state: 'ok' } });
    expect(final.degraded).toBe(false);
  });

  it('is told nothing before the policy store has answered', async () => {
    const fixture = await open({ embedder: 30, vector: 200, lexical: 10 }, { soleWriter: false });
    delayPolicies(fixture, 50);
    const told = await watch(fixture);
    expect(timeline(told)).toEqual([
      ['plan', 50],
      ['provisional', expect.toSatisfy(between(50, 230))],
      ['final', 230],
    ]);
  });

  it('is shown nothing that a hard rule forbids, and pins in their places, in the provisional answer too', async () => {
    const fixture = await open({ embedder: 30, vector: 200, lexical: 10 }, { soleWriter: false });
    const constraints = [
      { kind: 'exclude', facet: 'genres', values: ['Comedy'] },
      { kind: 'pin', id: 'd1', rank: 2 },
    ] as const;
    const policy = { ...emptyPolicy, constraints };
    await fixture.clock.run(fixture.service.putPolicy('default', 'ann', 'default', policy, null));
    delayPolicies(fixture, 50);
    const provisional = (await watch(fixture, { include: ['facets'] }))[1]!.response!;
    expect(provisional.results[1]!.id).toBe('d1');
    expect(provisional.results.flatMap(({ facets }) => facets!.genres)).not.toContain('Comedy');
    expect(provisional.coverage.policy).toMatchObject({ state: 'ok', candidates: 1 });
  });

  it.each<[string, Delays, number]>([
    ['answer at once', {}, 0],
    ['answer together', { embedder: 20, vector: 30, lexical: 50 }, 0],
    ['have answered before the policy store', { embedder: 10, vector: 10, lexical: 10 }, 50],
  ])('is told of nothing provisional where all legs %s', async (_, delays, headMs) => {
    const fixture = await open(delays, { soleWriter: headMs === 0 });
    if (headMs > 0) delayPolicies(fixture, headMs);
    expect((await watch(fixture)).map(({ what }) => what)).toEqual(['plan', 'final']);
  });

  it('is told of nothing but the answer where that was kept', async () => {
    const fixture = await open({ embedder: 30, vector: 100, lexical: 20 });
    await watch(fixture);
    await watch(fixture);
    const told = await watch(fixture);
    expect(timeline(told)).toEqual([['final', 0]]);
    expect(told[0]!.response!.cached).toBe(true);
  });

  it('and takes no incomplete answer is shown none on the way, and gets the whole one', async () => {
    const told = await watch(await open({ embedder: 30, vector: 100, lexical: 20 }), { partial: false });
    expect(timeline(told)).toEqual([
      ['plan', 0],
      ['final', 130],
    ]);
  });

  it('is told of a failure after the plan', async () => {
    const told = await watch(await open({ embedder: -1, lexical: -1 }));
    expect(told.map(({ what }) => what)).toEqual(['plan', 'error']);
    expect(told[1]!.error).toMatchObject({ code: 'unavailable' });
  });

  it('and a failing leg: what is provisional waits for one that brings something', async () => {
    const told = await watch(await open({ embedder: 30, vector: 100, lexical: -1 }), { like: ['d3'] });
    // The graph answers at once, the words not at all.
    expect(timeline(told)).toEqual([
      ['plan', 0],
      ['provisional', expect.toSatisfy(between(0, 130))],
      ['final', 130],
    ]);
    expect(told[1]!.response!.coverage).toMatchObject({
      lexical: { state: 'failed' },
      graph: { state: 'ok' },
      vector: { state: 'pending' },
    });
  });
});
