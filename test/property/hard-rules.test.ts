import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy, TenantRules } from '../../src/domain/policy.ts';
import { matches, type Predicate } from '../../src/domain/predicate.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import { isHardRule, type Rule } from '../../src/domain/rule.ts';
import { rulePredicate } from '../../src/domain/rule-predicate.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import {
  documentsArbitrary,
  embeddingArbitrary,
  predicateArbitrary,
  testSchema,
} from '../support/arbitraries.ts';
import { policyArbitrary, rulesArbitrary, tenantRulesArbitrary } from '../support/policy-arbitraries.ts';
import { inProcessParts, type SearchFixture, searchFixture } from '../support/search-fixture.ts';
import { learn } from '../support/user-fixture.ts';

/** Worlds, each with this many requests: more than 10,000 searches and pages in all. */
const worlds = 120;
const requestsPerWorld = 100;
const dayMs = 86_400_000;

const requestArbitrary: fc.Arbitrary<Partial<SearchRequest>> = fc
  .record({
    query: fc.option(fc.constantFrom('robot', 'lonely robot in space', 'war love')),
    embedding: fc.option(embeddingArbitrary),
    filter: fc.option(predicateArbitrary),
    user: fc.option(fc.constantFrom('ann', 'bob')),
    context: fc.constantFrom('default', 'kids'),
    constraints: rulesArbitrary,
    profile: fc.constantFrom(...builtInProfiles.map((profile) => profile.name)),
    diversity: fc.constantFrom(0, 0, 0.4),
    k: fc.integer({ min: 1, max: 7 }),
    cache: fc.constantFrom('use' as const, 'skip' as const),
    minScore: fc.option(fc.constantFrom(0.05, 0.2)),
  })
  .filter(({ query, embedding, filter, user }) => (query ?? embedding ?? filter ?? user) !== null);

const worldArbitrary = fc.record({
  documents: documentsArbitrary,
  tenantRules: tenantRulesArbitrary,
  policies: fc.record({ ann: policyArbitrary, bob: policyArbitrary }),
  annInKids: policyArbitrary,
  seen: fc.array(fc.nat(40), { maxLength: 4 }),
  hidden: fc.array(fc.nat(40), { maxLength: 3 }),
  requests: fc.array(requestArbitrary, { minLength: requestsPerWorld, maxLength: requestsPerWorld }),
});

type World = typeof worldArbitrary extends fc.Arbitrary<infer W> ? W : never;

/** The state of the world as the test knows it, by the words of the design and not by the service's own records. */
class Expectation {
  readonly #world: World;
  readonly seen = new Set<string>();
  readonly hidden = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** All hard rules that hold for a request, as predicates. */
  predicates(request: Partial<SearchRequest>, nowMs: number): Predicate[] {
    const { tenantRules, policies, annInKids } = this.#world;
    const user = request.user ?? null;
    const own = (policy: Policy | TenantRules) =>
      'constraints' in policy ? policy.constraints : policy.rules;
    const rules: Rule[] = [
      ...own(tenantRules),
      ...(request.context === 'kids' ? tenantRules.contexts.kids!.rules : []),
      ...(user === null ? [] : own(policies[user as 'ann' | 'bob'])),
      ...(user === 'ann' && request.context === 'kids' ? own(annInKids) : []),
      ...(request.constraints ?? []),
    ];
    const seen = user === 'ann' ? [...this.seen] : user === null ? null : [];
    const facts = { nowMs: Math.floor(nowMs / dayMs) * dayMs, seen };
    const predicates = rules.filter(isHardRule).flatMap((rule) => {
      const compiled = rulePredicate(rule, testSchema, facts);
      return compiled === null ? [] : [compiled.predicate];
    });
    if (user === 'ann') predicates.push({ kind: 'not', of: { kind: 'ids', ids: [...this.hidden] } });
    return request.filter ? [...predicates, request.filter] : predicates;
  }
}

async function open(world: World): Promise<{ fixture: SearchFixture; expectation: Expectation }> {
  const fixture = await searchFixture(inProcessParts, world.documents);
  const { service, clock } = fixture;
  const expectation = new Expectation(world);
  await clock.run(service.putRules('default', world.tenantRules, null));
  for (const user of ['ann', 'bob'] as const)
    await clock.run(service.putPolicy('default', user, 'default', world.policies[user], null));
  await clock.run(service.putPolicy('default', 'ann', 'kids', world.annInKids, null));
  const ids = world.documents.map((document) => document.id);
  if (ids.length === 0) return { fixture, expectation };
  const pick = (index: number): string => ids[index % ids.length]!;
  for (const index of world.seen) expectation.seen.add(pick(index));
  for (const index of world.hidden) expectation.hidden.add(pick(index));
  await learn(fixture, 'ann', [
    ...[...expectation.seen].map((id) => [id, 'view'] as const),
    ...[...expectation.hidden].map((id) => [id, 'hide'] as const),
  ]);
  return { fixture, expectation };
}

let searches = 0;

async function checkRequest(
  fixture: SearchFixture,
  expectation: Expectation,
  world: World,
  request: Partial<SearchRequest>,
): Promise<void> {
  const allowed = new Set(
    world.documents
      .filter((document) =>
        expectation
          .predicates(request, fixture.clock.epochMs())
          .every((predicate) => matches(testSchema, document, predicate)),
      )
      .map((document) => document.id),
  );
  let cursor: string | null = null;
  for (let page = 0; page < 4; page++) {
    const answer: SearchResponse = await fixture.clock.run(fixture.search({ ...request, cursor }));
    searches++;
    for (const { id } of answer.results) expect(allowed.has(id), `${id} is against a hard rule`).toBe(true);
    if (request.minScore == null) expect(answer.total).toEqual({ value: allowed.size, relation: 'eq' });
    cursor = answer.cursor;
    if (cursor === null) break;
  }
}

describe('hard rules', () => {
  it('are broken by no mix of rules, filters, profiles, contexts, users, caches and pages', async () => {
    await fc.assert(
      fc.asyncProperty(worldArbitrary, async (world) => {
        const { fixture, expectation } = await open(world);
        for (const request of world.requests) await checkRequest(fixture, expectation, world, request);
        await fixture.clock.run(fixture.service.close());
      }),
      { numRuns: worlds, endOnFailure: true },
    );
    process.stderr.write(`hard rules: ${searches} searches and pages\n`);
    expect(searches).toBeGreaterThan(10_000);
  }, 240_000);

  it('of a policy cannot be relaxed by a request: whatever it adds, what passes is a part of what passed', async () => {
    await fc.assert(
      fc.asyncProperty(worldArbitrary, rulesArbitrary, async (world, added) => {
        const { fixture } = await open(world);
        for (const request of world.requests.slice(0, 10)) {
          const total = async (constraints: readonly Rule[]) =>
            (
              await fixture.clock.run(
                fixture.search({ ...request, constraints, minScore: null, cache: 'skip' }),
              )
            ).total.value;
          const before = await total([]);
          expect(await total(added)).toBeLessThanOrEqual(before);
        }
        await fixture.clock.run(fixture.service.close());
      }),
      { numRuns: 40, endOnFailure: true },
    );
  }, 120_000);
});
