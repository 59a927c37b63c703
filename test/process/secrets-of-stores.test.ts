import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settings } from '../../src/config/schema.ts';

/** The first is the one that writes most. */
const level = settings.logLevel.unwrap().options[0]!;

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** Secrets of the stores, each of its own; what leaves the process must hold none of them, in any writing. */
const secrets = {
  serve: 'canary-serve-7f3a',
  work: 'canary-work-81bc',
  milvus: 'canary-milvus-2d90',
  neo4j: 'canary-neo4j-5e11',
  redis: 'canary-redis-c4d8',
};

function writings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // As base64 of a longer text it shows from any of three beginnings on.
  const inBase64 = [0, 1, 2].map((skipped) =>
    Buffer.concat([Buffer.alloc(skipped), bytes])
      .toString('base64')
      .slice(skipped === 0 ? 0 : 4, -4),
  );
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), ...inBase64];
}

let folder: string;
let servers: Server[] = [];
let child: ChildProcess | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'triptych-canary-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  for (const server of servers) server.close();
  servers = [];
  rmSync(folder, { recursive: true, force: true });
});

/** A port of a server that sends back what it is sent, so that it is part of what drivers complain about. */
async function echoing(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

/** A port where nobody listens. */
async function closed(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** The settings of all stores but the truth, on ports of this kind. */
async function others(port: () => Promise<number>): Promise<Record<string, string>> {
  const file = join(folder, 'neo4j-password');
  writeFileSync(file, `${secrets.neo4j}\n`);
  return {
    TRIPTYCH_MILVUS_ADDRESS: `127.0.0.1:${await port()}`,
    TRIPTYCH_MILVUS_USER: 'root',
    TRIPTYCH_MILVUS_PASSWORD: secrets.milvus,
    TRIPTYCH_NEO4J_URI: `bolt://127.0.0.1:${await port()}`,
    TRIPTYCH_NEO4J_USER: 'neo4j',
    TRIPTYCH_NEO4J_PASSWORD_FILE: file,
    TRIPTYCH_REDIS_URL: `redis://:${secrets.redis}@127.0.0.1:${await port()}`,
  };
}

/** One URL as it is, one in a file. */
async function postgres(port: () => Promise<number>): Promise<Record<string, string>> {
  const at = `127.0.0.1:${await port()}/triptych`;
  const file = join(folder, 'worker-url');
  writeFileSync(file, `postgres://worker:${secrets.work}@${at}\n`);
  return {
    TRIPTYCH_POSTGRES_URL: `postgres://app:${secrets.serve}@${at}`,
    TRIPTYCH_POSTGRES_WORKER_URL_FILE: file,
  };
}

type Call = (method: string, path: string, body?: unknown) => Promise<void>;

const schema = { name: 'things', embedding: { model: 'given', dimension: 2, lo: 0, hi: 1 } };

async function askAll(call: Call): Promise<void> {
  await call('PUT', '/v1/catalogue', schema);
  for (let i = 0; i < 6; i++) {
    await call('POST', '/v1/search', { query: `thing ${i}`, embedding: [1, 0], like: ['a'], user: 'ann' });
    await call('POST', '/v1/search', { query: 'thing', partial: false });
  }
  await call('GET', '/v1/similar/a');
  await call('GET', '/v1/users/ann/policy');
  await call('POST', '/v1/events', {
    events: [{ event_id: 'e1', user: 'ann', document: 'a', type: 'like' }],
  });
  await call('PUT', '/v1/documents/b', { title: 'Another thing', embedding: [0, 1] });
  for (const path of ['/readyz', '/v1/plan/stats', '/v1/catalogue', '/metrics']) await call('GET', path);
}

/** Serves with these stores, asks every kind of question for a while, and gives back everything that came out. */
async function everythingOf(
  env: Record<string, string>,
): Promise<{ readonly all: string; readonly log: string }> {
  const args = ['serve', '--port', '0', '--embedder', 'none', '--log-level', level, '--no-demo'];
  const service = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...withoutStores(process.env), TRIPTYCH_DATA_DIR: join(folder, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = service;
  let stdout = '';
  let log = '';
  service.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
  });
  service.stderr.on('data', (chunk: Buffer) => {
    log += chunk;
  });
  const exited = once(service, 'close');
  const ready = /Triptych (?:is ready|listens): (\S+)\n/;
  while (!ready.test(stdout)) {
    const more = await Promise.race([once(service.stdout, 'data'), exited.then(() => null)]);
    if (more === null) throw new Error(`ended: ${stdout}${log}`);
  }
  const url = ready.exec(stdout)![1]!;
  const answers: string[] = [];
  const call = async (method: string, path: string, body?: unknown): Promise<void> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      signal: AbortSignal.timeout(5_000),
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch(() => null);
    if (answer === null) return;
    const head = `${method} ${path} ${answer.status} ${JSON.stringify([...answer.headers])}`;
    answers.push(`${head} ${await answer.text()}`);
  };
  await askAll(call);
  service.kill('SIGTERM');
  await exited;
  return { all: [stdout, log, ...answers].join('\n'), log };
}

/** The machine's own stores are none of this test's. */
function withoutStores(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^TRIPTYCH_(POSTGRES|MILVUS|NEO4J|REDIS)/.test(name)),
  );
}

describe('no secret of a store is in logs, metrics or answers', () => {
  const nothingOf = (all: string): void => {
    for (const secret of Object.values(secrets))
      for (const written of writings(secret)) expect(all).not.toContain(written);
  };

  it.each([
    ['nobody listens where they should be', closed],
    ['servers send back what they are sent', echoing],
  ] as const)(
    'when %s',
    async (_, port) => {
      const { all, log } = await everythingOf({ ...(await others(port)), ...(await postgres(port)) });
      nothingOf(all);
      // Every level was written.
      expect(log).toContain('"level":"info"');
      // The stores were asked, and what came of it was said.
      expect(all).toContain('triptych_store_state{store="postgres"');
      expect(log).toContain('"store":"postgres"');
      if (port === closed) expect(log).toContain('"store":"redis"');
    },
    90_000,
  );
});
