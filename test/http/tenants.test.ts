import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Triptych } from '../../src/ports/triptych.ts';
import { cursorAfter } from '../../src/wire/cursor.ts';
import { type Answer, type HttpHarness, startHttp } from '../support/http-harness.ts';
import { bearer, testKey, withKeys } from '../support/keys.ts';
import { inProcessParts, searchFixture } from '../support/search-fixture.ts';
import { answerText, anyTenantsId, documentsOf, type Tenant, tenants } from '../support/tenant-calls.ts';
import { anyContext, anyUser, writeUsers } from '../support/tenant-users.ts';

const keys = {
  acme: testKey('acme-key', { tenant: 'acme' }),
  globex: testKey('globex-key', { tenant: 'globex' }),
  empty: testKey('empty-key', { tenant: 'initech' }),
  all: testKey('acme-admin', { tenant: 'acme' }),
};

let http: HttpHarness<Triptych>;

beforeAll(async () => {
  const others = { acme: documentsOf('acme'), globex: documentsOf('globex') };
  const fixture = await searchFixture(inProcessParts, documentsOf('acme').slice(0, 3), { others });
  await writeUsers(fixture, tenants);
  const { service, clock } = fixture;
  http = await startHttp(service, clock, withKeys(...Object.values(keys)));
});

afterAll(() => http.close());

interface WireCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
}

const id = anyTenantsId.map(encodeURIComponent);
const search = fc.oneof(
  fc.array(anyTenantsId, { minLength: 1, maxLength: 3 }).map((like) => ({ like, k: 50 })),
  fc.array(anyTenantsId, { minLength: 1, maxLength: 3 }).map((ids) => ({ filter: { ids } })),
  fc.record({
    query: fc.constantFrom('robot', 'acmeword', 'globexword film'),
    include: fc.constant(['fields', 'facets', 'facet_counts']),
    include_relationships: fc.boolean(),
    explain: fc.constantFrom('none', 'full'),
    user: anyUser,
    context: anyContext,
    cache: fc.constantFrom('use', 'skip'),
    k: fc.constantFrom(3, 50),
  }),
  fc.record({ user: anyUser, context: anyContext, k: fc.constantFrom(3, 50) }),
);

/** What a key can read over HTTP. A new route that reads comes in here. */
const wireCall: fc.Arbitrary<WireCall> = fc.oneof(
  { weight: 4, arbitrary: search.map((body): WireCall => ({ method: 'POST', path: '/v1/search', body })) },
  fc
    .array(search, { minLength: 1, maxLength: 3 })
    .map((searches): WireCall => ({ method: 'POST', path: '/v1/search/batch', body: { searches } })),
  fc
    .tuple(search, anyTenantsId)
    .map(
      ([body, document]): WireCall => ({ method: 'POST', path: '/v1/explain', body: { ...body, document } }),
    ),
  fc.tuple(fc.array(anyTenantsId, { minLength: 1, maxLength: 5 }), anyUser, anyContext).map(
    ([ids, user, context]): WireCall => ({
      method: 'POST',
      path: '/v1/rerank',
      body: { query: 'robot', ids, user, context },
    }),
  ),
  fc
    .tuple(anyUser, anyContext)
    .map(
      ([user, context]): WireCall => ({ method: 'GET', path: `/v1/users/${user}/policy?context=${context}` }),
    ),
  anyUser.map((user): WireCall => ({ method: 'GET', path: `/v1/users/${user}/export` })),
  id.map((one): WireCall => ({ method: 'GET', path: `/v1/similar/${one}?k=50` })),
  id.map((one): WireCall => ({ method: 'GET', path: `/v1/documents/${one}` })),
  anyTenantsId.map(
    (one): WireCall => ({ method: 'GET', path: `/v1/documents?limit=50&cursor=${cursorAfter(one)}` }),
  ),
  fc.constantFrom<WireCall>(
    { method: 'GET', path: '/v1/catalogue' },
    { method: 'GET', path: '/v1/documents' },
    { method: 'GET', path: '/v1/rules' },
  ),
);

/** Strings of the answers that are not problems: those may repeat an id that they do not know. */
function successes(answer: Answer): unknown[] {
  if (answer.status < 400 && answer.json === undefined) return [answer.text];
  const { responses } = (answer.json ?? {}) as { responses?: { status: number; body: unknown }[] };
  if (responses !== undefined) return responses.flatMap(({ status, body }) => (status < 400 ? [body] : []));
  return answer.status < 400 ? [answer.json] : [];
}

it('a key sees the documents of its tenant alone', { timeout: 240_000 }, async () => {
  let own = 0;
  let cursors = 0;
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...tenants), wireCall, async (tenant, { method, path, body }) => {
      const answer = await http.call(method, path, body, bearer(keys[tenant]));
      expect(answer.status, answer.text).toBeLessThan(500);
      const text = answerText(successes(answer));
      const other = tenants.find((name) => name !== tenant)!;
      expect(text.includes(other), text).toBe(false);
      if (text.includes(tenant)) own++;
      const cursor = answer.at('cursor');
      if (path !== '/v1/search' || typeof cursor !== 'string') return;
      const foreign = await http.call(method, path, { ...(body as object), cursor }, bearer(keys[other]));
      expect([foreign.status, foreign.at('code')]).toEqual([400, 'cursor_mismatch']);
      cursors++;
    }),
    { numRuns: 500 },
  );
  expect(own).toBeGreaterThan(200);
  expect(cursors).toBeGreaterThan(5);
});

it.each(tenants)('a document of another tenant is none: %s', async (tenant: Tenant) => {
  const other = tenants.find((name) => name !== tenant)!;
  const without = (text: string) => text.replaceAll(/"request_id":"[^"]*"/g, '');
  for (const path of ['/v1/documents/', '/v1/similar/']) {
    const foreign = await http.call('GET', `${path}${other}-1`, undefined, bearer(keys[tenant]));
    const nobodys = await http.call('GET', `${path}nobody-1`, undefined, bearer(keys[tenant]));
    expect([foreign.status, foreign.at('code')]).toEqual([404, 'document_not_found']);
    expect(without(foreign.text).replaceAll(`${other}-1`, 'nobody-1')).toBe(without(nobodys.text));
  }
  const like = await http.call('POST', '/v1/search', { like: [`${other}-1`] }, bearer(keys[tenant]));
  expect([like.status, like.at('code')]).toEqual([404, 'document_not_found']);
});

it('a key of a tenant without catalogue finds none, and makes its own', async () => {
  const none = await http.call('POST', '/v1/search', { query: 'robot' }, bearer(keys.empty));
  expect([none.status, none.at('code')]).toEqual([409, 'no_catalogue']);
  const { schema } = (await http.call('GET', '/v1/catalogue', undefined, bearer(keys.acme))).json as {
    schema: object;
  };
  expect((await http.call('PUT', '/v1/catalogue', schema, bearer(keys.empty))).status).toBe(200);
  const empty = await http.call('GET', '/v1/documents', undefined, bearer(keys.empty));
  expect(empty.at('documents')).toEqual([]);
});

it('a deletion is that of the own document', async () => {
  const gone = await http.call('DELETE', '/v1/documents/globex-5', undefined, bearer(keys.all));
  expect([gone.status, gone.at('code')]).toEqual([404, 'document_not_found']);
  expect((await http.call('GET', '/v1/documents/globex-5', undefined, bearer(keys.globex))).status).toBe(200);
});
