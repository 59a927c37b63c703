import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { defaultTenant, inspect } from '../../src/compose.ts';
import { noRows, openRecall } from '../../src/compose-stores.ts';
import { loadConfig } from '../../src/config/load.ts';
import { describeWithEngines, type Engines, otherCaFile } from '../support/engines.ts';
import { faultSchema } from '../support/faults/fault-catalogue.ts';
import {
  type FaultService,
  fillFaultService,
  goodAnswers,
  openFaultService,
  prepareDatabase,
} from '../support/faults/fault-service.ts';
import { makeDatabase, query, silent, type TestDatabase } from '../support/postgres.ts';

/** The service as it is to be run: TLS to every store, under an authority of one's own, and all secrets from files. */

type Stores = Pick<Engines, 'postgres' | 'milvus-tls' | 'neo4j' | 'redis'>;

const authorities = ['POSTGRES', 'MILVUS', 'NEO4J', 'REDIS'].map((store) => `TRIPTYCH_${store}_CA_FILE`);
const unmeasured = { storeCall: () => {}, storeRetry: () => {}, storeHealth: () => {} };

/** Settings that name no secret, only files with them in `folder`. */
function settings(
  folder: string,
  database: TestDatabase,
  { postgres, 'milvus-tls': milvus, neo4j, redis }: Stores,
): Record<string, string> {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), `${text}\n`);
    return join(folder, name);
  };
  // The certificate is for this name alone.
  const verified = (url: string): string =>
    `${url.replace('@127.0.0.1:', '@localhost:')}?sslmode=verify-full`;
  return {
    TRIPTYCH_POSTGRES_URL_FILE: file('serve', verified(database.url)),
    TRIPTYCH_POSTGRES_WORKER_URL_FILE: file('work', verified(database.workerUrl)),
    TRIPTYCH_POSTGRES_OWNER_URL_FILE: file('owner', verified(database.ownerUrl)),
    TRIPTYCH_POSTGRES_CA_FILE: postgres.caFile,
    TRIPTYCH_MILVUS_ADDRESS: milvus.address,
    TRIPTYCH_MILVUS_USER: milvus.user,
    TRIPTYCH_MILVUS_PASSWORD_FILE: file('milvus', milvus.password),
    TRIPTYCH_MILVUS_TLS: 'true',
    TRIPTYCH_MILVUS_CA_FILE: milvus.caFile,
    TRIPTYCH_NEO4J_URI: neo4j.tlsUri,
    TRIPTYCH_NEO4J_USER: neo4j.user,
    TRIPTYCH_NEO4J_PASSWORD_FILE: file('neo4j', neo4j.password),
    TRIPTYCH_NEO4J_CA_FILE: neo4j.caFile,
    // A database of its own: other suites look at what is in the first.
    TRIPTYCH_REDIS_URL: new URL('/9', redis.tlsUrl).href,
    TRIPTYCH_REDIS_PASSWORD_FILE: file('redis', redis.password),
    TRIPTYCH_REDIS_CA_FILE: redis.caFile,
  };
}

describeWithEngines(['postgres', 'milvus-tls', 'neo4j', 'redis'], 'the whole service over TLS', (stores) => {
  const folder = mkdtempSync(join(tmpdir(), 'triptych-tls-'));
  let database: TestDatabase;
  let env: Record<string, string>;
  let service: FaultService;
  const configOf = (changes: Record<string, string> = {}) =>
    loadConfig({ env: { ...env, TRIPTYCH_EMBEDDER: 'none', ...changes }, cwd: folder }).config;

  beforeAll(async () => {
    database = await makeDatabase(stores.postgres);
    env = settings(folder, database, stores);
    await prepareDatabase(env);
    service = await openFaultService(env);
    await fillFaultService(service);
  }, 300_000);

  afterAll(async () => {
    await service?.close();
    const parts = { clock: systemClock, logger: silent, meter: unmeasured };
    const { indexes, close } = openRecall(configOf().stores, null, noRows, parts);
    for (const index of indexes) await index.drop({ tenant: defaultTenant, generation: 1 });
    await close();
    await database?.drop();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  it('answers whole, from every store, none of which is spoken to in the clear', async () => {
    const [answer] = await goodAnswers(service, 1, 120_000);
    expect(answer!.degraded).toBe(false);
    expect(answer!.results.length).toBeGreaterThan(0);
    for (const part of ['vector', 'lexical', 'graph', 'policy'] as const)
      expect(answer!.coverage[part]?.state, part).toBe('ok');
    const { parts } = await service.service.readiness();
    for (const part of ['sql', 'milvus', 'neo4j', 'words', 'cache'])
      expect(parts[part], part).toEqual({ ok: true });
    const logins = [database.url, database.workerUrl].map((url) => new URL(url).username);
    const text = `SELECT DISTINCT usename, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
      WHERE datname = $1 AND usename = ANY ($2)`;
    const sessions = await query(database.adminUrl, text, [database.name, logins]);
    expect(sessions.sort()).toEqual(logins.map((login) => [login, 't']).sort());
    expect(env.TRIPTYCH_NEO4J_URI).toMatch(/^(bolt|neo4j)\+s:/);
    expect(env.TRIPTYCH_REDIS_URL).toMatch(/^rediss:/);
  });

  it('is what the doctor sees, who names whose vectors the catalogue has', async () => {
    const { stores: seen, catalogues } = await inspect(configOf());
    expect(seen.map(({ store, reason }) => [store, reason])).toEqual([
      ['postgres', null],
      ['milvus', null],
      ['neo4j', null],
      ['redis', null],
    ]);
    const { model, dimension } = faultSchema.embedding;
    expect(catalogues).toEqual([{ tenant: defaultTenant, model, dimension }]);
  });

  it('reaches no store whose authority is another', async () => {
    const other = otherCaFile(stores.postgres.caFile);
    const { stores: seen } = await inspect(
      configOf(Object.fromEntries(authorities.map((setting) => [setting, other]))),
    );
    expect(seen.filter(({ reason }) => reason === null)).toEqual([]);
  });
});
