import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { askAs, errorOf, structuredOf, textOf, toolNames } from '../support/mcp.ts';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
const schema = {
  name: 'films',
  facets: { genres: { from: 'genres' }, directors: { from: 'director' } },
  fields: { year: { type: 'number', from: 'year' } },
  embedding: { model: 'given', dimension: 2, lo: 0, hi: 1, from: 'vector' },
  relations: [{ type: 'SAME_DIRECTOR', facet: 'directors', strength: 0.8 }],
};
const rows = [
  { id: 'a', title: 'Alien', genres: ['Horror'], director: ['Ridley Scott'], year: 1979, vector: [1, 0] },
  {
    id: 'b',
    title: 'Blade Runner',
    genres: ['Drama'],
    director: ['Ridley Scott'],
    year: 1982,
    vector: [0.9, 0.1],
  },
  { id: 'c', title: 'Cars', genres: ['Comedy'], director: ['John Lasseter'], year: 2006, vector: [0, 1] },
];

/** A whole process starts and ends in each test. */
const timeout = 300_000;
/** No test is about time. */
const timeout_ms = limits.timeoutMsMax;

let folder: string;
/** A server without keys, and a folder that nobody serves. */
let server: string;
let unserved: readonly string[];
const running: (() => Promise<void>)[] = [];
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'triptych-mcp-'));
  const dataDir = join(folder, 'data');
  writeFileSync(join(folder, 'films.schema.json'), JSON.stringify(schema));
  writeFileSync(join(folder, 'films.ndjson'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const args = ['ingest', 'films.ndjson', '--schema', 'films.schema.json', '--data-dir', dataDir];
  const run = ran([...args, '--embedder', 'none']);
  expect([run.status, run.stderr]).toEqual([0, run.stderr]);
  cpSync(dataDir, join(folder, 'copy'), { recursive: true });
  unserved = ['--data-dir', join(folder, 'copy'), '--embedder', 'none'];
  server = (await started(['serve', '--port', '0', '--data-dir', dataDir, '--embedder', 'none'], running))
    .url;
}, timeout);

afterAll(async () => {
  for (const close of running) await close();
  rmSync(folder, { recursive: true, force: true });
}, timeout);

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
}, timeout);

function ran(args: readonly string[]) {
  return spawnSync(process.execPath, [main, ...args], { cwd: folder, encoding: 'utf8' });
}

/** Another process, until it prints a line of JSON. */
async function started(args: readonly string[], ends = closing) {
  const child = spawn(process.execPath, [main, ...args, '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const stop = (): Promise<number | null> => {
    child.kill('SIGTERM');
    return ended;
  };
  ends.push(async () => void (await stop()));
  for await (const line of createInterface({ input: child.stdout! }))
    return { url: (JSON.parse(line) as { url: string }).url, stop };
  throw new Error(`${args.join(' ')} ended before it listened`);
}

/** A host: it starts the program, and speaks with it over its standard streams. */
async function host(
  args: readonly string[],
  mode: 'legacy' | 'auto' = 'legacy',
  env: Record<string, string> = {},
) {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [main, 'mcp', ...args],
    cwd: folder,
    env: { ...(process.env as Record<string, string>), ...env },
  });
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  closing.push(() => client.close());
  return client;
}

/** Calls tools of a host. */
const caller = (client: Client) => (name: string, args: Record<string, unknown>) =>
  client.callTool({ name, arguments: args });

