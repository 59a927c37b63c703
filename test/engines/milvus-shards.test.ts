import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import type { Hit } from '../../src/ports/recall.ts';
import type { VectorIndex } from '../../src/ports/vector-index.ts';
import { testSchema } from '../support/arbitraries.ts';
import { describeWithEngines } from '../support/engines.ts';
import { type MilvusFixture, openMilvusFixture, serverOf } from '../support/milvus-fixture.ts';
import { Random } from '../support/random.ts';
import { documentOf, TestCatalogue } from '../support/recall-subject.ts';

const dimension = 24;
const schema: CatalogueSchema = { ...testSchema, embedding: { ...testSchema.embedding, dimension } };
const types = ['film', 'series', 'short', ''];

/** One catalogue, written into two fixtures: one divided by the first genre, one not. */
function twoOf(server: Parameters<typeof openMilvusFixture>[0], index: 'flat' | 'hnsw') {
  const whole = openMilvusFixture(server, { index });
  const divided = openMilvusFixture(server, { index, shardBy: 'genres' });
  const both = [whole, divided];
  const films = new TestCatalogue<VectorIndex>(
    {
      port: whole.vectors,
      write: async (tenant, _, changes) => {
        for (const { shared } of both) {
          await shared.prepare(tenant, { schema, generation: 1 });
          for (let at = 0; at < changes.length; at += 100)
            await shared.apply({ tenant, generation: 1 }, changes.slice(at, at + 100));
        }
      },
      close: async () => {},
    },
    schema,
  );
  const nearest = async (of: MilvusFixture, vectors: readonly Float32Array[], limit: number) =>
    of.vectors.search({ ...films.request(limit), vectors });
  return { whole, divided, both, films, nearest };
}

const idsOf = (hits: readonly Hit[]) => hits.map(({ id }) => id);

describeWithEngines(['milvus'], 'Milvus divided by a value', ({ milvus }) => {
  const random = new Random('milvus shards');
  const document = (i: number, version = 1): StoredDocument => {
    const type = types[random.integer(types.length)]!;
    return documentOf(`d${i}`, {
      version,
      embedding: random.unitVector(dimension),
      facets: { genres: type === '' ? [] : [type, 'all'] },
    });
  };

  describe('over exact indexes', () => {
    const { whole, divided, both, films, nearest } = twoOf(serverOf(milvus), 'flat');
    afterAll(() => Promise.all(both.map((fixture) => fixture.close())));

    it('answers as one collection does, through changes of the value', async () => {
      const documents = Array.from({ length: 400 }, (_, i) => document(i));
      // Equal vectors in different parts: ties that only ids decide.
      const same = random.unitVector(dimension);
      for (let i = 0; i < 12; i++) documents[i] = { ...documents[i]!, embedding: same };
      await films.put(...documents);
      const compare = async () => {
        const vectors = [same, ...Array.from({ length: 7 }, () => random.unitVector(dimension))];
        for (const limit of [1, 5, 12, 100, 1_000])
          expect((await nearest(divided, vectors, limit)).map(idsOf)).toEqual(
            (await nearest(whole, vectors, limit)).map(idsOf),
          );
      };
      await compare();
      await films.put(...Array.from({ length: 120 }, (_, i) => document(i, 2)));
      await films.delete(...Array.from({ length: 50 }, (_, i) => `d${100 + i}`));
      await compare();
      const key = { tenant: films.tenant, generation: 1 };
      expect(await divided.shared.versions(key, null, 1_000)).toEqual(
        await whole.shared.versions(key, null, 1_000),
      );
    }, 300_000);

    it('has a collection for each value, which live names follow, and drops them all', async () => {
      const key = { tenant: films.tenant, generation: 1 };
      const own = () =>
        divided.ask(async (client) => {
          const { data } = await client.showCollections();
          return data.filter(({ name }) => name.startsWith(divided.options.prefix!)).map(({ name }) => name);
        });
      const before = await own();
      expect(before.length).toBe(types.length);
      await divided.shared.activate(key);
      await films.put(
        documentOf('late', { embedding: random.unitVector(dimension), facets: { genres: ['new'] } }),
      );
      expect((await own()).length).toBe(types.length + 1);
      const base = before.find((name) => divided.names.isCollection(name))!;
      for (const value of ['new', 'film']) {
        const shard = divided.names.shard(base, value);
        const alias = divided.names.ofShard(divided.names.live(films.tenant), base, shard);
        const { aliases } = await divided.ask((client) =>
          client.describeCollection({ collection_name: shard }),
        );
        expect(aliases).toContain(alias);
      }
      await divided.shared.drop(key);
      expect(await own()).toEqual([]);
    }, 120_000);
  });

  describe('over HNSW', () => {
    const { both, films, nearest } = twoOf(serverOf(milvus), 'hnsw');
    const documents = Array.from({ length: 6_000 }, (_, i) => document(i));
    beforeAll(async () => {
      await films.put(...documents);
      for (const fixture of both) await sealed(fixture);
    }, 600_000);
    afterAll(() => Promise.all(both.map((fixture) => fixture.close())));

    it('finds at least 99 of 100 of the nearest, as the whole does', async () => {
      const key = { tenant: films.tenant, generation: 1 };
      for (const { shared } of both)
        expect((await shared.versions(key, null, 10_000)).length).toBe(documents.length);
      const limit = 300;
      const vectors = Array.from({ length: 20 }, () => random.unitVector(dimension));
      const wanted = vectors.map((vector) => new Set(exact(documents, vector, limit)));
      for (const fixture of both) {
        const share = async () => {
          const lists = await nearest(fixture, vectors, limit);
          const found = lists.flatMap((hits, i) => hits.filter(({ id }) => wanted[i]!.has(id)));
          return found.length / (vectors.length * limit);
        };
        expect(await settled(share)).toBeGreaterThanOrEqual(0.99);
      }
    }, 300_000);
  });
});

/** While Milvus 2.3.5 takes in an index that has been built, its searches miss rows of that segment, for seconds and more. */
async function settled(share: () => Promise<number>): Promise<number> {
  const endMs = performance.now() + 120_000;
  for (;;) {
    const now = await share();
    if (now >= 0.99 || performance.now() > endMs) return now;
    await setTimeout(2_000);
  }
}

function exact(documents: readonly StoredDocument[], vector: Float32Array, limit: number): string[] {
  return documents
    .map(({ id, embedding }) => ({ id, score: embedding.reduce((sum, x, i) => sum + x * vector[i]!, 0) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ id }) => id);
}

/** Until all rows are in segments that are indexed: before, Milvus looks at every one. */
async function sealed({ ask, options }: MilvusFixture): Promise<void> {
  await ask(async (client) => {
    const { data } = await client.showCollections();
    const names = data.map(({ name }) => name).filter((name) => name.startsWith(options.prefix!));
    await client.flushSync({ collection_names: names });
    for (const collection_name of names)
      for (;;) {
        const { index_descriptions: indexes } = await client.describeIndex({ collection_name });
        const vector = indexes.find(({ field_name }) => field_name === 'embedding');
        // It is called finished before it has begun.
        if (vector?.state === 'Finished' && vector.indexed_rows === vector.total_rows) break;
        await setTimeout(200);
      }
  });
}
