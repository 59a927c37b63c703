import { afterAll, beforeAll, expect, it } from 'vitest';
import { openStoreCaller } from '../../src/adapters/cockatiel/open-store-caller.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { DocumentChange } from '../../src/domain/document.ts';
import type { VectorIndex } from '../../src/ports/vector-index.ts';
import { testSchema } from '../support/arbitraries.ts';
import { describeWithEngines } from '../support/engines.ts';
import { openFullBacklog } from '../support/faults/full-backlog.ts';
import { type FaultProxy, openFaultProxy, type Toxic } from '../support/faults/toxiproxy.ts';
import { type MilvusFixture, openMilvusFixture, serverOf } from '../support/milvus-fixture.ts';
import { Random } from '../support/random.ts';
import { documentOf, TestCatalogue } from '../support/recall-subject.ts';
import { RecordingStoreMeter } from '../support/store-caller-fixture.ts';

const answerMs = 1_000;
const recoveryMs = 60_000;
const refusals = ['unavailable', 'deadline_exceeded', 'overloaded', 'store_open'];
const logger = { info() {}, warn() {}, error() {} };

/** What goes wrong between the service and the server; a server that is frozen or killed is the fault matrix's. */
const toxics: Readonly<Record<string, Toxic>> = {
  blackhole: { type: 'timeout', attributes: { timeout: 0 } },
  latency: { type: 'latency', attributes: { latency: 5_000 } },
  reset: { type: 'reset_peer', attributes: { timeout: 0 } },
  drip: { type: 'slicer', attributes: { average_size: 32, size_variation: 16, delay: 20_000 } },
};

/** Begins a fault; the answer ends it. */
async function begin(kind: string, proxy: FaultProxy): Promise<() => Promise<void>> {
  const toxic = toxics[kind];
  if (toxic !== undefined) {
    const name = await proxy.add(toxic, 'downstream');
    return () => proxy.remove(name);
  }
  await proxy.setEnabled(false);
  const hole = kind === 'unreachable' ? await openFullBacklog(proxy.port) : null;
  return async () => {
    await hole?.close();
    await proxy.setEnabled(true);
  };
}

describeWithEngines(['milvus', 'toxiproxy'], 'Milvus that fails', ({ milvus, toxiproxy }) => {
  const random = new Random('milvus faults');
  const vector = () => random.unitVector(testSchema.embedding.dimension);
  const changes = Array.from(
    { length: 60 },
    (_, i): DocumentChange => ({ kind: 'put', document: documentOf(`d${i}`, { embedding: vector() }) }),
  );
  let proxy: FaultProxy;
  let fixture: MilvusFixture;
  const films = new TestCatalogue<VectorIndex>(
    { port: { search: async () => [] }, write: async () => {}, close: async () => {} },
    testSchema,
  );
  const key = { tenant: films.tenant, generation: 1 };

  const search = (timeoutMs: number, by = fixture) =>
    by.vectors.search({ ...films.request(10), timeoutMs, vectors: [vector()] });
  const outcome = (timeoutMs: number, by = fixture): Promise<string> =>
    search(timeoutMs, by).then(
      ([hits]) => `${hits!.length} hits`,
      (error: { code?: string }) => error.code ?? String(error),
    );
  /** Until searches answer again; each has what a search has. */
  const recovered = async (by = fixture) => {
    const endMs = performance.now() + recoveryMs;
    for (let last = ''; ; ) {
      last = await outcome(answerMs, by);
      if (last === '10 hits' || performance.now() > endMs) return last;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };

  beforeAll(async () => {
    const port = Number(milvus.address.slice(milvus.address.lastIndexOf(':') + 1));
    proxy = await openFaultProxy(toxiproxy.url, `milvus-${process.pid}-${Date.now()}`, port);
    const caller = openStoreCaller(
      { store: 'milvus' },
      { clock: systemClock, meter: new RecordingStoreMeter(), logger },
    );
    fixture = openMilvusFixture(
      { ...serverOf(milvus), address: `127.0.0.1:${proxy.port}` },
      { consistency: 'Bounded' },
      { caller },
    );
  });
  afterAll(async () => {
    await fixture?.close();
    await proxy?.delete();
  });

  it('may be down when the service starts, and is used when it comes up', async () => {
    const end = await begin('refused', proxy);
    expect(refusals).toContain(await outcome(answerMs));
    const prepared = fixture.shared.prepare(key.tenant, { schema: testSchema, generation: 1 });
    await expect(prepared).rejects.toMatchObject({ code: 'unavailable' });
    await expect(fixture.shared.ping()).rejects.toMatchObject({ code: 'unavailable' });
    await end();
    const endMs = performance.now() + recoveryMs;
    const prepare = async (): Promise<void> => {
      try {
        await fixture.shared.prepare(key.tenant, { schema: testSchema, generation: 1 });
      } catch (error) {
        if (performance.now() > endMs) throw error;
        await prepare();
      }
    };
    await prepare();
    await fixture.shared.apply(key, changes);
    expect((await fixture.shared.versions(key, null, 1_000)).length).toBe(changes.length);
    await fixture.shared.ping();
    expect(await recovered()).toBe('10 hits');
  }, 300_000);

  for (const kind of ['refused', 'unreachable', ...Object.keys(toxics)])
    it(`fails in time and comes back by itself: ${kind}`, async () => {
      expect(await recovered()).toBe('10 hits');
      const end = await begin(kind, proxy);
      try {
        for (let i = 0; i < 8; i++) {
          const said = await outcome(answerMs);
          // What drips may still arrive in time; what does arrive is whole.
          if (said !== '10 hits') expect(refusals).toContain(said);
          else expect(['drip', 'latency']).toContain(kind);
        }
      } finally {
        await end();
      }
      expect(await recovered()).toBe('10 hits');
      // What was there is still there, and writes go on.
      await fixture.shared.apply(key, changes.slice(0, 3));
      expect((await fixture.shared.versions(key, null, 1_000)).length).toBe(changes.length);
    }, 300_000);
});
