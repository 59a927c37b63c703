import { describe, expect, it } from 'vitest';
import type { MilvusCollections } from '../../src/adapters/milvus/milvus-collections.ts';
import { limits } from '../../src/limits.ts';
import { testSchema } from '../support/arbitraries.ts';
import { type Cut, FakeMilvus } from '../support/fake-milvus.ts';
import { milvusNames as names, openMilvusProcess, replaceCollection } from '../support/milvus-process.ts';

const key = (generation: number, tenant = 'a') => ({ tenant, generation });
const catalogue = (generation: number) => ({ schema: testSchema, generation });
const values = ['Drama', 'Horror', 'War'];
const msMax = 60_000;

/** A process of its own over the server: what it remembers is its own. */
const openProcess = (server: FakeMilvus, shardBy: string | null = null): MilvusCollections =>
  openMilvusProcess(server, shardBy).collections;

const cuts: readonly Cut[] = ['before', 'after'];

/** Does `work` over and over, cut off after one more call each time, until it gets through; how many calls it makes. */
async function cutEverywhere(
  how: Cut,
  begin: () => Promise<FakeMilvus>,
  work: (server: FakeMilvus) => Promise<unknown>,
  check: (server: FakeMilvus) => Promise<void>,
): Promise<number> {
  for (let calls = 0; calls < 200; calls++) {
    const server = await begin();
    server.cutAfter(calls, how);
    const through = await work(server).then(
      () => true,
      () => false,
    );
    server.mend();
    if (through && calls > 0) return calls;
    await check(server);
  }
  throw new Error('it never gets through');
}

function expectComplete(server: FakeMilvus, name: string): void {
  const there = server.collections.get(name);
  expect(there, name).toBeDefined();
  expect([...there!.indexes.keys()].sort()).toEqual(['embedding', 'tenant']);
  expect(there!.loaded).toBe(true);
}

/** A divided generation with its shards, live. */
async function filled(server: FakeMilvus, generation: number, tenant = 'a'): Promise<void> {
  const own = openProcess(server, 'genres');
  await own.prepare(tenant, catalogue(generation), msMax);
  const base = (await own.ofKey(key(generation, tenant), msMax))!;
  for (const value of values) await own.prepareShard(base, names.shard(base.name, value), msMax);
  await own.activate(key(generation, tenant), base, msMax);
}

describe.each(cuts)('preparing that is cut off %s a call', (how) => {
  it('is finished by the next time, at whatever step it stopped', async () => {
    const calls = await cutEverywhere(
      how,
      async () => new FakeMilvus(),
      (server) => openProcess(server).prepare('a', catalogue(1), msMax),
      async (server) => {
        const own = openProcess(server);
        // What was lost is told from this before anything is made.
        const isThere = server.aliasOf(names.use('a', 1)) !== undefined;
        expect(await own.hasPlace(key(1), msMax)).toBe(isThere);
        expect(await own.prepare('a', catalogue(1), msMax)).toBe(!isThere);
        const name = own.nameOf(testSchema, 1);
        expectComplete(server, name);
        expect(server.aliasOf(names.use('a', 1))?.name).toBe(name);
        expect((await own.ofKey(key(1), msMax))?.name).toBe(name);
        // Nothing but looks from now on.
        server.mend();
        expect(await own.prepare('a', catalogue(1), msMax)).toBe(false);
        expect(server.calls.filter((call) => /^(create|load|alter|drop)/.test(call))).toEqual([]);
      },
    );
    expect(calls).toBeGreaterThan(10);
  });

  it('is finished by the next time where documents are divided by a value', async () => {
    const shardOf = async (own: MilvusCollections) => {
      const base = (await own.ofKey(key(1), msMax))!;
      return { base, shard: names.shard(base.name, 'Drama') };
    };
    const work = async (server: FakeMilvus) => {
      const own = openProcess(server, 'genres');
      const { base, shard } = await shardOf(own);
      await own.prepareShard(base, shard, msMax);
    };
    const begin = async () => {
      const server = new FakeMilvus();
      const own = openProcess(server, 'genres');
      await own.prepare('a', catalogue(1), msMax);
      await own.activate(key(1), (await own.ofKey(key(1), msMax))!, msMax);
      return server;
    };
    const expectShard = async (server: FakeMilvus) => {
      const { base, shard } = await shardOf(openProcess(server, 'genres'));
      expectComplete(server, shard);
      expect(server.aliasOf(names.ofShard(names.live('a'), base.name, shard))?.name).toBe(shard);
    };
    // By the next document of that value, ...
    await cutEverywhere(how, begin, work, async (server) => {
      await work(server);
      await expectShard(server);
    });
    // ... and by the next look at the generation, where the shard is there at all.
    await cutEverywhere(how, begin, work, async (server) => {
      const { shard } = await shardOf(openProcess(server, 'genres'));
      if (!server.collections.has(shard)) return;
      await openProcess(server, 'genres').prepare('a', catalogue(1), msMax);
      await expectShard(server);
    });
  });
});

