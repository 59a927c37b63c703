import { describe, expect, it } from 'vitest';
import { learnFrom, spaceKey } from '../../src/domain/user-learning.ts';
import { emptyUserState } from '../../src/domain/user-state.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { CatalogueRegistry } from '../../src/search/catalogue-registry.ts';
import { EventApplier } from '../../src/search/event-applier.ts';
import { testSchema } from '../support/arbitraries.ts';
import { RecordingLogger, RecordingMeter } from '../support/event-fixture.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryDocumentStore } from '../support/memory-document-store.ts';
import { MemoryUserStore } from '../support/memory-user-store.ts';
import { fanOfDocuments, inProcessParts, silentLogger, silentMeter } from '../support/search-fixture.ts';
import { eventOf, expectSameState } from '../support/user-states.ts';

const documents = fanOfDocuments(6);

/** An applier over a catalogue of six documents, and a log that can be told to fail. */
async function setUp({ tenants = ['default'] } = {}) {
  const clock = new FakeClock();
  const catalogues = new MemoryDocumentStore();
  const registry = new CatalogueRegistry({
    store: catalogues,
    clock,
    meter: silentMeter,
    logger: silentLogger,
    stores: inProcessParts,
  });
  const createCatalogue = async (tenant: string) => {
    const { generation } = await catalogues.createCatalogue(tenant, testSchema);
    await catalogues.write(
      tenant,
      generation,
      documents.map((document) => ({ kind: 'put', document })),
    );
    await registry.open(tenant);
  };
  for (const tenant of tenants) await createCatalogue(tenant);
  const store = new MemoryUserStore();
  const [meter, logger] = [new RecordingMeter(), new RecordingLogger()];
  const applied: string[] = [];
  const applier = new EventApplier({
    log: store,
    registry,
    store: catalogues,
    clock,
    meter,
    logger,
    onApplied: (tenant, user) => applied.push(`${tenant}: ${user}`),
  });
  const close = async () => {
    await clock.run(applier.stop());
    await clock.run(registry.close());
  };
  return { clock, catalogues, registry, createCatalogue, store, meter, logger, applied, applier, close };
}

const learned = (events: Parameters<typeof learnFrom>[0]) =>
  learnFrom(
    events,
    (id) => documents.find((document) => document.id === id) ?? null,
    spaceKey(testSchema.embedding),
  );

