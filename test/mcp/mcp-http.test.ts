import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { TriptychClient } from '../../src/client/index.ts';
import { limits } from '../../src/limits.ts';
import { asksForKeys } from '../../src/mcp/asks-for-keys.ts';
import { CallPlaces } from '../../src/mcp/call-places.ts';
import { createMcpHttpServer, type McpHttpOptions } from '../../src/mcp/http-listener.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { bearer, testKey, withKeys } from '../support/keys.ts';
import { askAs, errorOf, toolNames } from '../support/mcp.ts';

const searcher = testKey('searcher', { scopes: ['search'], tenant: 'acme' });
const learner = testKey('learner', { scopes: ['learn'], tenant: 'other' });
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The protocol over HTTP in front of the real HTTP edge over a fake service, with or without keys. */
async function start(keys: 'keys' | 'no keys', more: Partial<McpHttpOptions> = {}) {
  const http: HttpHarness<FakeTriptych> = await startHttp(
    new FakeTriptych(),
    systemClock,
    keys === 'keys' ? withKeys(searcher, learner) : {},
  );
  closing.push(() => http.close());
  const listener = createMcpHttpServer({
    version: '0.0.0-test',
    allowWrites: false,
    places: new CallPlaces(limits.mcpCallsInFlightMax),
    logger: { info() {}, warn() {}, error() {} },
    clientFor: (key) => new TriptychClient({ url: http.url, ...(key !== null && { key }) }),
    asksForKeys: async () => keys === 'keys',
    isExposed: false,
    hosts: ['127.0.0.1', 'localhost'],
    origins: ['127.0.0.1', 'localhost'],
    ...more,
  });
  closing.push(() => listener.close());
  const { port } = await listener.listen(0, '127.0.0.1');
  return { http, url: new URL(`http://127.0.0.1:${port}/mcp`) };
}

async function connect(
  url: URL,
  headers: Record<string, string> = {},
  mode: 'legacy' | { pin: '2026-07-28' } = 'legacy',
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  closing.push(() => client.close());
  return client;
}

