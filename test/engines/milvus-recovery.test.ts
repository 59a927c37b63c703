import { setTimeout } from 'node:timers/promises';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { afterAll, describe, expect, it } from 'vitest';
import { createCollection } from '../../src/adapters/milvus/admin-calls.ts';
import { columnsOf } from '../../src/adapters/milvus/collection-fields.ts';
import { fingerprintOf, layoutOf } from '../../src/adapters/milvus/collection-layout.ts';
import { descriptionOf, divisionOf } from '../../src/adapters/milvus/described-collection.ts';
import { buildParameters } from '../../src/adapters/milvus/index-parameters.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { DocumentChange } from '../../src/domain/document.ts';
import type { VectorIndex } from '../../src/ports/vector-index.ts';
import { SharedIndexes } from '../../src/search/shared-indexes.ts';
import { testSchema as schema } from '../support/arbitraries.ts';
import { describeWithEngines } from '../support/engines.ts';
import { RecordingLogger, RecordingMeter } from '../support/event-fixture.ts';
import { MemorySyncLog } from '../support/memory-sync-log.ts';
import { type MilvusFixture, openMilvusFixture, serverOf } from '../support/milvus-fixture.ts';
import { Random } from '../support/random.ts';
import { documentOf, TestCatalogue } from '../support/recall-subject.ts';

/** How far the making of a collection had got when it was cut off. */
const steps = ['created', 'indexed', 'loaded', 'released'] as const;