describe('triptych mcp over standard streams', { timeout }, () => {
  it.each(['legacy', 'auto'] as const)('reads alone, in the protocol of its client (%s)', async (mode) => {
    const client = await host(['--url', server], mode);
    expect(client.getProtocolEra()).toBe(mode === 'auto' ? 'modern' : 'legacy');
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      ...['search', 'explain', 'similar', 'get_document', 'describe_catalogue', 'list_rules', 'get_policy'],
    ]);
    for (const { annotations, inputSchema, outputSchema } of tools) {
      expect(annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false });
      expect([inputSchema.type, outputSchema?.type]).toEqual(['object', 'object']);
    }
    const call = caller(client);
    const found = await call('search', { query: 'alien', k: 1, timeout_ms });
    expect(structuredOf(found)).toMatchObject({ results: [{ id: 'a', rank: 1 }], total: { value: 3 } });
    expect(textOf(found)).toMatch(/^1 results; 3 documents pass\.\nSearch: .*lexical ok/);
    expect(textOf(found)).toMatch(/\n1\. Alien \[a\] 0\.\d{3} = .*lexical/);
    await expect(call('put_document', { id: 'x', title: 'X' })).rejects.toThrow(
      'writes are not allowed here',
    );
    await expect(call('nothing', {})).rejects.toThrow('there is no tool nothing');
  });

  it('describes, explains, and finds what is next to something', async () => {
    const call = caller(await host(['--url', server]));
    const described = await call('describe_catalogue', {});
    expect(structuredOf(described)).toMatchObject({ catalogue: { documents: 3 }, default_profile: 'linear' });
    expect(textOf(described)).toContain('genres: Comedy (1), Drama (1), Horror (1)');
    const constraints = [{ kind: 'exclude', facet: 'genres', values: ['Horror'] }];
    const why = await call('explain', { query: 'alien', document: 'a', constraints, timeout_ms });
    expect(structuredOf(why)).toMatchObject({
      outcome: 'dropped',
      dropped_by: [{ rule: { kind: 'exclude' } }],
    });
    expect(textOf(why)).toContain('Dropped by exclude (facet genres, values Horror) of the search itself');
    const next = await call('similar', { id: 'a', k: 1 });
    expect(structuredOf(next)).toMatchObject({ id: 'a', results: [{ id: 'b' }] });
    expect(textOf(next)).toContain('shares director Ridley Scott with Alien');
    expect(structuredOf(await call('get_document', { id: 'c' }))).toMatchObject({
      title: 'Cars',
      fields: { year: 2006 },
    });
    expect(textOf(await call('list_rules', {}))).toContain('No rule holds');
    expect(textOf(await call('get_policy', { user: 'nobody' }))).toContain('Nothing is declared.');
  });

  it('says what is wrong where', async () => {
    const call = caller(await host(['--url', server]));
    expect(errorOf(await call('search', {}))).toMatchObject({
      code: 'invalid_request',
      fields: [{ path: '$' }],
    });
    expect(errorOf(await call('search', { query: 'x', k: 0, nonsense: 1 }))).toMatchObject({
      code: 'invalid_request',
      fields: [{ path: 'k' }, { path: 'nonsense', message: 'is not a known member' }],
    });
    const filter = { facet: 'genre', any: ['Drama'] };
    expect(errorOf(await call('search', { query: 'x', filter }))).toMatchObject({
      code: 'unknown_field',
      retriable: false,
      fields: [{ path: 'filter.facet' }],
    });
    expect(errorOf(await call('get_document', { id: 'nobody' }))).toMatchObject({
      code: 'document_not_found',
    });
    expect(errorOf(await call('search', { query: 'x', context: 'nowhere' }))).toMatchObject({
      code: 'unknown_context',
    });
  });

  it('writes where that is allowed, and says what replaces', async () => {
    const client = await host(['--url', server, '--allow-writes']);
    const { tools } = await client.listTools();
    const hints = Object.fromEntries(tools.map(({ name, annotations }) => [name, annotations]));
    expect(hints.put_document).toMatchObject({ readOnlyHint: false, destructiveHint: true });
    expect(hints.record_events).toMatchObject({ readOnlyHint: false, destructiveHint: false });
    const call = caller(client);
    // This catalogue's vectors are given, which a model cannot do.
    expect(errorOf(await call('put_document', { id: 'd', title: 'Duel' }))).toMatchObject({
      code: 'embedder_unavailable',
    });
    const policy = {
      user: 'ann',
      preferences: { genres: { Comedy: 1 } },
      constraints: [{ kind: 'exclude', facet: 'genres', values: ['Horror'] }],
    };
    expect(structuredOf(await call('set_policy', { ...policy, version: 0 }))).toMatchObject({
      preferences: { genres: { Comedy: 1 } },
    });
    expect(errorOf(await call('set_policy', { ...policy, version: 0 }))).toMatchObject({
      code: 'precondition_failed',
    });
    const events = [{ event_id: 'e1', user: 'ann', document: 'b', type: 'hide' }];
    expect(structuredOf(await call('record_events', { events }))).toMatchObject({ accepted: 1 });
    const found = structuredOf(await call('search', { user: 'ann', timeout_ms }));
    expect((found.results as { id: string }[]).map(({ id }) => id)).toEqual(['c']);
    const deleted = await call('delete_document', { id: 'nobody' });
    expect(errorOf(deleted)).toMatchObject({ code: 'document_not_found' });
  });

  it('serves a data folder by itself: nothing but the protocol comes out, and it ends with its input', async () => {
    const child = spawn(process.execPath, [main, 'mcp', ...unserved], { cwd: folder, stdio: 'pipe' });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const clientInfo = { name: 'test', version: '1' };
    const messages = [
      {
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo },
      },
      { method: 'notifications/initialized' },
      {
        ...{ id: 2, method: 'tools/call' },
        params: { name: 'search', arguments: { query: 'blade', k: 1, timeout_ms } },
      },
    ];
    for (const message of messages) child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    await expect.poll(() => stdout.split('\n').length, { timeout: timeout - 20_000 }).toBe(3);
    child.stdin.end();
    expect(await ended).toBe(0);
    const [first, second, ...rest] = stdout.split('\n');
    expect(rest).toEqual(['']);
    expect(JSON.parse(first!)).toMatchObject({ id: 1, result: { protocolVersion: '2025-06-18' } });
    expect(JSON.parse(second!)).toMatchObject({
      id: 2,
      result: { structuredContent: { results: [{ id: 'b' }] } },
    });
    expect(existsSync(join(folder, 'copy', 'triptych.lock'))).toBe(false);
  });
});

