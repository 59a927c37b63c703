import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PgliteClient } from '../../src/adapters/pglite/pglite-client.ts';
import { migrate } from '../../src/adapters/sql/migrate.ts';
import { SqlDocumentStore } from '../../src/adapters/sql/sql-document-store.ts';
import { limits } from '../../src/limits.ts';
import { WatchedClient } from '../support/watched-client.ts';
import { put, StoreUnderTest, schemaNamed } from './document-store-subject.ts';

describe('housekeeping', () => {
  const tested = new StoreUnderTest();
  let engine: PgliteClient;
  let client: WatchedClient;
  beforeAll(async () => {
    engine = await PgliteClient.open(null);
    await migrate(engine);
  }, 60_000);
  afterAll(() => engine.close());

  /** A store of its own on the shared engine. */
  async function storeWith(selfVacuuming: boolean): Promise<SqlDocumentStore> {
    client = new WatchedClient(engine);
    const store = new SqlDocumentStore(client, { clock: tested.clock, selfVacuuming });
    tested.store = store;
    return store;
  }

  async function writeRows(store: SqlDocumentStore, tenant: string, rows: number): Promise<void> {
    const writes = Array.from({ length: limits.writeRowsMax }, (_, i) => put(`d${i}`));
    for (let left = rows; left > 0; left -= writes.length)
      await store.write(tenant, 1, writes.slice(0, Math.min(left, writes.length)));
  }

  it('tells the planner what the tables hold while they grow, ever less often', async () => {
    const store = await storeWith(false);
    const tenant = await tested.tenant();
    await writeRows(store, tenant, limits.analyzeAfterRows - 1);
    expect(client.count(/ANALYZE/)).toBe(0);
    await writeRows(store, tenant, 1);
    await store.close();
    expect(client.count(/ANALYZE/)).toBe(1);
    const [rows] = await engine.run(
      [{ text: `SELECT reltuples FROM pg_class WHERE relname = 'document'`, parameters: [] }],
      'owner',
    );
    expect(Number(rows?.[0]?.[0])).toBeGreaterThanOrEqual(limits.analyzeAfterRows - 1);
  });

  it('gives the room of rewritten rows back', async () => {
    const store = await storeWith(false);
    const tenant = await tested.tenant();
    const pages = async () => {
      const [rows] = await engine.run(
        [{ text: `SELECT pg_relation_size('document')`, parameters: [] }],
        'owner',
      );
      return Number(rows?.[0]?.[0]);
    };
    await writeRows(store, tenant, limits.vacuumAfterRows + limits.writeRowsMax);
    // A table at a time.
    const vacuums = () => client.texts.filter((text) => text.startsWith('VACUUM'));
    const each = ['document', 'relation', 'catalogue'].map((table) => `VACUUM (ANALYZE) ${table}`);
    await expect.poll(vacuums, { timeout: 10_000 }).toEqual(each);
    const full = await pages();
    await writeRows(store, tenant, limits.vacuumAfterRows / 2);
    await store.close();
    expect(await pages()).toBeLessThan(full * 1.1);
  }, 60_000);

  it('is left to an engine that does it by itself', async () => {
    const store = await storeWith(true);
    await writeRows(store, await tested.tenant(), 2 * limits.analyzeAfterRows);
    await store.close();
    expect(client.count(/ANALYZE/)).toBe(0);
  });

  it('throws tombstones away at most once an interval, and at once again while there are more', async () => {
    const store = await storeWith(false);
    const tenant = await tested.tenant();
    const purges = () => client.count(/DELETE FROM document d USING old/);
    for (let i = 0; i < 5; i += 1) await store.write(tenant, 1, [put('a')]);
    await expect.poll(purges).toBe(1);
    const ids = Array.from({ length: limits.tombstonePurgeRows }, (_, i) => `t${i}`);
    await store.write(
      tenant,
      1,
      ids.map((id) => put(id)),
    );
    for (const more of [ids, ['a']])
      await store.write(
        tenant,
        1,
        more.map((id) => ({ kind: 'delete' as const, id })),
      );
    tested.passHours(limits.tombstoneHours + 1);
    await store.write(tenant, 1, [put('b')]);
    await expect.poll(purges).toBe(2);
    await engine.run([{ text: 'SELECT 1', parameters: [] }], 'owner');
    await store.write(tenant, 1, [put('b')]);
    await expect.poll(purges).toBe(3);
    await store.close();
    const [rows] = await engine.run(
      [{ text: 'SELECT count(*) FROM document WHERE deleted_at IS NOT NULL', parameters: [] }],
      'owner',
    );
    expect(rows).toEqual([['0']]);
  });

  it('does not fail the write that it followed', async () => {
    const store = await storeWith(false);
    const tenant = await tested.tenant();
    client.failing = /USING old|ANALYZE/;
    await writeRows(store, tenant, limits.analyzeAfterRows);
    expect(await store.count(tenant, 1)).toBe(limits.analyzeAfterRows);
    await store.close();
  });

  it('does not undo a swap that was made when the deletion behind it fails', async () => {
    const store = await storeWith(false);
    const tenant = await tested.tenant();
    await store.write(tenant, 1, [put('a')]);
    await store.stageCatalogue(tenant, schemaNamed('second'));
    client.failing = /doomed/;
    expect((await store.activateCatalogue(tenant, 2)).generation).toBe(2);
    await expect.poll(() => client.count(/doomed/)).toBeGreaterThan(0);
    expect((await store.catalogue(tenant))?.generation).toBe(2);
    expect(await store.count(tenant, 1)).toBe(1);
    await store.close();
    const next = await storeWith(false);
    await expect.poll(() => next.count(tenant, 1)).toBe(0);
    await next.close();
  });

  it('does not make a swap wait for the deletion behind it', async () => {
    const store = await storeWith(false);
    const tenant = await tested.tenant();
    await store.write(tenant, 1, [put('a')]);
    await store.stageCatalogue(tenant, schemaNamed('second'));
    const release = client.hold(/doomed/);
    expect((await store.activateCatalogue(tenant, 2)).generation).toBe(2);
    await expect.poll(() => client.count(/doomed/)).toBe(1);
    expect(await store.count(tenant, 1)).toBe(1);
    release();
    await expect.poll(() => store.count(tenant, 1)).toBe(0);
    await store.close();
  });
});
