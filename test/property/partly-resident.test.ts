import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openNative } from '../../src/adapters/native/open-native.ts';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { limits } from '../../src/limits.ts';
import {
  documentArbitrary,
  documentsArbitrary,
  embeddingArbitrary,
  idArbitrary,
  predicateArbitrary,
  testSchema,
} from '../support/arbitraries.ts';
import { scoringWith } from '../support/js-backends.ts';
import { policyArbitrary, rulesArbitrary, tenantRulesArbitrary } from '../support/policy-arbitraries.ts';
import { remoteParts } from '../support/remote-parts.ts';
import {
  type FixtureOptions,
  plainRequest,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';
import { eventOf, learn } from '../support/user-fixture.ts';

/** The built-in profiles, and the same with legs and lists so short that documents miss them. */
const profiles = builtInProfiles.flatMap((profile) => [
  profile,
  { ...profile, name: `short ${profile.name}`, legDepth: 6, rankDepth: 9 },
]);

const schemaArbitrary: fc.Arbitrary<CatalogueSchema> = fc
  .record({
    tier: fc.constantFrom('f32' as const, 'f16' as const, 'int8' as const),
    reference: fc.constantFrom('now' as const, 'newest_document' as const),
    popularity: fc.constantFrom('votes', null),
  })
  .map(({ tier, reference, popularity }) => ({
    ...testSchema,
    embedding: { ...testSchema.embedding, tier },
    recency: { field: 'released', reference },
    popularity,
  }));

const requestArbitrary: fc.Arbitrary<Partial<SearchRequest>> = fc
  .record({
    query: fc.option(fc.constantFrom('robot', 'lonely robot in space', 'war love', 'robbot')),
    embedding: fc.option(embeddingArbitrary),
    like: fc.uniqueArray(idArbitrary, { maxLength: 3 }),
    filter: fc.option(predicateArbitrary),
    user: fc.option(fc.constant('ann')),
    context: fc.constantFrom('default', 'kids'),
    constraints: rulesArbitrary,
    profile: fc.constantFrom(...profiles.map((profile) => profile.name)),
    diversity: fc.constantFrom(null, 0, 0.4, 1),
    minScore: fc.option(fc.constantFrom(0.05, 0.2)),
    k: fc.constantFrom(2, 5, 100),
    explain: fc.constantFrom('score' as const, 'full' as const),
    include: fc.constant(['fields', 'facets', 'facet_counts'] as const),
    includeRelationships: fc.boolean(),
    cache: fc.constantFrom('use' as const, 'skip' as const),
  })
  .filter(
    ({ query, embedding, filter, user, like }) => (query ?? embedding ?? filter ?? user ?? like[0]) != null,
  );

const eventArbitrary = fc.tuple(
  idArbitrary,
  fc.constantFrom('view' as const, 'hide' as const, 'like' as const),
);

const worldArbitrary = fc.record({
  schema: schemaArbitrary,
  documents: documentsArbitrary.filter(({ length }) => length > 5),
  written: fc.array(documentArbitrary, { maxLength: 5 }),
  deleted: fc.uniqueArray(idArbitrary, { maxLength: 3 }),
  tenantRules: tenantRulesArbitrary,
  policy: policyArbitrary,
  acts: fc.array(eventArbitrary, { maxLength: 5 }),
  late: fc.array(eventArbitrary, { maxLength: 2 }),
  requests: fc.array(requestArbitrary, { minLength: 4, maxLength: 4 }),
  asked: fc.array(idArbitrary, { minLength: 2, maxLength: 2 }),
});
type World = typeof worldArbitrary extends fc.Arbitrary<infer W> ? W : never;

async function open(world: World, options: FixtureOptions): Promise<SearchFixture> {
  const { schema, documents, written, deleted, tenantRules, policy, acts } = world;
  const fixture = await searchFixture(remoteParts, documents, { schema, profiles, ...options });
  const { service, clock } = fixture;
  const writes = [
    // The service refuses blank titles.
    ...written.map((one) => ({ kind: 'put' as const, document: { ...one, title: one.title || 'None' } })),
    ...deleted.map((id) => ({ kind: 'delete' as const, id })),
  ];
  await clock.run(service.write('default', writes, { waitSearchable: true }));
  await clock.run(service.putRules('default', tenantRules, undefined));
  await clock.run(service.putPolicy('default', 'ann', 'default', policy, undefined));
  await learn(fixture, 'ann', acts);
  return fixture;
}

/** All pages of a search: what the answer says of documents, and what was counted. */
async function pages(fixture: SearchFixture, request: Partial<SearchRequest>): Promise<object[]> {
  const found: object[] = [];
  let cursor: string | null = null;
  do {
    const answer: SearchResponse = await fixture.clock.run(fixture.search({ ...request, cursor }));
    const { results, degraded, warnings, total, facetCounts, cached } = answer;
    found.push({ results, degraded, warnings, total, facetCounts, cached });
    cursor = answer.cursor;
  } while (cursor !== null && found.length < 60);
  return found;
}

async function outcome(work: Promise<unknown>): Promise<unknown> {
  return work.catch((error: { code?: string; message: string }) => `${error.code}: ${error.message}`);
}

/** Everything that the service says of the requests. */
async function answers(fixture: SearchFixture, { requests, asked, late }: World): Promise<unknown[]> {
  const { service, clock } = fixture;
  const said: unknown[] = [];
  const options = () => ({ startedAtMs: clock.nowMs() });
  for (const request of requests) {
    // Events that are acknowledged and not applied yet.
    const events = late.map(([document, type]) => eventOf(fixture, 'ann', document, type));
    if (events.length > 0) await clock.run(service.recordEvents('default', events));
    said.push(await outcome(pages(fixture, request)));
    for (const id of asked) {
      const why = clock.run(service.explain('default', { ...plainRequest, ...request }, id, options()));
      said.push(await outcome(why.then(({ coverage, tookMs, ...rest }) => rest)));
      const near = clock.run(service.similar('default', id, 10, options()));
      said.push(await outcome(near.then(({ neighbours, degraded }) => ({ neighbours, degraded }))));
    }
    const given = { search: { ...plainRequest, ...request }, ids: [...asked, '1', '2', '3'], topN: 5 };
    const ordered = clock.run(service.rerank('default', given, options()));
    said.push(
      await outcome(ordered.then(({ results, degraded, warnings }) => ({ results, degraded, warnings }))),
    );
  }
  return said;
}

const native = openNative({ variant: 'auto' });
const backends: [string, FixtureOptions][] = [['js', {}]];
if (!('reason' in native))
  backends.push(['native', { exact: native.exactScorer, scoring: scoringWith([native.reranker]) }]);

let read = 0;

function countReads({ store }: SearchFixture): void {
  const embeddings = store.embeddings.bind(store);
  store.embeddings = async (tenant, generation, ids) => {
    read += ids.length;
    return embeddings(tenant, generation, ids);
  };
}

describe.each(backends)('a search of a catalogue of which a tenth is resident, %s', (_, options) => {
  it('gives the lists, signals, reasons, warnings and counts of one that is wholly in memory', async () => {
    await fc.assert(
      fc.asyncProperty(worldArbitrary, async (world) => {
        const residentRowsMax = Math.ceil(world.documents.length / 10);
        const whole = await open(world, options);
        const partly = await open(world, { ...options, residentRowsMax });
        countReads(partly);
        const [wanted, got] = [await answers(whole, world), await answers(partly, world)];
        expect(got).toEqual(wanted);
        for (const { clock, service } of [whole, partly]) await clock.run(service.close());
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});

if ('reason' in native)
  describe('native', () => {
    it.skipIf(true)(`is not here: ${native.reason}`, () => {});
  });

afterAll(() => {
  // Otherwise nothing was shown.
  expect(read).toBeGreaterThan(limits.kMax);
});