describe('triptych mcp --http', { timeout }, () => {
  it('serves a data folder by itself', async () => {
    const { url, stop } = await started(['mcp', '--http', '--port', '0', ...unserved]);
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    expect(structuredOf(await caller(client)('search', { query: 'cars', k: 1, timeout_ms }))).toMatchObject({
      results: [{ id: 'c' }],
    });
    await client.close();
    expect(await stop()).toBe(0);
  });

  it('can be asked at the address that it prints', async () => {
    const own = ['--host', '127.0.0.2', '--allowed-host', 'a.example', '--url', server];
    const url = new URL((await started(['mcp', '--http', '--port', '0', ...own])).url);
    expect(url.hostname).toBe('127.0.0.2');
    for (const [host, status] of [
      [url.host, 200],
      ['a.example', 200],
      ['b.example', 403],
    ] as const)
      expect([host, (await askAs(url, { host })).status]).toEqual([host, status]);
  });

  it('is for this machine alone where the service asks for no key', async () => {
    const wide = ran(['mcp', '--http', '--host', '0.0.0.0', '--port', '0', '--url', server]);
    expect([wide.status, wide.stdout]).toEqual([2, '']);
    expect(wide.stderr).toContain('--host: must be a loopback address');
    for (const name of ['https://a.example', 'a.example:8090', 'A.example', '']) {
      const wrong = ran(['mcp', '--http', '--port', '0', '--allowed-host', name, '--url', server]);
      expect([name, wrong.status, wrong.stdout]).toEqual([name, 2, '']);
      expect(wrong.stderr).toContain('must be a host name alone');
    }
    const taken = ran(['mcp', '--http', '--port', new URL(server).port, '--url', server]);
    expect([taken.status, taken.stdout]).toEqual([1, '']);
    expect(taken.stderr).toContain('is in use by another process');
  });

  it('hands its own key to nobody, but over standard streams acts with it', async () => {
    const keys = join(folder, 'keys.json');
    const one = ['--id', 'reader', '--tenant', 'default', '--scopes', 'search'];
    const key = ran(['keys', 'new', ...one, '--file', keys]).stdout.trim();
    const { url } = await started(['serve', '--port', '0', '--keys-file', keys, ...unserved]);
    writeFileSync(join(folder, 'key.txt'), key);
    const own = caller(await host(['--url', url], 'legacy', { TRIPTYCH_API_KEY: key }));
    expect(structuredOf(await own('search', { query: 'cars', k: 1, timeout_ms }))).toMatchObject({
      results: [{ id: 'c' }],
    });
    expect(errorOf(await own('get_policy', { user: 'ann' }))).toMatchObject({ code: 'forbidden' });
    const listener = await started([
      'mcp',
      '--http',
      '--port',
      '0',
      '--url',
      url,
      '--api-key-file',
      'key.txt',
    ]);
    const address = new URL(listener.url);
    const nobody = new Client({ name: 'test', version: '1' });
    await expect(nobody.connect(new StreamableHTTPClientTransport(address))).rejects.toThrow();
    const keyed = new Client({ name: 'test', version: '1' });
    const headers = { authorization: `Bearer ${key}` };
    await keyed.connect(new StreamableHTTPClientTransport(address, { requestInit: { headers } }));
    closing.push(() => keyed.close());
    expect(await toolNames(keyed)).toContain('explain');
    expect(structuredOf(await caller(keyed)('search', { query: 'cars', k: 1, timeout_ms }))).toMatchObject({
      results: [{ id: 'c' }],
    });
  });
});
