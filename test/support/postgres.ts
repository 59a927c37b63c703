import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { openStoreCaller } from '../../src/adapters/cockatiel/open-store-caller.ts';
import { migratePostgres } from '../../src/adapters/postgres/migrate-postgres.ts';
import { openPostgres } from '../../src/adapters/postgres/open-postgres.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { DocumentStore } from '../../src/ports/document-store.ts';
import type { StoreCaller } from '../../src/ports/store-caller.ts';
import type { Engines } from './engines.ts';

export const silent = { info: () => {}, warn: () => {}, error: () => {} };
const unmeasured = { storeCall: () => {}, storeRetry: () => {}, storeHealth: () => {} };

/** A database of its own on the real server, with the URLs of its three logins. */
export interface TestDatabase {
  readonly name: string;
  readonly url: string;
  readonly workerUrl: string;
  readonly ownerUrl: string;
  /** Of a superuser. */
  readonly adminUrl: string;
  admin(text: string, parameters?: unknown[]): Promise<(string | null)[][]>;
  drop(): Promise<void>;
}

export async function makeDatabase({
  url,
  workerUrl,
  ownerUrl,
  adminUrl,
}: Engines['postgres']): Promise<TestDatabase> {
  const name = `triptych_test_${process.pid}_${randomBytes(4).toString('hex')}`;
  await query(adminUrl, `CREATE DATABASE ${name} OWNER triptych_owner`);
  const at = (base: string): string => {
    const changed = new URL(base);
    changed.pathname = `/${name}`;
    return changed.href;
  };
  return {
    name,
    url: at(url),
    workerUrl: at(workerUrl),
    ownerUrl: at(ownerUrl),
    adminUrl: at(adminUrl),
    admin: (text, parameters) => query(at(adminUrl), text, parameters),
    drop: async () => {
      await query(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

export async function makeMigratedDatabase(engine: Engines['postgres']): Promise<TestDatabase> {
  const database = await makeDatabase(engine);
  await migratePostgres({ url: database.ownerUrl, ca: null });
  return database;
}

/** A connection until the test ends it, or is over. */
export async function openSession(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** Runs a statement on a connection of its own. */
export async function query(url: string, text: string, values: unknown[] = []): Promise<(string | null)[][]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const types = { getTypeParser: () => (cell: string | Buffer) => String(cell) };
    return (await client.query({ text, values, rowMode: 'array', types })).rows;
  } finally {
    await client.end();
  }
}

/**
 * The store, whose change feed is read once everybody has ended who wrote when it was asked: what others do in the same
 * server, be it in another database, holds the feed back, which is right and no test's business.
 */
export function settledFeed(store: DocumentStore, database: TestDatabase): DocumentStore {
  const sessions = new pg.Pool({ connectionString: database.adminUrl, max: 1, allowExitOnIdle: true });
  sessions.on('error', () => undefined);
  const one = async (text: string): Promise<string> => (await sessions.query(text)).rows[0].cell;
  const settled = async (): Promise<void> => {
    const asked = BigInt(await one('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS cell'));
    while (BigInt(await one('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS cell')) < asked)
      await delay(5);
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'changes')
        return async (...parameters: Parameters<DocumentStore['changes']>) => {
          await settled();
          return target.changes(...parameters);
        };
      if (name === 'close')
        return async () => {
          await Promise.all([sessions.end(), target.close()]);
        };
      const member = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

export function testCallers(clock: Clock = systemClock): { serve: StoreCaller; work: StoreCaller } {
  const open = (pool: 'serve' | 'work'): StoreCaller =>
    openStoreCaller({ store: 'postgres', pool }, { clock, meter: unmeasured, logger: silent });
  return { serve: open('serve'), work: open('work') };
}

export function openStores(database: Pick<TestDatabase, 'url' | 'workerUrl'>, clock: Clock = systemClock) {
  return openPostgres(
    { url: database.url, workerUrl: database.workerUrl, ca: null },
    { clock, logger: silent, callers: testCallers() },
  );
}
