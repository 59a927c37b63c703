import fc from 'fast-check';
import type { Document } from '../../src/domain/document.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { Rule, SourcedRule } from '../../src/domain/rule.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { embeddingArbitrary, predicateArbitrary } from './arbitraries.ts';
import { rulesArbitrary } from './policy-arbitraries.ts';
import { fanOfDocuments, plainRequest, type SearchFixture } from './search-fixture.ts';
import { anyContext, anyUser, userCall } from './tenant-users.ts';

/** Two tenants; what belongs to one has its name in it wherever a document has text. */
export const tenants = ['acme', 'globex'] as const;
export type Tenant = (typeof tenants)[number];

const documentsEach = 40;
const idOf = (tenant: string, index: number): string => `${tenant}-${index}`;

/** Documents with the same vectors and genres as those of the other tenant, and with words and directors of their own. */
export function documentsOf(tenant: Tenant): Document[] {
  return fanOfDocuments(documentsEach).map((document, index) => ({
    ...document,
    id: idOf(tenant, index),
    title: `${tenant} film ${index}`,
    text: `${document.text} ${tenant}word`,
    facets: { ...document.facets, directors: [`${tenant} director ${index % 4}`] },
    fields: { ...document.fields, language: tenant },
    relations: [{ type: 'SEQUEL', id: idOf(tenant, (index + 1) % documentsEach), strength: 0.9 }],
  }));
}

/** Ids of both tenants, and such that nobody has. */
export const anyTenantsId = fc
  .oneof(
    { weight: 8, arbitrary: fc.tuple(fc.constantFrom(...tenants), fc.nat(documentsEach - 1)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('nobody'), fc.nat(5)) },
  )
  .map(([tenant, index]) => idOf(tenant, index));

const word = fc.constantFrom(
  'robot',
  'space',
  'film',
  'acme',
  'globex',
  'acmeword',
  'globexword',
  'globexwrod',
);
const ids = fc.uniqueArray(anyTenantsId, { maxLength: 4 });
const directors = fc.constantFrom(...tenants).map((tenant) => `${tenant} director 1`);

const filter = fc.oneof(
  predicateArbitrary,
  ids.filter(({ length }) => length > 0).map((wanted) => ({ kind: 'ids', ids: wanted }) as const),
  directors.map((value) => ({ kind: 'facet', facet: 'directors', match: 'any', values: [value] }) as const),
  fc.constantFrom(...tenants).map((value) => ({ kind: 'in', field: 'language', values: [value] }) as const),
);

const constraints: fc.Arbitrary<readonly Rule[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: rulesArbitrary },
  { weight: 1, arbitrary: anyTenantsId.map((id) => [{ kind: 'pin', id, rank: 1 } as const]) },
  { weight: 1, arbitrary: ids.map((some) => [{ kind: 'idsExclude', ids: some } as const]) },
  {
    weight: 1,
    arbitrary: directors.map((name) => [{ kind: 'exclude', facet: 'directors', values: [name] } as const]),
  },
);

/** What a search may say. */
export const tenantRequest: fc.Arbitrary<SearchRequest> = fc
  .record({
    query: fc.option(fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' '))),
    embedding: fc.option(embeddingArbitrary, { freq: 2 }),
    like: ids,
    filter: fc.option(filter),
    profile: fc.constantFrom(...builtInProfiles.map(({ name }) => name)),
    diversity: fc.constantFrom(null, 0.3),
    k: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 100 })),
    includeRelationships: fc.boolean(),
    explain: fc.constantFrom('none', 'score', 'plan', 'full'),
    include: fc.constantFrom([], ['fields', 'facets', 'facet_counts'] as const),
    user: fc.option(anyUser),
    context: anyContext,
    constraints,
    cache: fc.constantFrom('use', 'use', 'skip'),
  })
  .map((drawn) => ({ ...plainRequest, ...drawn }))
  .filter((drawn) => (drawn.query ?? drawn.embedding ?? drawn.filter ?? drawn.user ?? drawn.like[0]) != null);

/** One thing that a tenant asks of the service; a name, so that a failing one can be read. */
export interface TenantCall {
  readonly name: string;
  /** The search that it is, or begins with. */
  readonly request?: SearchRequest;
  readonly run: (fixture: SearchFixture, tenant: Tenant) => Promise<unknown>;
}

