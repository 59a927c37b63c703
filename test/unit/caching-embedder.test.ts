import { expect, it } from 'vitest';
import { LruCache } from '../../src/adapters/memory/lru-cache.ts';
import type { Embedder } from '../../src/ports/embedder.ts';
import { CachingEmbedder } from '../../src/search/caching-embedder.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { inProcessParts, searchFixture, silentMeter } from '../support/search-fixture.ts';

const never = new AbortController().signal;

function cached(entriesMax: number) {
  const asked: string[] = [];
  const inner: Embedder = {
    ...inProcessParts().embedder!,
    embed: async (texts) => {
      asked.push(...texts);
      return texts.map((text) => Float32Array.of(text.length, 0, 0, 0, 0, 0, 0, 0));
    },
  };
  const cache = new LruCache<Float32Array>({ entriesMax, clock: new FakeClock() });
  return { asked, embedder: new CachingEmbedder(inner, cache, silentMeter, 100) };
}

it('embeds a query once, and each text of a call once', async () => {
  const { asked, embedder } = cached(2);
  const [first, second] = await embedder.embed(['a', 'a'], never);
  expect(await embedder.embed(['a'], never)).toEqual([first]);
  expect(second).toEqual(first);
  expect(asked).toEqual(['a']);
});

it('keeps the queries while documents are embedded', async () => {
  const { asked, embedder } = cached(2);
  await embedder.embed(['query'], never);
  const fixture = await searchFixture(() => ({ ...inProcessParts(), embedder }), []);
  const operations = Array.from({ length: 20 }, (_, i) => ({
    kind: 'put' as const,
    document: {
      id: `d${i}`,
      title: `t${i}`,
      text: '',
      facets: {},
      fields: {},
      relations: [],
      embedding: null,
    },
  }));
  await fixture.service.write('default', operations, { waitSearchable: false });
  expect(asked.length).toBe(21);
  await embedder.embed(['query'], never);
  expect(asked.length).toBe(21);
  await fixture.clock.run(fixture.service.close());
});
