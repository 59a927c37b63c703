import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { migratePostgres } from '../../src/adapters/postgres/migrate-postgres.ts';
import type { PostgresStores } from '../../src/adapters/postgres/open-postgres.ts';
import { openPostgres } from '../../src/adapters/postgres/open-postgres.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { limits } from '../../src/limits.ts';
import { put, schemaNamed } from '../contract/document-store-subject.ts';
import { describeWithEngines } from '../support/engines.ts';
import { openFaultProxy } from '../support/faults/toxiproxy.ts';
import { passThroughCaller } from '../support/pass-through-caller.ts';
import {
  makeDatabase,
  makeMigratedDatabase,
  openSession,
  openStores,
  silent,
  type TestDatabase,
} from '../support/postgres.ts';

const one = { text: 'SELECT 1', parameters: [] };
const lock = { text: 'SELECT pg_advisory_xact_lock(1)', parameters: [] };
/** Goes on when `holdLock` lets it, with all the others that wait so. */
const waiting = { text: 'SELECT pg_advisory_xact_lock_shared(1)', parameters: [] };
const sleeping = (seconds: number) => ({ text: `SELECT pg_sleep(${seconds})`, parameters: [] });
const tenant = { tenant: 't' };
const unavailable = { code: 'unavailable' };

/** Longer than a busy machine keeps a test; no test waits for it. */
const patienceMs = 120_000;

/** Without a circuit breaker: what the client itself does. */
function openBare(urls: { url: string; workerUrl: string }, callMs = patienceMs): Promise<PostgresStores> {
  const caller = passThroughCaller('postgres', callMs);
  return openPostgres(
    { url: urls.url, workerUrl: urls.workerUrl, ca: null },
    { clock: systemClock, logger: silent, callers: { serve: caller, work: caller } },
  );
}

