import { describe, expect, it } from 'vitest';
import type { DocumentChange } from '../../src/domain/document.ts';
import { limits } from '../../src/limits.ts';
import type { Projection } from '../../src/ports/projection.ts';
import { CatalogueRegistry } from '../../src/search/catalogue-registry.ts';
import { testSchema } from '../support/arbitraries.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryDocumentStore } from '../support/memory-document-store.ts';
import { fanOfDocuments, silentLogger, silentMeter } from '../support/search-fixture.ts';

class RecordingProjection implements Projection {
  readonly applied: DocumentChange[][] = [];
  readonly prepared: DocumentChange[] = [];
  resets = 0;

  reset(): void {
    this.resets++;
  }

  prepare(_: string, change: DocumentChange): void {
    this.prepared.push(change);
  }

  apply(_: string, changes: readonly DocumentChange[]): void {
    this.applied.push([...changes]);
  }
}

async function setUp(documentCount: number) {
  const clock = new FakeClock();
  const store = new MemoryDocumentStore();
  const projections: RecordingProjection[] = [];
  const { generation } = await store.createCatalogue('default', testSchema);
  const put = (from: number, to: number, into = generation) =>
    store.write(
      'default',
      into,
      fanOfDocuments(to)
        .slice(from)
        .map((document) => ({ kind: 'put', document })),
    );
  if (documentCount > 0) await put(0, documentCount);
  const registry = new CatalogueRegistry({
    store,
    clock,
    meter: silentMeter,
    logger: silentLogger,
    stores: () => {
      const projection = new RecordingProjection();
      projections.push(projection);
      const unused = () => Promise.reject(new Error('not searched here'));
      return {
        vector: { search: unused },
        text: { search: unused },
        graph: { recall: unused, relationships: unused },
        pushdownShare: 1,
        vectorRoundTrip: false,
        textRoundTrip: false,
        exactScan: null,
        projections: [projection],
      };
    },
  });
  await registry.open('default');
  return { clock, store, registry, projections, put };
}

const liveCount = (registry: CatalogueRegistry) => registry.active('default').table.current.liveCount;

describe('the projector', () => {
  it('loads everything before the catalogue is shown, also more than one page', async () => {
    const { registry, projections } = await setUp(limits.projectorBatchRows * 3 + 7);
    expect(liveCount(registry)).toBe(limits.projectorBatchRows * 3 + 7);
    expect(projections[0]!.applied.flat().length).toBe(limits.projectorBatchRows * 3 + 7);
    await registry.close();
  });

  it('shows a write of this process after a nudge, without waiting for the poll', async () => {
    const { clock, registry, projections, put } = await setUp(0);
    await put(0, 3);
    const before = clock.nowMs();
    await clock.run(registry.caughtUp('default'));
    expect(liveCount(registry)).toBe(3);
    expect(clock.nowMs() - before).toBeLessThan(limits.projectorPollMs + 1);
    expect(projections[0]!.prepared.length).toBe(3);
    await clock.run(registry.close());
  });

  it('spreads a large write over epochs and reports it searchable after the last', async () => {
    const { clock, registry, projections, put } = await setUp(0);
    const count = limits.epochDocumentsMax * 2 + 5;
    await put(0, count);
    await clock.run(registry.caughtUp('default'));
    expect(liveCount(registry)).toBe(count);
    expect(projections[0]!.applied.length).toBe(3);
    expect(Math.max(...projections[0]!.applied.map((epoch) => epoch.length))).toBe(limits.epochDocumentsMax);
    await clock.run(registry.close());
  });

  it('finds writes of other processes by polling', async () => {
    const { clock, registry, put } = await setUp(1);
    await put(1, 5);
    await clock.run(clock.sleep(limits.epochIntervalMs + 2 * limits.projectorPollMs));
    expect(liveCount(registry)).toBe(5);
    await clock.run(registry.close());
  });

  it('keeps epochs apart, however often it is nudged', async () => {
    const { clock, registry, projections, put } = await setUp(0);
    const startMs = clock.nowMs();
    for (let i = 0; i < 20; i++) {
      await put(i, i + 1);
      await clock.run(registry.caughtUp('default'));
    }
    expect(liveCount(registry)).toBe(20);
    const spentMs = clock.nowMs() - startMs;
    expect(projections[0]!.applied.length).toBe(20);
    expect(spentMs).toBeGreaterThanOrEqual(19 * limits.epochIntervalMs);
    await clock.run(registry.close());
  });

  it('goes on after the store failed, without losing or repeating a change', async () => {
    const { clock, store, registry, projections, put } = await setUp(2);
    const changes = store.changes.bind(store);
    let failures = 0;
    store.changes = async (...parameters) => {
      if (failures++ < 5) throw new Error('gone');
      return changes(...parameters);
    };
    await put(2, 9);
    await clock.run(registry.caughtUp('default'));
    expect(failures).toBeGreaterThan(5);
    expect(liveCount(registry)).toBe(9);
    expect(projections[0]!.applied.flat().length).toBe(9);
    await clock.run(registry.close());
  });

  it('is replaced when the store no longer reaches back to it, without a moment of nothing', async () => {
    const { clock, store, registry, projections, put } = await setUp(3);
    const changes = store.changes.bind(store);
    store.changes = async (tenant, generation, cursor, limit) => {
      const page = await changes(tenant, generation, cursor, limit);
      return cursor === null ? page : { ...page, complete: projections.length > 1 };
    };
    await put(3, 6);
    for (let i = 0; i < 50 && liveCount(registry) < 6; i++) {
      expect(liveCount(registry)).toBe(3);
      await clock.run(clock.sleep(limits.projectorPollMs));
    }
    expect(liveCount(registry)).toBe(6);
    expect(projections.length).toBe(2);
    await clock.run(registry.close());
  });

  it('fills a staged generation beside the live one and swaps it in whole', async () => {
    const { clock, store, registry, projections, put } = await setUp(4);
    const schema = { ...testSchema, name: 'next' };
    const staged = await store.stageCatalogue('default', schema);
    await put(0, 2, staged.generation);
    expect(liveCount(registry)).toBe(4);
    expect(registry.active('default').schema.name).toBe('test');
    await clock.run(registry.show('default', await store.activateCatalogue('default', staged.generation)));
    expect(liveCount(registry)).toBe(2);
    expect(registry.active('default').schema.name).toBe('next');
    expect(registry.active('default').table.current.epoch.generation).toBe(staged.generation);
    expect(projections.length).toBe(2);
    await clock.run(registry.close());
  });
});