describe('preparing', () => {
  it('loads again what somebody has released', async () => {
    const server = new FakeMilvus();
    const own = openProcess(server);
    expect(await own.prepare('a', catalogue(1), msMax)).toBe(true);
    server.collections.get(own.nameOf(testSchema, 1))!.loaded = false;
    expect(await own.prepare('a', catalogue(1), msMax)).toBe(false);
    expectComplete(server, own.nameOf(testSchema, 1));
  });

  it('says of each tenant whether anything of it can be there', async () => {
    const server = new FakeMilvus();
    const own = openProcess(server);
    expect(await own.prepare('a', catalogue(1), msMax)).toBe(true);
    expect(await own.prepare('b', catalogue(1), msMax)).toBe(true);
    expect(await openProcess(server).prepare('b', catalogue(1), msMax)).toBe(false);
    server.collections.clear();
    expect(await own.prepare('b', catalogue(1), msMax)).toBe(true);
    expect(await own.prepare('a', catalogue(1), msMax)).toBe(true);
    expect(server.collections.size).toBe(1);
  });

  it('finds out that a collection is gone under every name that it was known by', async () => {
    const server = new FakeMilvus();
    const own = openProcess(server);
    for (const tenant of ['a', 'b']) await own.prepare(tenant, catalogue(1), msMax);
    server.collections.clear();
    expect(await own.ofKey(key(1, 'b'), msMax)).not.toBeNull();
    own.forgetAll(own.nameOf(testSchema, 1));
    expect(await own.ofKey(key(1, 'a'), msMax)).toBeNull();
    expect(await own.ofKey(key(1, 'b'), msMax)).toBeNull();
  });
});

describe('a collection that does not fit the catalogue', () => {
  const others = [
    [{ dim: 5 }, 'has vectors of 5 numbers, not 8'],
    [{ metric: 'L2' }, 'has an index of the metric L2, not COSINE'],
  ] as const;

  it.each(others)('is refused by name, and is used again once it was dropped: %j', async (to, says) => {
    const server = new FakeMilvus();
    const name = openProcess(server).nameOf(testSchema, 1);
    await openProcess(server).prepare('a', catalogue(1), msMax);
    replaceCollection(server, name, to);
    const own = openProcess(server);
    for (let time = 0; time < 2; time++)
      await expect(own.prepare('a', catalogue(1), msMax)).rejects.toMatchObject({
        code: 'invalid_settings',
        message: expect.stringContaining(`the collection ${name} in Milvus ${says}`),
      });
    expect(own.unfit(name)).toContain(says);
    // Those of other generations are none the worse for it.
    await own.prepare('a', catalogue(2), msMax);
    expect(own.unfit(own.nameOf(testSchema, 2))).toBeNull();
    server.collections.delete(name);
    expect(await own.prepare('a', catalogue(1), msMax)).toBe(true);
    expect(own.unfit(name)).toBeNull();
  });

  it.each(others)(
    'is neither searched nor written to where it is one of its shards: %j',
    async (to, says) => {
      const server = new FakeMilvus();
      await filled(server, 1);
      const name = openProcess(server).nameOf(testSchema, 1);
      const shard = names.shard(name, 'Horror');
      replaceCollection(server, shard, to);
      const own = openProcess(server, 'genres');
      const base = (await own.ofKey(key(1), msMax))!;
      await own.prepareShard(base, names.shard(name, 'Drama'), msMax);
      expect(own.unfit(name)).toBeNull();
      await expect(own.prepareShard(base, shard, msMax)).rejects.toMatchObject({ code: 'invalid_settings' });
      expect(own.unfit(name)).toContain(`${shard} in Milvus ${says}`);
      await expect(own.prepare('a', catalogue(1), msMax)).rejects.toMatchObject({ code: 'invalid_settings' });
    },
  );
});