describeWithEngines(['milvus'], 'Milvus after an interruption', ({ milvus }) => {
  const server = serverOf(milvus);
  const random = new Random('milvus recovery');
  const vector = () => random.unitVector(schema.embedding.dimension);
  const put = (id: string, genre: string | null = null): DocumentChange => ({
    kind: 'put',
    document: documentOf(id, { embedding: vector(), facets: { genres: genre === null ? [] : [genre] } }),
  });
  const fixtures: MilvusFixture[] = [];
  const open = (changes: Parameters<typeof openMilvusFixture>[1] = {}) => {
    const fixture = openMilvusFixture(server, changes);
    fixtures.push(fixture);
    return fixture;
  };
  afterAll(() => Promise.all(fixtures.map((fixture) => fixture.close())));

  const films = new TestCatalogue<VectorIndex>(
    { port: { search: async () => [] }, write: async () => {}, close: async () => {} },
    schema,
  );
  const { tenant } = films;
  const key = { tenant, generation: 1 };
  const found = async ({ vectors }: MilvusFixture): Promise<string[]> => {
    const [hits] = await vectors.search({ ...films.request(100), vectors: [vector()] });
    return hits!.map(({ id }) => id).sort();
  };
  const collections = ({ ask, options }: MilvusFixture) =>
    ask(async (client) => {
      const { data } = await client.showCollections();
      return data.map(({ name }) => name).filter((name) => name.startsWith(options.prefix!));
    });

  async function halfMade(
    client: MilvusClient,
    name: string,
    division: Parameters<typeof descriptionOf>[2],
    step: (typeof steps)[number],
  ): Promise<void> {
    const collection_name = name;
    const description = descriptionOf(name, 'hnsw', division);
    await createCollection(
      client,
      { name, description, columns: columnsOf(layoutOf(schema), false) },
      60_000,
    );
    if (step === 'created') return;
    const { type, metric, params } = buildParameters('hnsw');
    const embedding = { field_name: 'embedding', index_name: 'embedding', index_type: type };
    await client.createIndex({ collection_name, ...embedding, metric_type: metric, params });
    if (step === 'indexed') return;
    await client.loadCollection({ collection_name });
    if (step === 'released') await client.releaseCollection({ collection_name });
  }

  it.each(steps)(
    'is used as soon as its collection is prepared again: %s',
    async (step) => {
      const fixture = open();
      const name = fixture.names.collection(fingerprintOf(schema), 1);
      await fixture.ask((client) => halfMade(client, name, null, step));
      await fixture.shared.prepare(tenant, { schema, generation: 1 });
      await fixture.shared.apply(key, [put('a'), put('b')]);
      expect(await found(fixture)).toEqual(['a', 'b']);
    },
    120_000,
  );

  it.each(steps)(
    'is used as soon as a document comes into the part that was begun: %s',
    async (step) => {
      const fixture = open({ shardBy: 'genres' });
      const base = fixture.names.collection(fingerprintOf(schema), 1);
      const shard = fixture.names.shard(base, 'Drama');
      await fixture.shared.prepare(tenant, { schema, generation: 1 });
      await fixture.shared.activate(key);
      await fixture.ask((client) => halfMade(client, shard, divisionOf(schema, 'genres'), step));
      await fixture.shared.apply(key, [put('a', 'Drama'), put('b')]);
      expect(await found(fixture)).toEqual(['a', 'b']);
      const { aliases } = await fixture.ask((client) =>
        client.describeCollection({ collection_name: shard }),
      );
      expect(aliases).toEqual([fixture.names.ofShard(fixture.names.live(tenant), base, shard)]);
    },
    120_000,
  );

  it('leaves no collection and no name behind where a generation is dropped that had been live', async () => {
    const fixture = open({ shardBy: 'genres' });
    for (const generation of [1, 2]) {
      await fixture.shared.prepare(tenant, { schema, generation });
      const changes = generation === 1 ? [put('a', 'Drama'), put('b', 'War')] : [put('a', 'War')];
      await fixture.shared.apply({ tenant, generation }, changes);
      await fixture.shared.activate({ tenant, generation });
    }
    const base = fixture.names.collection(fingerprintOf(schema), 1);
    const left = fixture.names.ofShard(fixture.names.live(tenant), base, fixture.names.shard(base, 'Drama'));
    const there = async (name: string) =>
      (await fixture.ask((client) => client.hasCollection({ collection_name: name }))).value;
    expect(await there(left)).toBe(true);
    await fixture.shared.drop(key);
    expect((await collections(fixture)).every((name) => !name.includes('_g1'))).toBe(true);
    expect(await there(left)).toBe(false);
    expect(await there(fixture.names.live(tenant))).toBe(true);
  }, 120_000);

  describe('that has lost everything while the service runs', () => {
    it('gets all documents again and shows them under the live name, without a write and with one', async () => {
      const fixture = open();
      const log = new MemorySyncLog(systemClock, schema);
      const logger = new RecordingLogger();
      const indexes = new SharedIndexes({
        shared: { indexes: [fixture.shared], log },
        clock: systemClock,
        meter: new RecordingMeter(),
        logger,
      });
      const ids = Array.from({ length: 120 }, (_, i) => `d${i}`);
      const isWhole = async (wanted: readonly string[]) => {
        const listed = await fixture.shared.versions(key, null, 1_000);
        return listed.length === wanted.length;
      };
      const until = async (wanted: readonly string[]) => {
        while (!(await isWhole(wanted))) await setTimeout(200);
        while ((await found(fixture).catch(() => [])).length === 0) await setTimeout(200);
      };
      log.write(tenant, 1, ...ids.map((id) => put(id)));
      indexes.start();
      indexes.activate(tenant, { schema, generation: 1 }, ids.length);
      try {
        await until(ids);
        await fixture.wipe();
        expect(await collections(fixture)).toEqual([]);
        await until(ids);
        await fixture.wipe();
        log.write(tenant, 1, put('new'));
        indexes.nudge(tenant);
        await until([...ids, 'new']);
        const live = fixture.names.live(tenant);
        while (!(await fixture.ask((client) => client.hasCollection({ collection_name: live }))).value)
          await setTimeout(200);
        expect(logger.messages.filter((message) => message.includes('has lost a catalogue')).length).toBe(2);
      } finally {
        await indexes.stop();
      }
    }, 240_000);
  });
});
