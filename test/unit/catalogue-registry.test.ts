import { expect, it } from 'vitest';
import type { Meter } from '../../src/ports/meter.ts';
import { CatalogueRegistry } from '../../src/search/catalogue-registry.ts';
import { testSchema } from '../support/arbitraries.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryDocumentStore } from '../support/memory-document-store.ts';
import {
  fanOfDocuments,
  inProcessParts,
  plainRequest,
  searchFixture,
  silentLogger,
  silentMeter,
} from '../support/search-fixture.ts';

const puts = (count: number) => fanOfDocuments(count).map((document) => ({ kind: 'put' as const, document }));

async function setUp() {
  const clock = new FakeClock();
  const store = new MemoryDocumentStore();
  const gauges: [string, number][] = [];
  const failures: number[] = [];
  const meter: Meter = { ...silentMeter, gauge: (name, value) => gauges.push([name, value]) };
  const logger = { ...silentLogger, error: () => failures.push(clock.nowMs()) };
  await store.createCatalogue('default', testSchema);
  await store.write('default', 1, puts(3));
  const registry = new CatalogueRegistry({ store, clock, meter, logger, stores: inProcessParts });
  await registry.open('default');
  const gauge = (name: string) => gauges.filter(([other]) => other === name).map(([, value]) => value);
  return { clock, store, registry, gauge, failures };
}

/** The live projector's position is lost from now on; a new one can begin. */
function losePosition(store: MemoryDocumentStore): void {
  const changes = store.changes.bind(store);
  let lost = false;
  store.changes = async (tenant, generation, cursor, limit) => {
    const page = await changes(tenant, generation, cursor, limit);
    if (cursor === null || lost) return page;
    lost = true;
    return { ...page, complete: false };
  };
}

it('tries again, with growing pauses, until the catalogue can be loaded', async () => {
  const { clock, store, registry, failures } = await setUp();
  const catalogue = store.catalogue.bind(store);
  store.catalogue = async (tenant) => {
    if (failures.length < 12) throw new Error('gone');
    return catalogue(tenant);
  };
  losePosition(store);
  await store.write('default', 1, puts(5));
  const live = () => registry.active('default').table.current.liveCount;
  for (let i = 0; i < 3_000 && live() < 5; i++) await clock.run(clock.sleep(100));
  expect(live()).toBe(5);
  const pauses = failures.slice(1).map((ms, i) => ms - failures[i]!);
  expect(pauses.slice(0, 3)).toEqual([250, 500, 1_000]);
  expect(Math.max(...pauses)).toBe(30_000);
  await clock.run(registry.close());
});

it('tries no more once it is closed', async () => {
  const { clock, store, registry, failures } = await setUp();
  store.catalogue = () => Promise.reject(new Error('gone'));
  losePosition(store);
  await clock.run(clock.sleep(1_000));
  expect(failures.length).toBeGreaterThan(0);
  await clock.run(registry.close());
  const { length } = failures;
  await clock.run(clock.sleep(120_000));
  expect(failures.length).toBe(length);
  expect(clock.waiting).toBe(0);
});

it('does not show a catalogue that was lost while it loaded', async () => {
  const { clock, store, registry } = await setUp();
  const changes = store.changes.bind(store);
  const { generation } = await store.stageCatalogue('default', { ...testSchema, name: 'next' });
  store.changes = async (tenant, of, cursor, limit) => ({
    ...(await changes(tenant, of, cursor, limit)),
    complete: of !== generation,
  });
  const next = { schema: { ...testSchema, name: 'next' }, generation };
  await expect(clock.run(registry.show('default', next))).rejects.toMatchObject({ code: 'unavailable' });
  expect(registry.active('default').generation).toBe(1);
  await clock.run(registry.close());
});

it('gauges the catalogue that searches see, not the one that loads beside it', async () => {
  const { clock, store, registry, gauge } = await setUp();
  expect([gauge('documents'), gauge('epoch_generation')]).toEqual([[3], [1]]);
  const schema = { ...testSchema, name: 'next' };
  const { generation } = await store.stageCatalogue('default', schema);
  await store.write('default', generation, puts(9));
  const changes = store.changes.bind(store);
  let loaded = () => {};
  const hold = new Promise<void>((resolve) => {
    loaded = resolve;
  });
  let reached = () => {};
  const loading = new Promise<void>((resolve) => {
    reached = resolve;
  });
  store.changes = async (tenant, of, cursor, limit) => {
    const page = await changes(tenant, of, cursor, limit);
    if (of === generation && cursor !== null) return page;
    if (of === generation) {
      reached();
      await hold;
    }
    return page;
  };
  const shown = registry.show('default', await store.activateCatalogue('default', generation));
  await loading;
  expect(gauge('documents')).toEqual([3]);
  loaded();
  await clock.run(shown);
  expect([gauge('documents'), gauge('epoch_generation')]).toEqual([
    [3, 9],
    [1, generation],
  ]);
  await store.write('default', generation, puts(11));
  await clock.run(registry.caughtUp('default'));
  expect(gauge('documents')).toEqual([3, 9, 11]);
  await clock.run(registry.close());
});

it('measures a search that failed, alone and in a batch', async () => {
  const measured: [string, string, number][] = [];
  const meter: Meter = { ...silentMeter, search: (...one) => measured.push(one) };
  const { clock, search, service } = await searchFixture(inProcessParts, fanOfDocuments(3), { meter });
  await expect(search({ query: 'robot', profile: 'none such' })).rejects.toMatchObject({
    code: 'unknown_profile',
  });
  expect(measured).toEqual([['none', 'error', 0]]);
  const wrong = { ...plainRequest, query: 'robot', profile: 'none such' };
  await service.searchBatch('default', [wrong, wrong], { startedAtMs: clock.nowMs() - 7 });
  expect(measured.splice(1)).toEqual([
    ['none', 'error', 7],
    ['none', 'error', 7],
  ]);
  await clock.run(search({ query: 'robot' }));
  expect(measured.map(([, outcome]) => outcome)).toEqual(['error', 'ok']);
  await clock.run(service.close());
});

it('measures the documents of all tenants together', async () => {
  const { clock, store, registry, gauge } = await setUp();
  await store.createCatalogue('other', testSchema);
  await store.write('other', 1, puts(5));
  await registry.open('other');
  expect(gauge('documents').at(-1)).toBe(3 + 5);
  await store.write('default', 1, puts(4));
  await clock.run(clock.sleep(1_000));
  expect(gauge('documents').at(-1)).toBe(4 + 5);
  await clock.run(registry.close());
});
