import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { jsExactScorer } from '../../src/adapters/js/js-exact-scorer.ts';
import { formatVersion } from '../../src/adapters/redis/sealed-value.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import { limits } from '../../src/limits.ts';
import type { Embedder } from '../../src/ports/embedder.ts';
import { CachingEmbedder } from '../../src/search/caching-embedder.ts';
import { CatalogueRegistry } from '../../src/search/catalogue-registry.ts';
import { assembleTriptych } from '../../src/search/triptych.ts';
import { testSchema } from '../support/arbitraries.ts';
import { describeWithEngines } from '../support/engines.ts';
import { RecordingMeter } from '../support/event-fixture.ts';
import { scoringWith } from '../support/js-backends.ts';
import { MemoryDocumentStore } from '../support/memory-document-store.ts';
import { MemoryUserStore } from '../support/memory-user-store.ts';
import { openCaches, until } from '../support/redis-fixture.ts';
import {
  fanOfDocuments,
  inProcessParts,
  plainRequest,
  silentLogger,
  userParts,
} from '../support/search-fixture.ts';

/** So many that they do not all get the same life by chance. */
const lists = 16;

/** Processes of one service: one truth, one Redis, everything else each for itself. */
describeWithEngines(['redis'], 'Processes that share a Redis', ({ redis }) => {
  const prefix = `test-${randomUUID()}`;
  let store: MemoryDocumentStore;
  let users: MemoryUserStore;
  let a: Replica;
  let b: Replica;
  type Replica = Awaited<ReturnType<typeof replica>>;

  async function replica() {
    const clock = systemClock;
    const meter = new RecordingMeter();
    const { caches, caller } = openCaches({ url: redis.url, password: redis.password, ca: null }, { prefix });
    await until(() =>
      caches.ping(1_000).then(
        () => true,
        () => false,
      ),
    );
    const asked = { vector: 0, lexical: 0, embedded: 0 };
    const { embedder, vector, text, ...rest } = inProcessParts();
    const counted = {
      vector: {
        search: (query: Parameters<typeof vector.search>[0]) => {
          asked.vector++;
          return vector.search(query);
        },
      },
      text: {
        search: (query: Parameters<typeof text.search>[0]) => {
          asked.lexical++;
          return text.search(query);
        },
      },
    };
    const inner: Embedder = {
      ...embedder!,
      embed: (texts, signal) => {
        asked.embedded += texts.length;
        return embedder!.embed(texts, signal);
      },
    };
    const registry = new CatalogueRegistry({
      store,
      clock,
      meter,
      logger: silentLogger,
      stores: () => ({ ...rest, ...counted, vectorRoundTrip: true, textRoundTrip: true }),
    });
    await registry.open('default');
    const service = assembleTriptych({
      ...userParts(clock, users),
      shared: null,
      store,
      soleWriter: false,
      lists: caches.lists,
      legs: caches.legs,
      registry,
      embedder: new CachingEmbedder(inner, caches.embeddings, meter, limits.queryCharsMax),
      exact: jsExactScorer,
      scoring: scoringWith(),
      profiles: builtInProfiles,
      clock,
      meter,
      closeParts: () => caches.close(),
    });
    const search = (request: Partial<SearchRequest>): Promise<SearchResponse> =>
      service.search(
        'default',
        { ...plainRequest, timeoutMs: limits.timeoutMsMax, ...request },
        { startedAtMs: clock.nowMs() },
      );
    return { service, search, asked, meter, caller };
  }

  beforeAll(async () => {
    store = new MemoryDocumentStore();
    users = new MemoryUserStore();
    const { generation } = await store.createCatalogue('default', testSchema);
    const operations = fanOfDocuments(40).map((document) => ({ kind: 'put' as const, document }));
    await store.write('default', generation, operations);
    [a, b] = [await replica(), await replica()];
  });
  afterAll(async () => {
    await Promise.all([a?.service.close(), b?.service.close()]);
    const raw = new Redis(redis.url, { password: redis.password });
    for (const name of await raw.keys(`${prefix}:*`)) await raw.del(name);
    raw.disconnect();
  });
  beforeEach(() => {
    for (const { asked } of [a, b]) Object.assign(asked, { vector: 0, lexical: 0, embedded: 0 });
  });

  const shown = ({ results, total }: SearchResponse) => ({
    results: results.map(({ id, rank, score, signals, reasons }) => ({ id, rank, score, signals, reasons })),
    total,
  });

  /** Asks the other process until it answers from what is kept: writes are not waited for. */
  async function kept(process: Replica, request: Partial<SearchRequest>): Promise<SearchResponse> {
    let answer: SearchResponse | null = null;
    await until(async () => {
      answer = await process.search(request);
      return answer.cached;
    });
    return answer!;
  }

  it('answer from each other’s lists, and continue each other’s pages', async () => {
    for (const request of [
      { query: 'robot' },
      {
        query: 'robot',
        user: 'ann',
        constraints: [{ kind: 'quota', facet: 'directors', max: 1, within: 5 }],
      },
    ] as const) {
      const first = await a.search({ ...request, k: 5, explain: 'full' });
      expect(first.cached).toBe(false);
      expect(shown(await kept(b, { ...request, k: 5, explain: 'full' }))).toEqual(shown(first));
      const whole = await a.search({ ...request, k: 40 });
      const pages = [first];
      for (let i = 0; pages.at(-1)!.cursor !== null; i++)
        pages.push(await (i % 2 === 0 ? b : a).search({ ...request, k: 5, cursor: pages.at(-1)!.cursor }));
      expect(pages.flatMap(({ results }) => results.map(({ id }) => id))).toEqual(
        whole.results.map(({ id }) => id),
      );
      expect(pages.length).toBeGreaterThan(3);
      expect(pages.slice(1).every(({ cached }) => cached)).toBe(true);
    }
  });

  it('ask neither embedder nor index for what another one has asked', async () => {
    const request = { query: 'space robot', profile: 'linear' } as const;
    const first = await a.search({ ...request, user: 'carl' });
    expect(a.asked).toEqual({ vector: 1, lexical: 1, embedded: 1 });
    await until(async () => {
      Object.assign(b.asked, { vector: 0, lexical: 0, embedded: 0 });
      // Another list each time, so that no list answers.
      await b.search({ ...request, user: `dora${Math.random()}` });
      return b.asked.vector + b.asked.lexical + b.asked.embedded === 0;
    });
    const again = await b.search({ ...request, user: 'eve' });
    expect(again.cached).toBe(false);
    expect(shown(again)).toEqual(shown(first));
  });

  it.each([
    [
      'somebody',
      ' for as long as its cursors stand',
      Math.max(limits.rankedPersonalTtlMs, limits.cursorTtlMs),
    ],
    ['nobody', ' for an hour', limits.rankedSharedTtlMs],
  ])('keep a list of %s%s and by chance a little longer', async (who, _, ttlMs) => {
    const raw = new Redis(redis.url, { password: redis.password });
    try {
      const pattern = `${prefix}:${formatVersion}:list:*`;
      const before = new Set(await raw.keys(pattern));
      const made = async () => (await raw.keys(pattern)).filter((name) => !before.has(name));
      const startMs = performance.now();
      for (let i = 0; i < lists; i++)
        await a.search({ query: `space ${i}`, user: who === 'nobody' ? null : `lasting${i}`, k: 5 });
      await until(async () => (await made()).length === lists);
      const left = await Promise.all((await made()).map((name) => raw.pttl(name)));
      const passedMs = performance.now() - startMs;
      for (const ms of left) {
        expect(ms).toBeGreaterThanOrEqual(ttlMs - passedMs - 1);
        expect(ms).toBeLessThanOrEqual(ttlMs * (1 + limits.redisTtlJitter) + 1);
      }
      // More apart than what has passed between the first and the last can tell.
      const apartMs = Math.max(...left) - Math.min(...left);
      expect(apartMs).toBeGreaterThan(passedMs + (ttlMs * limits.redisTtlJitter) / 10);
    } finally {
      raw.disconnect();
    }
  });

  it('forget a user’s lists everywhere when one of them erases the user', async () => {
    await a.service.recordEvents('default', [
      {
        eventId: randomUUID(),
        user: 'fay',
        document: 'd3',
        type: 'like',
        value: null,
        context: null,
        atMs: Date.now(),
        requestId: null,
      },
    ]);
    const first = await a.search({ query: 'robot', user: 'fay', k: 5 });
    await a.search({ query: 'robot', user: 'gus', k: 5 });
    const raw = new Redis(redis.url, { password: redis.password });
    const listsOf = (user: string): Promise<string[]> =>
      raw.keys(`${prefix}:${formatVersion}:list:*\0${user}\0*`);
    await until(async () => (await listsOf('fay')).length > 0 && (await listsOf('gus')).length > 0);
    await b.search({ query: 'robot', user: 'fay', k: 5, cursor: first.cursor });
    await a.service.eraseUser('default', 'fay');
    expect(await listsOf('fay')).toEqual([]);
    expect(await listsOf('gus')).not.toEqual([]);
    raw.disconnect();
  });
});
