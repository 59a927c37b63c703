import { describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { CatalogueRegistry } from '../../src/search/catalogue-registry.ts';
import { CatalogueWatch } from '../../src/search/catalogue-watch.ts';
import { testSchema } from '../support/arbitraries.ts';
import { RecordingLogger } from '../support/event-fixture.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryDocumentStore } from '../support/memory-document-store.ts';
import { fanOfDocuments, inProcessParts, silentMeter } from '../support/search-fixture.ts';

/** A truth that can be away. */
class AwayStore extends MemoryDocumentStore {
  away = false;
  asked = 0;

  override async catalogue(tenant: string) {
    this.asked++;
    if (this.away) throw new TriptychError('unavailable', 'down');
    return super.catalogue(tenant);
  }
}

function setUp() {
  const clock = new FakeClock();
  const store = new AwayStore();
  const logger = new RecordingLogger();
  const registry = new CatalogueRegistry({
    store,
    clock,
    meter: silentMeter,
    logger,
    stores: inProcessParts,
  });
  let prepared = 0;
  const prepare = async () => {
    if (store.away) throw new TriptychError('unavailable', 'down');
    prepared++;
  };
  const watch = new CatalogueWatch({ registry, clock, logger, prepare });
  const pass = (ms: number) => clock.run(clock.sleep(ms));
  const end = () => clock.run(Promise.all([watch.stop(), registry.close()]));
  return { clock, store, logger, registry, watch, pass, end, prepared: () => prepared };
}

const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return (error as TriptychError).code;
  }
  return null;
};

describe('CatalogueWatch', () => {
  it('opens what is there, and tells who has none from who is not known yet', async () => {
    const { clock, store, registry, watch, end } = setUp();
    await store.createCatalogue('a', testSchema);
    watch.follow(['a', 'b']);
    expect(['a', 'b'].map((tenant) => codeOf(() => registry.active(tenant)))).toEqual([
      'not_ready',
      'not_ready',
    ]);
    watch.start();
    await clock.run(watch.caughtUp());
    expect(['a', 'b'].map((tenant) => codeOf(() => registry.active(tenant)))).toEqual([null, 'no_catalogue']);
    await end();
  });

  it('finds a catalogue that another process makes', async () => {
    const { clock, store, registry, watch, pass, end } = setUp();
    watch.follow(['a']);
    watch.start();
    await clock.run(watch.caughtUp());
    await store.createCatalogue('a', testSchema);
    await pass(limits.catalogueWatchMs + 1);
    expect(registry.find('a')).not.toBeNull();
    // Found: nobody asks for it any more.
    const { asked } = store;
    await pass(10 * limits.catalogueWatchMs);
    expect(store.asked).toBe(asked);
    await end();
  });

  it('waits for a truth that is away at the start, says so once, and prepares once', async () => {
    const { store, registry, watch, logger, pass, end, prepared } = setUp();
    await store.createCatalogue('a', testSchema);
    store.away = true;
    watch.follow(['a']);
    watch.start();
    await pass(30_000);
    expect(codeOf(() => registry.active('a'))).toBe('not_ready');
    expect(logger.messages).toEqual(['catalogues cannot be opened, will be repeated']);
    expect(prepared()).toBe(0);
    store.away = false;
    await pass(limits.loopPauseMsMax);
    expect(registry.find('a')).not.toBeNull();
    expect(prepared()).toBe(1);
    await end();
  });

  it('looks for everybody in turn where there are many', async () => {
    const { clock, store, registry, watch, pass, end } = setUp();
    const tenants = Array.from({ length: 2 * limits.catalogueWatchTenants + 1 }, (_, i) => `t${i}`);
    watch.follow(tenants);
    watch.start();
    await clock.run(watch.caughtUp());
    expect(tenants.every((tenant) => codeOf(() => registry.active(tenant)) === 'no_catalogue')).toBe(true);
    await store.createCatalogue(tenants.at(-1)!, testSchema);
    await pass(4 * limits.catalogueWatchMs);
    expect(registry.find(tenants.at(-1)!)).not.toBeNull();
    await end();
  });

  it('opens everybody else where one catalogue cannot be loaded', async () => {
    const { store, registry, watch, pass, end } = setUp();
    for (const tenant of ['a', 'b']) await store.createCatalogue(tenant, testSchema);
    const changes = store.changes.bind(store);
    store.changes = (tenant, ...rest) =>
      tenant === 'a' ? Promise.reject(new Error('too large')) : changes(tenant, ...rest);
    watch.follow(['a', 'b']);
    watch.start();
    await pass(10_000);
    expect(registry.find('b')).not.toBeNull();
    expect(codeOf(() => registry.active('a'))).toBe('not_ready');
    expect(registry.unreadCount).toBe(1);
    store.changes = changes;
    await pass(10_000);
    expect(registry.find('a')).not.toBeNull();
    expect(registry.unreadCount).toBe(0);
    await end();
  });

  it('does not wait for the end of a load when the service stops, and begins no other', async () => {
    const { clock, store, registry, watch, logger, pass } = setUp();
    const documents = fanOfDocuments(40 * limits.projectorBatchRows);
    for (const tenant of ['a', 'b']) {
      await store.createCatalogue(tenant, testSchema);
      await store.write(
        tenant,
        1,
        documents.map((document) => ({ kind: 'put' as const, document })),
      );
    }
    const changes = store.changes.bind(store);
    let pages = 0;
    store.changes = async (...asked) => {
      pages++;
      await clock.sleep(100);
      return changes(...asked);
    };
    watch.follow(['a', 'b']);
    watch.start();
    const shown = registry.show('a', { schema: testSchema, generation: 1 });
    const failed = expect(shown).rejects.toMatchObject({ code: 'not_ready' });
    await pass(250);
    expect(pages).toBeGreaterThan(1);
    const before = pages;
    const startMs = clock.nowMs();
    await clock.run(registry.close().then(() => watch.stop()));
    await failed;
    expect(clock.nowMs() - startMs).toBeLessThanOrEqual(100);
    expect(pages).toBe(before);
    expect(registry.live()).toEqual([]);
    expect(logger.messages).toEqual([]);
    await expect(registry.open('b')).rejects.toMatchObject({ code: 'not_ready' });
  });
});
