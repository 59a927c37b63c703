import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResult } from '../../src/domain/search-response.ts';
import { limits } from '../../src/limits.ts';
import { documentsArbitrary, embeddingArbitrary, predicateArbitrary } from '../support/arbitraries.ts';
import { policyArbitrary, rulesArbitrary, tenantRulesArbitrary } from '../support/policy-arbitraries.ts';
import {
  inProcessParts,
  plainRequest,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';
import { learn } from '../support/user-fixture.ts';

/** Legs and lists so short that documents miss the window and the list, and the ordinary ones. */
const profiles = [
  ...builtInProfiles,
  ...builtInProfiles.map((profile) => ({
    ...profile,
    name: `short ${profile.name}`,
    legDepth: 8,
    rankDepth: 12,
  })),
];

const requestArbitrary: fc.Arbitrary<Partial<SearchRequest>> = fc
  .record({
    query: fc.option(fc.constantFrom('robot', 'lonely robot in space', 'war love')),
    embedding: fc.option(embeddingArbitrary),
    filter: fc.option(predicateArbitrary),
    user: fc.option(fc.constant('ann')),
    context: fc.constantFrom('default', 'kids'),
    constraints: rulesArbitrary,
    profile: fc.constantFrom(...profiles.map((profile) => profile.name)),
    diversity: fc.constantFrom(0, 0, 0.4),
    minScore: fc.option(fc.constantFrom(0.05, 0.2)),
  })
  .filter(({ query, embedding, filter, user }) => (query ?? embedding ?? filter ?? user) !== null);

const worldArbitrary = fc.record({
  documents: documentsArbitrary.filter(({ length }) => length > 5),
  tenantRules: tenantRulesArbitrary,
  policy: policyArbitrary,
  acts: fc.array(fc.tuple(fc.nat(40), fc.constantFrom('view' as const, 'hide' as const, 'like' as const)), {
    maxLength: 5,
  }),
  requests: fc.array(requestArbitrary, { minLength: 6, maxLength: 6 }),
});

/** The whole list of a request: R is at most a page. */
async function listOf(
  fixture: SearchFixture,
  request: Partial<SearchRequest>,
): Promise<readonly SearchResult[]> {
  const answer = await fixture.clock.run(
    fixture.search({ ...request, k: limits.kMax, explain: 'full', cache: 'skip' }),
  );
  expect(answer.cursor).toBeNull();
  return answer.results;
}

/** What the hard rules and the filter let pass: every document alone is in the list of its own search, or not. */
async function isAllowed(
  fixture: SearchFixture,
  request: Partial<SearchRequest>,
  id: string,
): Promise<boolean> {
  const only = { kind: 'idsOnly', ids: [id] } as const;
  const constraints = [...(request.constraints ?? []), only];
  const { total } = await fixture.clock.run(
    fixture.search({ ...request, constraints, minScore: null, cache: 'skip' }),
  );
  return total.value === 1;
}

let explained = 0;
const outcomes = new Map<string, number>();

async function checkDocument(
  fixture: SearchFixture,
  request: Partial<SearchRequest>,
  list: readonly SearchResult[],
  id: string,
): Promise<void> {
  const { service, clock } = fixture;
  const why = await clock.run(
    service.explain('default', { ...plainRequest, ...request }, id, { startedAtMs: clock.nowMs() }),
  );
  explained++;
  outcomes.set(why.outcome, (outcomes.get(why.outcome) ?? 0) + 1);
  const result = list.find((one) => one.id === id);
  expect(why.outcome === 'ranked').toBe(result !== undefined);
  expect(why.outcome === 'dropped').toBe(why.droppedBy.length > 0);
  expect(why.droppedBy.length === 0).toBe(await isAllowed(fixture, request, id));
  expect(why.inWindow).toBe(why.sources.length > 0);
  if (result !== undefined) {
    const { score, ranks, signals, sources } = result;
    expect({ score: why.score, ranks: why.ranks, signals: why.signals, sources: why.sources }).toEqual({
      score,
      ranks,
      signals,
      sources,
    });
    expect(why.ranks!.final).toBe(result.rank);
    const down = ranks!.diverse - ranks!.fused;
    const byDiversity = why.pushedBy.filter(({ stage }) => stage === 'diversity').map(({ ranks: by }) => by);
    expect(byDiversity).toEqual(down > 0 ? [down] : []);
    if (ranks!.final > ranks!.diverse) expect(why.pushedBy.some(({ stage }) => stage === 'rules')).toBe(true);
  } else expect(why.ranks).toBeNull();
  if (why.outcome === 'below_floor') expect(why.floor).not.toBeNull();
  if (why.outcome === 'not_recalled') {
    expect(why.inWindow).toBe(false);
    if (why.floor !== null) expect(why.score).toBeGreaterThanOrEqual(why.floor);
  }
  const contributions = Object.values(why.signals).reduce((sum, { contribution }) => sum + contribution, 0);
  expect(contributions).toBeCloseTo(why.score, 6);
}

describe('explain', () => {
  it('of every document agrees with the search', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(worldArbitrary, async ({ documents, tenantRules, policy, acts, requests }) => {
        const fixture = await searchFixture(inProcessParts, documents, { profiles });
        const { service, clock } = fixture;
        await clock.run(service.putRules('default', tenantRules, null));
        await clock.run(service.putPolicy('default', 'ann', 'default', policy, null));
        if (acts.length > 0)
          await learn(
            fixture,
            'ann',
            acts.map(([index, type]) => [documents[index % documents.length]!.id, type]),
          );
        for (const request of requests) {
          const list = await listOf(fixture, request);
          for (const { id } of documents) await checkDocument(fixture, request, list, id);
        }
        await clock.run(service.close());
      }),
      { numRuns: 80, endOnFailure: true },
    );
    process.stderr.write(`explain: ${explained} documents, ${JSON.stringify([...outcomes])}\n`);
    for (const outcome of ['ranked', 'dropped', 'below_floor'])
      expect(outcomes.get(outcome)).toBeGreaterThan(0);
  });
});