describeWithEngines(['postgres', 'toxiproxy'], 'connections to Postgres', ({ postgres, toxiproxy }) => {
  let database: TestDatabase;
  let stores: PostgresStores;
  beforeAll(async () => {
    database = await makeMigratedDatabase(postgres);
  });
  afterAll(() => database.drop());
  afterEach(() => stores?.documents.close());

  const terminate = (where: string) =>
    database.admin(
      `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'triptych %' AND ${where}`,
    );
  /** Takes the lock until it is given back or the test ends. */
  const holdLock = async (): Promise<() => Promise<void>> => {
    const holder = await openSession(database.adminUrl);
    await holder.query('SELECT pg_advisory_lock(1)');
    return () => holder.end();
  };
  const locked = async () =>
    Number(
      (
        await database.admin(
          `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
          AND state = 'active' AND application_name LIKE 'triptych %'`,
        )
      )[0]![0],
    );

  it('that the server ends while they are idle are replaced, and nobody notices', async () => {
    stores = await openBare(database);
    await Promise.all(Array.from({ length: 6 }, () => stores.client.run([sleeping(0.05)], tenant)));
    expect(Number((await terminate('true'))[0]![0])).toBeGreaterThan(5);
    // Their end arrives by itself; a call that comes before it may still fail.
    await expect.poll(() => stores.client.run([one], tenant).catch(() => null)).toEqual([[['1']]]);
    expect(await stores.client.run([one], 'all')).toEqual([[['1']]]);
  });

  it('that the server ends in use cost their call, which is unavailable, and no other', async () => {
    stores = await openBare(database);
    const release = await holdLock();
    const cut = stores.client.run([one, waiting], tenant);
    const spared = stores.client.run([one, waiting], 'all');
    await expect.poll(locked).toBe(2);
    // Before it is cut: nobody must miss its end.
    const refused = expect(cut).rejects.toMatchObject({ ...unavailable, cause: { code: '57P01' } });
    await terminate(`application_name = 'triptych serve' AND state = 'active'`);
    await refused;
    await release();
    await expect(spared).resolves.toHaveLength(2);
    expect(await stores.client.run([one], tenant)).toEqual([[['1']]]);
  });

  it('keep nothing of a transaction that was cut off', async () => {
    stores = await openBare(database);
    await holdLock();
    const cut = stores.client.run(
      [{ text: `INSERT INTO tenant_rules VALUES ('t', 1, '{}')`, parameters: [] }, waiting],
      tenant,
    );
    await expect.poll(locked).toBe(1);
    const refused = expect(cut).rejects.toMatchObject(unavailable);
    await terminate(`state = 'active'`);
    await refused;
    expect(await stores.client.run([{ text: 'SELECT * FROM tenant_rules', parameters: [] }], tenant)).toEqual(
      [[]],
    );
  });

  it('are bounded: who waits too long for one is told so, and who has one goes on', async () => {
    stores = await openBare(database);
    const release = await holdLock();
    const holding = Array.from({ length: limits.sqlServeConnectionsMax }, () =>
      stores.client.run([waiting], tenant),
    );
    await expect.poll(locked).toBe(limits.sqlServeConnectionsMax);
    await expect(stores.client.run([one], tenant)).rejects.toMatchObject({ code: 'overloaded' });
    // Work in the background has connections of its own.
    expect(await stores.client.run([one], 'all')).toEqual([[['1']]]);
    await release();
    await Promise.all(holding);
    expect(await stores.client.run([one], tenant)).toEqual([[['1']]]);
  });

  it('are as many as the bounds say, however many ask', async () => {
    stores = await openBare(database);
    const calls = Array.from({ length: 100 }, (_, i) =>
      stores.client.run([sleeping(0.02)], i % 2 === 0 ? tenant : 'all'),
    );
    await Promise.all(calls);
    const [[count]] = (await database.admin(
      `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'triptych %'`,
    )) as [[string]];
    expect(Number(count)).toBeLessThanOrEqual(limits.sqlServeConnectionsMax + limits.sqlWorkConnectionsMax);
  });

  it('are usable after statements that failed and guards that held', async () => {
    stores = await openBare(database);
    const failing = [one, { text: 'SELECT 1/0', parameters: [] }];
    const guarded = [{ text: 'SELECT 1 WHERE false', parameters: [], guard: true }, one];
    const failingBeforeGuard = [{ text: 'SELECT 1/0', parameters: [] }, ...guarded];
    for (let round = 0; round < 20; round += 1) {
      await expect(stores.client.run(failing, tenant)).rejects.toMatchObject({
        cause: { sqlState: '22012' },
      });
      expect(await stores.client.run(guarded, tenant)).toEqual([[]]);
      await expect(stores.client.run(failingBeforeGuard, tenant)).rejects.toMatchObject({
        cause: { sqlState: '22012' },
      });
    }
    const [[count]] = (await database.admin(
      `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'triptych serve'`,
    )) as [[string]];
    expect(Number(count)).toBe(1);
    const idle = `SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%' AND datname = current_database()`;
    expect(await database.admin(idle)).toEqual([['0']]);
  });

  it('are left to readers while writers wait for each other', async () => {
    stores = await openBare(database);
    const { documents, policies } = stores;
    await documents.createCatalogue('busy', schemaNamed('first'));
    const holder = await openSession(database.adminUrl);
    await holder.query('BEGIN');
    await holder.query(`SELECT 1 FROM catalogue WHERE tenant = 'busy' FOR UPDATE`);
    const writes = Array.from({ length: 2 * limits.sqlServeConnectionsMax }, (_, i) =>
      documents.write('busy', 1, [put(`d${i}`)]),
    );
    await expect.poll(locked).toBe(limits.sqlServeWritesMax);
    await expect(policies.head('busy', 'u', 'default')).resolves.toMatchObject({ stateVersion: 0 });
    await holder.query('COMMIT');
    await holder.end();
    await Promise.all(writes);
    expect(await documents.count('busy', 1)).toBe(writes.length);
  });

  it('do not wait for ever for a lock, and say that it is not the caller', async () => {
    stores = await openBare(database, 0);
    const release = await holdLock();
    await expect(stores.client.run([lock], tenant)).rejects.toMatchObject({
      ...unavailable,
      cause: { sqlState: '55P03' },
    });
    await release();
    await expect(stores.client.run([lock, one], tenant)).resolves.toHaveLength(2);
  });

  it('finish what is under way when they are closed, and take nothing more', async () => {
    stores = await openBare(database);
    const release = await holdLock();
    const accepted = stores.client.run([waiting, one], tenant);
    await expect.poll(locked).toBe(1);
    const closed = stores.documents.close();
    await expect(stores.client.run([one], tenant)).rejects.toMatchObject(unavailable);
    await release();
    await expect(accepted).resolves.toHaveLength(2);
    await closed;
  });

  describe('through a network that fails', () => {
    it('are given up when answers stay out, and made anew', async () => {
      const port = Number(new URL(database.url).port);
      const proxy = await openFaultProxy(toxiproxy.url, `pg-${process.pid}-${Date.now()}`, port);
      const through = (url: string) => url.replace(`:${port}/`, `:${proxy.port}/`);
      stores = await openStores({ url: through(database.url), workerUrl: through(database.workerUrl) });
      await stores.documents.ping();
      const toxic = await proxy.add({ type: 'timeout', attributes: { timeout: 0 } }, 'downstream');
      await expect(stores.client.run([one], tenant)).rejects.toMatchObject({
        code: expect.stringMatching(/deadline_exceeded|unavailable/),
      });
      await proxy.remove(toxic);
      await expect
        .poll(() => stores.client.run([one], tenant).catch(() => null), { timeout: 20_000 })
        .toEqual([[['1']]]);
      await proxy.setEnabled(false);
      await expect(stores.client.run([one], tenant)).rejects.toMatchObject(unavailable);
      await proxy.setEnabled(true);
      await expect
        .poll(() => stores.client.run([one], tenant).catch(() => null), { timeout: 20_000 })
        .toEqual([[['1']]]);
      await proxy.delete();
    }, 90_000);
  });
});