/** Everything that a tenant can read, and what of its own it can write meanwhile. A new method of Triptych comes in here. */
export const tenantCall: fc.Arbitrary<TenantCall> = fc.oneof(
  { weight: 12, arbitrary: tenantRequest.map(searchCall) },
  { weight: 2, arbitrary: tenantRequest.map(pagesCall) },
  { weight: 2, arbitrary: fc.tuple(tenantRequest, anyTenantsId).map(explainCall) },
  { weight: 1, arbitrary: fc.array(tenantRequest, { minLength: 1, maxLength: 2 }).map(batchCall) },
  { weight: 1, arbitrary: fc.tuple(anyTenantsId, fc.integer({ min: 1, max: 100 })).map(similarCall) },
  { weight: 2, arbitrary: anyTenantsId.map(documentCall) },
  { weight: 1, arbitrary: fc.tuple(fc.option(anyTenantsId), fc.integer({ min: 1, max: 100 })).map(listCall) },
  { weight: 1, arbitrary: fc.constant(null).map(catalogueCall) },
  { weight: 2, arbitrary: userCall },
);

const started = ({ clock }: SearchFixture) => ({ startedAtMs: clock.nowMs() });

function searchCall(request: SearchRequest): TenantCall {
  return {
    name: `search ${JSON.stringify(request)}`,
    request,
    run: (fixture, tenant) => fixture.service.search(tenant, request, started(fixture)),
  };
}

/** The first page twice, the second time from the cache if that is allowed, then the pages behind it. */
function pagesCall(request: SearchRequest): TenantCall {
  return {
    name: `pages ${JSON.stringify(request)}`,
    request,
    run: async (fixture, tenant) => {
      const pages: SearchResponse[] = [];
      for (let cursor: string | null = null; pages.length < 4; ) {
        const page: SearchResponse = await fixture.service.search(
          tenant,
          { ...request, cursor },
          started(fixture),
        );
        if (pages.length === 1 && page.cursor === null) break;
        if (pages.length > 0) cursor = page.cursor;
        pages.push(page);
        if (pages.length > 1 && cursor === null) break;
      }
      return pages;
    },
  };
}

function explainCall([request, id]: [SearchRequest, string]): TenantCall {
  return {
    name: `explain ${id} ${JSON.stringify(request)}`,
    run: async (fixture, tenant) => {
      const why = await fixture.service.explain(tenant, request, id, started(fixture));
      // What the question says itself may name anything.
      const declared = <R extends { readonly rule: SourcedRule | null }>(reasons: readonly R[]) =>
        reasons.filter(({ rule }) => rule !== null && rule.source !== 'request');
      return {
        ...why,
        droppedBy: declared(why.droppedBy),
        pushedBy: declared(why.pushedBy),
        adjustedBy: declared(why.adjustedBy),
      };
    },
  };
}

function batchCall(requests: readonly SearchRequest[]): TenantCall {
  return {
    name: `batch ${JSON.stringify(requests)}`,
    run: async (fixture, tenant) => {
      const settled = await fixture.service.searchBatch(tenant, requests, started(fixture));
      return settled.map((one) =>
        one.status === 'fulfilled' ? one.value : { code: String(one.reason.code) },
      );
    },
  };
}

function similarCall([id, limit]: [string, number]): TenantCall {
  return {
    name: `similar ${id}`,
    run: (fixture, tenant) => fixture.service.similar(tenant, id, limit, started(fixture)),
  };
}

function documentCall(id: string): TenantCall {
  return { name: `document ${id}`, run: ({ service }, tenant) => service.document(tenant, id) };
}

function listCall([after, limit]: [string | null, number]): TenantCall {
  return {
    name: `documents after ${after}`,
    run: ({ service }, tenant) => service.documents(tenant, after, limit),
  };
}

function catalogueCall(): TenantCall {
  return { name: 'catalogue', run: ({ service }, tenant) => service.catalogue(tenant) };
}

/** Members that repeat the question, or depend on how fast the process has been, for whichever tenant. */
const leftOut = new Set([
  'warnings',
  'reason',
  'plan',
  'stages',
  'tookMs',
  'ms',
  'budgetMs',
  // Whether a list was kept depends on what else was asked meanwhile, not what is in it.
  'cached',
  'strategy',
  'cursor',
  // One sequence counts the writes of policies, rules and events of all tenants.
  'version',
  'receivedAtMs',
]);

/** The answer as text. */
export function answerText(answer: unknown): string {
  return JSON.stringify(answer, (name, value: unknown) => {
    if (leftOut.has(name)) return undefined;
    return typeof value === 'bigint' ? String(value) : value;
  });
}