const post = (url: URL, body: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const listTools = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

describe('over Streamable HTTP', { timeout: 120_000 }, () => {
  it.each(['legacy', { pin: '2026-07-28' }] as const)('speaks %j', async (mode) => {
    const { http, url } = await start('no keys');
    const client = await connect(url, {}, mode);
    expect(client.getServerVersion()).toMatchObject({ name: 'triptych', version: '0.0.0-test' });
    expect(await toolNames(client)).toContain('search');
    const answer = await client.callTool({ name: 'search', arguments: { query: 'robots', k: 3 } });
    expect(answer.isError ?? false).toBe(false);
    expect(answer.structuredContent).toMatchObject({ results: [], strategy: 'VectorOnly' });
    expect(http.triptych.searches.at(-1)?.request).toMatchObject({ query: 'robots', k: 3 });
  });

  it('keeps nothing between requests', async () => {
    const { url } = await start('no keys');
    const first = await post(url, listTools);
    expect(first.status).toBe(200);
    expect(first.headers.get('mcp-session-id')).toBeNull();
    for (const method of ['GET', 'DELETE']) expect((await fetch(url, { method })).status).toBe(405);
    expect((await fetch(new URL('/other', url), { method: 'POST' })).status).toBe(404);
  });

  it('goes to the service with the key of each caller, and has none of its own', async () => {
    const { http, url } = await start('keys');
    const without = await post(url, listTools);
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    http.triptych.live = { schema: http.triptych.live!.schema, generation: 1 };
    const client = await connect(url, bearer(searcher));
    expect((await client.callTool({ name: 'search', arguments: { query: 'x' } })).isError ?? false).toBe(
      false,
    );
    const policy = await client.callTool({ name: 'get_policy', arguments: { user: 'u1' } });
    expect(errorOf(policy)).toMatchObject({ code: 'forbidden', retriable: false });
    const other = await connect(url, { 'x-api-key': learner.secret });
    expect((await other.callTool({ name: 'get_policy', arguments: { user: 'u1' } })).isError ?? false).toBe(
      false,
    );
    expect(errorOf(await other.callTool({ name: 'search', arguments: { query: 'x' } }))).toMatchObject({
      code: 'forbidden',
    });
    const wrong = await connect(url, { authorization: 'Bearer tp_nobody_000' });
    expect(errorOf(await wrong.callTool({ name: 'search', arguments: { query: 'x' } }))).toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('answers no web page whose name was bent to this machine, and none of elsewhere', async () => {
    const { url } = await start('no keys');
    for (const headers of [{ host: 'evil.example' }, { origin: 'http://evil.example' }, { origin: 'null' }])
      expect([headers, (await askAs(url, headers)).status]).toEqual([headers, 403]);
    expect((await askAs(url, { origin: 'http://localhost:5173' })).status).toBe(200);
    expect((await askAs(url, { host: `localhost:${url.port}` })).status).toBe(200);
  });

  it('answers nobody beyond this machine while the service asks for no keys', async () => {
    let nowMs = 0;
    const open = await startHttp();
    closing.push(() => open.close());
    const asks = asksForKeys(open.url, () => nowMs);
    const { url } = await start('keys', { isExposed: true, asksForKeys: asks });
    expect(await asks()).toBe(false);
    const keyed = () => post(url, listTools, bearer(searcher));
    const refused = await keyed();
    expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('asks nobody')]);
    await open.close();
    // It is remembered for a while, and then asked again.
    nowMs += limits.mcpKeysKnownMs - 1;
    expect(await asks()).toBe(false);
    nowMs += 1;
    const unknown = await keyed();
    expect([unknown.status, await unknown.text()]).toEqual([503, expect.stringContaining('cannot be asked')]);
    const { http } = await start('keys');
    const again = await start('keys', {
      isExposed: true,
      asksForKeys: asksForKeys(http.url, () => nowMs),
    });
    expect((await post(again.url, listTools)).status).toBe(401);
    expect((await post(again.url, listTools, bearer(searcher))).status).toBe(200);
  });

  it('refuses what is too large or no message, and goes on', async () => {
    const { url } = await start('no keys');
    const large = await post(url, JSON.stringify({ ...listTools, x: 'x'.repeat(limits.mcpMessageBytesMax) }));
    expect(large.status).toBe(413);
    expect((await post(url, '{"jsonrpc": ')).status).toBe(400);
    expect((await post(url, listTools, { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post(url, listTools)).status).toBe(200);
  });

  it('ends a call at the service when the caller leaves', async () => {
    const { http, url } = await start('no keys');
    const { promise: begun, resolve: begin } = deferred();
    const { promise: held, resolve: release } = deferred();
    http.triptych.before = () => {
      begin();
      return held;
    };
    const leave = new AbortController();
    const call = fetch(url, {
      method: 'POST',
      signal: leave.signal,
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 7,
        method: 'tools/call',
        params: { name: 'search', arguments: { query: 'x' } },
      }),
    });
    await begun;
    leave.abort();
    await expect(call).rejects.toThrow();
    await expect
      .poll(
        () => http.logs.filter(({ fields }) => fields.status === 499 && fields.route === '/v1/search').length,
        { timeout: 20_000 },
      )
      .toBe(1);
    release();
  });

  it('works on so many calls at a time, and refuses one more', async () => {
    const { http, url } = await start('no keys', { places: new CallPlaces(1) });
    const { promise: begun, resolve: begin } = deferred();
    const { promise: held, resolve: release } = deferred();
    http.triptych.before = () => {
      begin();
      return held;
    };
    const client = await connect(url);
    const first = client.callTool({ name: 'search', arguments: { query: 'x' } });
    await begun;
    const second = await client.callTool({ name: 'search', arguments: { query: 'y' } });
    expect(errorOf(second)).toMatchObject({ code: 'overloaded', retriable: true });
    release();
    expect((await first).isError ?? false).toBe(false);
    expect((await client.callTool({ name: 'search', arguments: { query: 'z' } })).isError ?? false).toBe(
      false,
    );
  });
});

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