describe.each(cuts)('dropping that is cut off %s a call', (how) => {
  it('is finished by a later time, with nothing left over', async () => {
    const begin = async () => {
      const server = new FakeMilvus();
      await filled(server, 1);
      // The next generation has the live names; the values of the old one keep theirs where it has no such value.
      const own = openProcess(server, 'genres');
      await own.prepare('a', catalogue(2), msMax);
      await own.activate(key(2), (await own.ofKey(key(2), msMax))!, msMax);
      server.nowMs += limits.milvusUnusedMsMin;
      return server;
    };
    const work = (server: FakeMilvus) => openProcess(server, 'genres').drop(key(1), msMax);
    const next = openProcess(new FakeMilvus()).nameOf(testSchema, 2);
    const calls = await cutEverywhere(how, begin, work, async (server) => {
      await work(server);
      expect([...server.collections.keys()]).toEqual([next]);
      expect(server.aliasOf(names.live('a'))?.name).toBe(next);
    });
    expect(calls).toBeGreaterThan(2 * values.length);
  });

  it('leaves what others use of the collection', async () => {
    const begin = async () => {
      const server = new FakeMilvus();
      await filled(server, 1, 'a');
      await filled(server, 1, 'b');
      return server;
    };
    const work = (server: FakeMilvus) => openProcess(server, 'genres').drop(key(1, 'a'), msMax);
    await cutEverywhere(how, begin, work, async (server) => {
      await work(server);
      const base = server.aliasOf(names.use('b', 1))!;
      expect(server.collections.size).toBe(1 + values.length);
      expect([...base.aliases].sort()).toEqual([names.live('b'), names.use('b', 1)].sort());
      for (const value of values) {
        const shard = names.shard(base.name, value);
        expect([...server.collections.get(shard)!.aliases]).toEqual([
          names.ofShard(names.live('b'), base.name, shard),
        ]);
      }
    });
  });
});

it('clears away what a trial has left that was cut off', async () => {
  const server = new FakeMilvus();
  for (const [name, ageMs] of [
    ['old', limits.milvusUnusedMsMin + 1],
    ['new', 10],
  ] as const) {
    server.nowMs = 1_000_000 - ageMs;
    server.createCollection({ collection_name: `${names.trialPrefix}${name}`, description: '', fields: [] });
  }
  server.nowMs = 1_000_000;
  await openProcess(server).prepare('a', catalogue(1), msMax);
  const left = [...server.collections.keys()].filter((name) => name.startsWith(names.trialPrefix));
  expect(left).toEqual([`${names.trialPrefix}new`]);
});

it('does not drop what somebody may still be preparing, and says that it is to be tried again', async () => {
  const server = new FakeMilvus();
  server.nowMs = 1_000_000;
  await openProcess(server).prepare('b', catalogue(1), msMax);
  // Made, with no alias yet.
  server.aliasOf(names.use('b', 1))!.aliases.clear();
  const drop = () => openProcess(server).drop(key(1, 'a'), msMax);
  await expect(drop()).rejects.toMatchObject({ code: 'unavailable' });
  expect(server.collections.size).toBe(1);
  server.nowMs += limits.milvusUnusedMsMin;
  await drop();
  expect(server.collections.size).toBe(0);
});