describe('the event applier', () => {
  it('turns events into the state that they amount to, and says whose', async () => {
    const { clock, store, applier, meter, applied, close } = await setUp();
    const events = [eventOf('1', { document: 'd1' }), eventOf('2', { document: 'd2', type: 'dislike' })];
    const others = [eventOf('3', { user: 'v', document: 'd0', type: 'click' })];
    await store.append([{ tenant: 'default', events: [...events, ...others] }], 1);
    applier.start();
    await clock.run(applier.caughtUp());
    expectSameState(await store.state('default', 'u'), learned(events));
    expectSameState(await store.state('default', 'v'), learned(others));
    expect((await store.state('default', 'u')).taste?.sum).toHaveLength(8);
    expect(applied).toEqual(['default: u', 'default: v']);
    expect(meter.counts.events_applied).toBe(3);
    expect(meter.gauges.events_pending).toBe(0);
    await close();
  });

  it('finds events of other processes within a second, and those of its own at once', async () => {
    const { clock, store, applier, meter, close } = await setUp();
    applier.start();
    await store.append([{ tenant: 'default', events: [eventOf('1', { document: 'd1' })] }], 1);
    await clock.run(clock.sleep(2 * limits.eventApplyPollMs));
    expect(meter.counts.events_applied).toBe(1);
    await store.append([{ tenant: 'default', events: [eventOf('2', { document: 'd1' })] }], 1);
    const beforeMs = clock.nowMs();
    await clock.run(applier.caughtUp());
    expect(clock.nowMs()).toBe(beforeMs);
    expect(meter.counts.events_applied).toBe(2);
    await close();
  });

  it('applies more than one batch before it rests', async () => {
    const { clock, store, applier, meter, close } = await setUp();
    const count = 2 * limits.eventBatchMax + 7;
    const events = Array.from({ length: count }, (_, i) =>
      eventOf(`e${i}`, { user: `u${i % 9}`, document: `d${i % 6}` }),
    );
    await store.append([{ tenant: 'default', events }], 1);
    applier.start();
    const beforeMs = clock.nowMs();
    await clock.run(applier.caughtUp());
    expect(clock.nowMs()).toBe(beforeMs);
    expect(meter.counts.events_applied).toBe(count);
    expect(await store.pending(10)).toEqual([]);
    await close();
  });

  it('learns from a document that was written just before', async () => {
    const { clock, catalogues, store, applier, close } = await setUp();
    applier.start();
    await catalogues.write('default', 1, [{ kind: 'put', document: { ...documents[0]!, id: 'fresh' } }]);
    await store.append([{ tenant: 'default', events: [eventOf('1', { document: 'fresh' })] }], 1);
    await clock.run(applier.caughtUp());
    expect((await store.state('default', 'u')).taste).not.toBeNull();
    await close();
  });

  it('learns of an unknown document that it was seen, and does not wait for it', async () => {
    const { clock, registry, store, applier, close } = await setUp();
    registry.caughtUp = () => new Promise(() => undefined);
    await store.append([{ tenant: 'default', events: [eventOf('1', { document: 'unknown' })] }], 1);
    applier.start();
    await clock.run(applier.caughtUp());
    expectSameState(await store.state('default', 'u'), learned([eventOf('1', { document: 'unknown' })]));
    await close();
  });

  it('lets the events of a tenant without a catalogue wait, without spinning or holding up others', async () => {
    const { clock, createCatalogue, store, applier, meter, close } = await setUp();
    let reads = 0;
    const pending = store.pending.bind(store);
    store.pending = (...parameters) => {
      reads++;
      return pending(...parameters);
    };
    const early = Array.from({ length: limits.eventBatchMax }, (_, i) =>
      eventOf(`e${i}`, { document: 'd1' }),
    );
    await store.append([{ tenant: 'empty', events: early }], 1);
    await store.append([{ tenant: 'default', events: [eventOf('1', { document: 'd1' })] }], 1);
    applier.start();
    await clock.run(applier.caughtUp());
    expect(meter.counts.events_applied).toBe(1);
    expect(await store.state('empty', 'u')).toEqual(emptyUserState);
    const readsBefore = reads;
    await clock.run(clock.sleep(10 * limits.eventApplySlowPollMs));
    expect(reads - readsBefore).toBeLessThanOrEqual(11);
    await createCatalogue('empty');
    await clock.run(applier.caughtUp());
    expectSameState(await store.state('empty', 'u'), learned(early));
    await close();
  });

  it('goes on after the log failed, and says so once', async () => {
    const { clock, store, applier, logger, meter, close } = await setUp();
    const [pending, applyAll] = [store.pending.bind(store), store.applyAll.bind(store)];
    let failures = 0;
    const gone = () => new TriptychError('unavailable', 'gone');
    store.pending = async (...parameters) => {
      if (failures++ < 3) throw gone();
      return pending(...parameters);
    };
    store.applyAll = async (deltas) => {
      if (failures++ < 8) throw gone();
      return applyAll(deltas);
    };
    const events = [eventOf('1', { document: 'd1' }), eventOf('2', { user: 'v', document: 'd2' })];
    await store.append([{ tenant: 'default', events }], 1);
    applier.start();
    const beforeMs = clock.nowMs();
    await clock.run(applier.caughtUp());
    expect(clock.nowMs() - beforeMs).toBeGreaterThan(3 * limits.eventApplyPollMs);
    expect(logger.messages).toHaveLength(1);
    expect(meter.counts.events_applied).toBe(2);
    expectSameState(await store.state('default', 'u'), learned(events.slice(0, 1)));
    await close();
  });

  /** A store that refuses the events of some users as long as it says so. */
  function refusing(store: MemoryUserStore, users: ReadonlySet<string>): void {
    const applyAll = store.applyAll.bind(store);
    store.applyAll = async (deltas) => {
      if (deltas.some(({ user }) => users.has(user))) throw new TriptychError('internal', 'broken');
      return applyAll(deltas);
    };
  }

  it('applies the events of others where those of one user cannot be, and tries those again later', async () => {
    const { clock, store, applier, logger, meter, close } = await setUp();
    const refused = new Set(['u']);
    refusing(store, refused);
    const events = [eventOf('1', { document: 'd1' }), eventOf('2', { user: 'v', document: 'd2' })];
    await store.append([{ tenant: 'default', events }], 1);
    applier.start();
    await clock.run(applier.caughtUp());
    expect(meter.counts.events_applied).toBe(1);
    await clock.run(clock.sleep(20 * limits.eventApplyPollMs));
    expect(meter.gauges.events_pending).toBe(1);
    expect(logger.messages).toHaveLength(1);
    refused.clear();
    await clock.run(clock.sleep(limits.eventSetAsideMs));
    expect([meter.counts.events_applied, meter.gauges.events_pending]).toEqual([2, 0]);
    await close();
  });

  it('lets nobody starve behind more events that cannot be applied than a pass looks at', async () => {
    const { clock, store, applier, meter, logger, close } = await setUp();
    refusing(store, new Set(['u', 'w']));
    const early = Array.from({ length: 2 * limits.eventBatchMax }, (_, i) =>
      eventOf(`e${i}`, { document: 'd1', user: i % 2 === 0 ? 'u' : 'w' }),
    );
    await store.append([{ tenant: 'default', events: early }], 1);
    await store.append([{ tenant: 'default', events: [eventOf('1', { user: 'v', document: 'd1' })] }], 1);
    applier.start();
    const beforeMs = clock.nowMs();
    await clock.run(applier.caughtUp());
    expect([meter.counts.events_applied, clock.nowMs() - beforeMs]).toEqual([1, 0]);
    // One for all whom a pass sets aside.
    expect(logger.messages).toHaveLength(1);
    await close();
  });

  it('applies the events of many users in few transactions, and of each where one was beaten to it', async () => {
    const { clock, store, applier, meter, applied, close } = await setUp();
    const users = Array.from({ length: 2 * limits.eventApplyUsersMax }, (_, i) => `u${i}`);
    const events = users.map((user) => eventOf(`of ${user}`, { user, document: 'd1' }));
    await store.append([{ tenant: 'default', events }], 1);
    const [pending, applyAll] = [store.pending.bind(store), store.applyAll.bind(store)];
    const sizes: number[] = [];
    store.pending = async (...parameters) => {
      const found = await pending(...parameters);
      if (found.length > 0) await store.apply('default', 'u3', ['of u3'], learned([events[3]!]));
      sizes.length = 0;
      return found;
    };
    store.applyAll = async (deltas) => {
      sizes.push(deltas.length);
      return applyAll(deltas);
    };
    const sizesThen = clock.run(applier.caughtUp()).then(() => [...sizes]);
    applier.start();
    const one = Array<number>(limits.eventApplyUsersMax).fill(1);
    expect(await sizesThen).toEqual([limits.eventApplyUsersMax, ...one, limits.eventApplyUsersMax]);
    expect([meter.counts.events_applied, applied.length]).toEqual([users.length - 1, users.length - 1]);
    for (const [i, user] of users.entries())
      expectSameState(await store.state('default', user), learned([events[i]!]));
    await close();
  });

  it('does not count what another process applied', async () => {
    const { clock, store, applier, meter, applied, close } = await setUp();
    const event = eventOf('1', { document: 'd1' });
    await store.append([{ tenant: 'default', events: [event] }], 1);
    const pending = store.pending.bind(store);
    store.pending = async (...parameters) => {
      const found = await pending(...parameters);
      await store.apply('default', 'u', ['1'], learned([event]));
      return found;
    };
    applier.start();
    await clock.run(applier.caughtUp());
    expect(meter.counts.events_applied).toBeUndefined();
    expect(applied).toEqual([]);
    expectSameState(await store.state('default', 'u'), learned([event]));
    await close();
  });

  it('stops also while it waits after a failure, and answers who waits', async () => {
    const { clock, store, applier, registry } = await setUp();
    store.pending = async () => {
      throw new Error('gone');
    };
    applier.start();
    const waiting = applier.caughtUp();
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
    await applier.stop();
    await waiting;
    await clock.run(registry.close());
  });
});