describeWithEngines(['postgres'], 'a Postgres that is not there at start', ({ postgres }) => {
  it('is looked for in the background, and everything is unavailable until then', async () => {
    const database = await makeMigratedDatabase(postgres);
    const address = await freeAddress();
    const through = at(address);
    const stores = await openStores({ url: through(database.url), workerUrl: through(database.workerUrl) });
    await expect(stores.documents.catalogue('t')).rejects.toMatchObject(unavailable);
    await expect(stores.secrets.signingKey()).rejects.toMatchObject(unavailable);
    await expect(stores.documents.ping()).rejects.toMatchObject(unavailable);
    const way = await openWay(address, Number(new URL(database.url).port));
    await stores.opened();
    await expect(stores.documents.catalogue('t')).resolves.toBeNull();
    await expect(stores.documents.ping()).resolves.toBeUndefined();
    await stores.documents.close();
    way.close();
    await database.drop();
  });

  it('is refused once it is there as long as it has no schema, and served after the migration', async () => {
    const database = await makeDatabase(postgres);
    const address = await freeAddress();
    const through = at(address);
    const stores = await openStores({ url: through(database.url), workerUrl: through(database.workerUrl) });
    const way = await openWay(address, Number(new URL(database.url).port));
    const asked = () =>
      stores.documents.catalogue('t').then(
        () => 'answered',
        (error) => error.code,
      );
    await expect.poll(asked, { timeout: 20_000 }).toBe('data_too_old');
    await migratePostgres({ url: database.ownerUrl, ca: null });
    await stores.opened();
    expect(await asked()).toBe('answered');
    await stores.documents.close();
    way.close();
    await database.drop();
  });
});

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where nobody listens: a loopback address of its own, on which no connection of another program takes the port. */
async function freeAddress(): Promise<Address> {
  const host = `127.${[1, 2, 3].map(() => 1 + randomInt(254)).join('.')}`;
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { host, port };
}

/** @returns what makes a URL lead to the address */
function at({ host, port }: Address): (url: string) => string {
  return (url) => Object.assign(new URL(url), { hostname: host, port }).href;
}

/** Lets connections to an address through to a port. */
async function openWay(from: Address, to: number): Promise<Server> {
  const server = createServer((inner) => {
    const outer = connect(to, '127.0.0.1');
    inner.pipe(outer).pipe(inner);
    for (const socket of [inner, outer]) socket.on('error', () => undefined);
  }).listen(from);
  await once(server, 'listening');
  return server;
}
