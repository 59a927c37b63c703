import { expect, it } from 'vitest';
import type { Embedder } from '../../src/ports/embedder.ts';
import { CatalogueRegistry } from '../../src/search/catalogue-registry.ts';
import { type ReadinessParts, ReadinessProbe } from '../../src/search/readiness-probe.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryDocumentStore } from '../support/memory-document-store.ts';
import { inProcessParts, silentLogger, silentMeter } from '../support/search-fixture.ts';

const forever = () => new Promise<void>(() => {});

function setUp(
  ready: () => Promise<void>,
  off: ReturnType<ReadinessParts['choice']['off']> = [],
  lags: ReturnType<ReadinessParts['indexes']['lags']> = [],
  pings: ReadinessParts['pings'] = {},
) {
  const clock = new FakeClock();
  const store = new MemoryDocumentStore();
  const embedder: Embedder = { ...inProcessParts().embedder!, ready: () => ready() };
  const registry = new CatalogueRegistry({
    store,
    clock,
    meter: silentMeter,
    logger: silentLogger,
    stores: inProcessParts,
  });
  const probe = new ReadinessProbe({
    store,
    registry,
    embedder,
    choice: { off: () => off },
    indexes: { lags: () => lags },
    pings,
    clock,
  });
  return { clock, store, registry, look: () => clock.run(probe.readiness(false)) };
}

it('sees an embedder come, fail and recover, and waits only for its first answer', async () => {
  let ready = forever;
  let settle = () => {};
  const { look } = setUp(() => ready());
  ready = () =>
    new Promise((resolve) => {
      settle = resolve;
    });
  expect(await look()).toMatchObject({ ready: false, parts: { embedder: { ok: false, reason: 'loading' } } });
  settle();
  ready = () => Promise.reject(new Error('no model'));
  await look();
  expect(await look()).toMatchObject({ ready: true, parts: { embedder: { ok: false, reason: 'failed' } } });
  ready = async () => {};
  expect(await look()).toMatchObject({ ready: true, parts: { embedder: { ok: true } } });
  ready = forever;
  expect(await look()).toMatchObject({ ready: true, parts: { embedder: { ok: false, reason: 'loading' } } });
});

it('answers while the store hangs, without asking it again, and recovers with it', async () => {
  const { clock, store, look } = setUp(async () => {});
  let asked = 0;
  let answer = () => {};
  store.ping = () => {
    asked++;
    return new Promise((resolve) => {
      answer = resolve;
    });
  };
  for (let i = 0; i < 3; i++)
    expect(await look()).toMatchObject({ ready: false, parts: { sql: { ok: false, reason: 'no answer' } } });
  expect(asked).toBe(1);
  expect(clock.waiting).toBe(0);
  answer();
  store.ping = async () => {};
  await look();
  expect(await look()).toMatchObject({ ready: true, parts: { sql: { ok: true } } });
});

it('names a scoring backend that is off, and is ready without it', async () => {
  const { look } = setUp(async () => {}, [{ name: 'cuda', reason: 'the device is lost' }]);
  expect(await look()).toMatchObject({
    ready: true,
    parts: { scorer: { ok: false, reason: 'cuda is off: the device is lost' } },
  });
  expect((await setUp(async () => {}).look()).parts.scorer).toEqual({ ok: true });
});

it('says how far indexes outside the process are behind, and is ready all the same', async () => {
  const lag = { pending: 0, oldestEpochMs: null, parked: 0 };
  const { look } = setUp(
    async () => {},
    [],
    [
      { index: 'milvus', lag: { ...lag, pending: 312 } },
      { index: 'neo4j', lag: { ...lag, parked: 2 } },
    ],
  );
  expect(await look()).toMatchObject({
    ready: true,
    parts: {
      milvus: { ok: false, reason: '312 documents behind' },
      neo4j: { ok: false, reason: 'refuses 2 documents' },
    },
  });
});

it('says what somebody has to change in an index, and is ready all the same', async () => {
  const lag = { pending: 312, oldestEpochMs: null, parked: 0 };
  const problem = 'the collection c has vectors of 3 numbers, not 8';
  const { look } = setUp(async () => {}, [], [{ index: 'milvus', lag, problem }], { milvus: async () => {} });
  expect(await look()).toMatchObject({ ready: true, parts: { milvus: { ok: false, reason: problem } } });
});

it('names stores outside the process that do not answer, and is ready without them', async () => {
  const lag = { pending: 0, oldestEpochMs: null, parked: 0 };
  let milvus = forever;
  const cache = () => Promise.reject(new Error('refused'));
  const pings = { milvus: () => milvus(), neo4j: async () => {}, cache };
  const lags = [
    { index: 'milvus', lag },
    { index: 'neo4j', lag: { ...lag, pending: 3 } },
  ] as const;
  const { look } = setUp(async () => {}, [], lags, pings);
  const none = { ok: false, reason: 'no answer' };
  const neo4j = { ok: false, reason: '3 documents behind' };
  expect(await look()).toMatchObject({ ready: true, parts: { milvus: none, neo4j, cache: none } });
  milvus = async () => {};
  const { parts } = await setUp(async () => {}, [], lags, { ...pings, cache: milvus }).look();
  expect([parts.milvus, parts.neo4j, parts.cache]).toEqual([{ ok: true }, neo4j, { ok: true }]);
});

it('is not ready before the catalogues of all tenants are known', async () => {
  const { registry, look } = setUp(async () => {});
  registry.expect(['a', 'b']);
  expect(await look()).toMatchObject({
    ready: false,
    parts: { catalogues: { ok: false, reason: '2 tenants are not opened yet' } },
  });
  await registry.open('a');
  await registry.open('b');
  expect(await look()).toMatchObject({ ready: true, parts: { catalogues: { ok: true } } });
});
