import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newApiKey } from '../../src/adapters/keys-file/api-key.ts';
import { scopes } from '../../src/domain/scope.ts';
import type { Route } from '../../src/http/route.ts';
import { routes } from '../../src/http/routes/index.ts';
import { limits } from '../../src/limits.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { bearer, testKey, withKeys } from '../support/keys.ts';
import { rawClient } from '../support/raw-client.ts';

const keys = {
  admin: testKey('admin'),
  search: testKey('search', { scopes: ['search'] }),
  ingest: testKey('ingest', { scopes: ['ingest'] }),
  learn: testKey('learn', { scopes: ['learn'] }),
  expired: testKey('expired', { expires: '2025-12-31' }),
};

let http: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  http = await startHttp(new FakeTriptych(), new FakeClock(), withKeys(...Object.values(keys)));
});

afterAll(() => http.close());

/** Asks for a route, with an empty body where it takes one. */
function ask(route: Route, headers: Record<string, string>, server: HttpHarness<FakeTriptych>) {
  const path = route.path.replace('{id}', 'a');
  const body = route.operation.body === undefined ? undefined : {};
  return server.call(route.method.toUpperCase(), path, body, headers);
}

const walked = routes.map((route) => [`${route.method} ${route.path}`, route] as const);

describe.each(walked)('%s', (_name, route) => {
  const open = route.scope === 'open';
  const wrong = { ...keys.admin, secret: newApiKey('admin') };

  it.each([
    ['no key', {}],
    ['a key of the right form that is nobody’s', bearer({ ...keys.admin, secret: newApiKey('nobody') })],
    ['another key of a known id', bearer(wrong)],
    ['an expired key', bearer(keys.expired)],
    ['something else than a key', { authorization: 'Basic dXNlcjpwYXNzd29yZA==' }],
    ['an empty key', { 'x-api-key': '' }],
    ['an endless key', { 'x-api-key': 'k'.repeat(8_000) }],
  ])('answers only a valid key: %s', async (given, headers) => {
    // A server of its own: many failures from one address are answered otherwise.
    const fresh = await startHttp(new FakeTriptych(), new FakeClock(), withKeys(keys.admin, keys.expired));
    try {
      const answer = await ask(route, headers, fresh);
      expect(answer.status === 401, answer.text).toBe(!open);
      if (open) return;
      expect(answer.at('code')).toBe('unauthenticated');
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.at('detail')).toContain(given === 'an expired key' ? 'expired' : 'key');
    } finally {
      await fresh.close();
    }
  });

  it.each(scopes)('wants its scope of a key for %s', async (scope) => {
    const answer = await ask(route, bearer(keys[scope]), http);
    const allowed =
      typeof route.scope === 'string' || scope === 'admin' || route.scope.includes(scope as never);
    expect(answer.status === 403, answer.text).toBe(!allowed);
    if (allowed) return;
    expect(answer.at('code')).toBe('forbidden');
    expect(answer.at('detail')).toContain(`\`${route.scope[0]}\``);
  });
});

describe('keys', () => {
  it('leave nothing open but health', () => {
    expect(routes.filter(({ scope }) => scope === 'open').map(({ path }) => path)).toEqual([
      '/livez',
      '/readyz',
    ]);
    // A route without a scope does not compile.
    const scopeIsNeeded: Omit<Route, 'scope'> extends Route ? false : true = true;
    expect(scopeIsNeeded).toBe(true);
  });

  it('are needed to learn which paths there are', async () => {
    expect((await http.call('GET', '/nothing')).status).toBe(401);
    expect((await http.call('OPTIONS', '/v1/search')).status).toBe(401);
    expect((await http.call('GET', '/nothing', undefined, bearer(keys.learn))).status).toBe(404);
    const options = await http.call('OPTIONS', '/v1/search', undefined, bearer(keys.learn));
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'OPTIONS, POST']);
    expect((await http.call('PUT', '/v1/search', {}, bearer(keys.learn))).status).toBe(405);
  });

  it('come as x-api-key too, and a wrong Authorization is not saved by it', async () => {
    const right = { 'x-api-key': keys.search.secret };
    expect((await http.call('GET', '/v1/profiles', undefined, right)).status).toBe(200);
    const both = { ...right, authorization: 'Bearer tp_wrong' };
    expect((await http.call('GET', '/v1/profiles', undefined, both)).status).toBe(401);
  });

  it('are named in the log line of a request', async () => {
    await http.call('GET', '/v1/profiles', undefined, { ...bearer(keys.search), 'x-request-id': 'named' });
    const line = () => http.logs.find(({ fields }) => fields.request_id === 'named');
    await expect.poll(line, { timeout: 20_000 }).toBeDefined();
    expect(line()?.fields.key).toBe('search');
  });

  it('are asked for before anything of the body is read', async () => {
    for (const [authorization, status] of [
      ['Bearer x', 401],
      [`Bearer ${keys.learn.secret}`, 403],
    ] as const) {
      const client = rawClient(http.port);
      client.socket.write(
        `POST /v1/search HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`,
      );
      await expect.poll(() => client.text, { timeout: 20_000 }).toContain(`HTTP/1.1 ${status} `);
      client.socket.destroy();
      await client.closed;
    }
    expect(http.triptych.searches).toEqual([]);
  });
});

describe('many requests without a valid key', () => {
  it('get 429 after a while, and valid keys from the same address do not', async () => {
    const clock = new FakeClock();
    const server = await startHttp(new FakeTriptych(), clock, withKeys(keys.admin));
    try {
      const fail = () => server.call('GET', '/v1/profiles', undefined, { 'x-api-key': 'tp_x' });
      for (let i = 0; i < limits.failedKeysPerAddressMax; i++) expect((await fail()).status).toBe(401);
      clock.advance(1_500);
      const refused = await fail();
      expect([refused.status, refused.at('code')]).toEqual([429, 'rate_limited']);
      expect(refused.headers.get('retry-after')).toBe(String(limits.failedKeysWindowMs / 1_000 - 1));
      expect((await server.call('GET', '/v1/profiles', undefined, bearer(keys.admin))).status).toBe(200);
      clock.advance(limits.failedKeysWindowMs);
      expect((await fail()).status).toBe(401);
    } finally {
      await server.close();
    }
  });
});
