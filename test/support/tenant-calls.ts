import fc from 'fast-check';
import type { Document } from '../../src/domain/document.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { Triptych } from '../../src/ports/triptych.ts';
import { embeddingArbitrary, predicateArbitrary } from './arbitraries.ts';
import { fanOfDocuments, plainRequest } from './search-fixture.ts';

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

/** What a search may say. Members that come to SearchRequest come in here: users, contexts, constraints, cursors, cache. */
export const tenantRequest: fc.Arbitrary<SearchRequest> = fc
  .record({
    query: fc.option(fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' '))),
    embedding: fc.option(embeddingArbitrary, { freq: 1 }),
    like: ids,
    filter: fc.option(filter),
    profile: fc.constantFrom(...builtInProfiles.map(({ name }) => name)),
    diversity: fc.constantFrom(null, 0.3),
    k: fc.integer({ min: 1, max: 100 }),
    includeRelationships: fc.boolean(),
    explain: fc.constantFrom('none', 'score', 'plan', 'full'),
    include: fc.constantFrom([], ['fields', 'facets', 'facet_counts'] as const),
  })
  .map((drawn) => ({ ...plainRequest, ...drawn }))
  .filter(({ query, embedding, like, filter: only }) => (query ?? embedding ?? only ?? like[0]) != null);

/** One thing that a tenant asks of the service; a name, so that a failing one can be read. */
export interface TenantCall {
  readonly name: string;
  readonly run: (service: Triptych, tenant: Tenant, startedAtMs: number) => Promise<unknown>;
}

/**
 * Everything that a tenant can read. A new method of Triptych that reads comes in here: users and their policies,
 * explain, export, pages of a cursor that the other tenant was given.
 */
export const tenantCall: fc.Arbitrary<TenantCall> = fc.oneof(
  { weight: 6, arbitrary: tenantRequest.map(searchCall) },
  { weight: 1, arbitrary: fc.array(tenantRequest, { minLength: 1, maxLength: 4 }).map(batchCall) },
  { weight: 1, arbitrary: fc.tuple(anyTenantsId, fc.integer({ min: 1, max: 100 })).map(similarCall) },
  { weight: 1, arbitrary: anyTenantsId.map(documentCall) },
  { weight: 1, arbitrary: fc.tuple(fc.option(anyTenantsId), fc.integer({ min: 1, max: 100 })).map(pageCall) },
  { weight: 1, arbitrary: fc.constant(null).map(catalogueCall) },
);

function searchCall(request: SearchRequest): TenantCall {
  return {
    name: `search ${JSON.stringify(request)}`,
    run: (service, tenant, startedAtMs) => service.search(tenant, request, { startedAtMs }),
  };
}

function batchCall(requests: readonly SearchRequest[]): TenantCall {
  return {
    name: `batch ${JSON.stringify(requests)}`,
    run: async (service, tenant, startedAtMs) => {
      const settled = await service.searchBatch(tenant, requests, { startedAtMs });
      return settled.map((one) =>
        one.status === 'fulfilled' ? one.value : { code: String(one.reason.code) },
      );
    },
  };
}

function similarCall([id, limit]: [string, number]): TenantCall {
  return {
    name: `similar ${id}`,
    run: (service, tenant, startedAtMs) => service.similar(tenant, id, limit, { startedAtMs }),
  };
}

function documentCall(id: string): TenantCall {
  return { name: `document ${id}`, run: (service, tenant) => service.document(tenant, id) };
}

function pageCall([after, limit]: [string | null, number]): TenantCall {
  return {
    name: `documents after ${after}`,
    run: (service, tenant) => service.documents(tenant, after, limit),
  };
}

function catalogueCall(): TenantCall {
  return { name: 'catalogue', run: (service, tenant) => service.catalogue(tenant) };
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
]);

/** The answer as text. */
export function answerText(answer: unknown): string {
  return JSON.stringify(answer, (name, value: unknown) => {
    if (leftOut.has(name)) return undefined;
    return typeof value === 'bigint' ? String(value) : value;
  });
}
