import { expect, it } from 'vitest';
import { createCollection } from '../../src/adapters/milvus/admin-calls.ts';
import { columnsOf } from '../../src/adapters/milvus/collection-fields.ts';
import { fingerprintOf, layoutOf } from '../../src/adapters/milvus/collection-layout.ts';
import { descriptionOf } from '../../src/adapters/milvus/described-collection.ts';
import { buildParameters } from '../../src/adapters/milvus/index-parameters.ts';
import { testSchema as schema } from '../support/arbitraries.ts';
import { describeWithEngines } from '../support/engines.ts';
import { openMilvusFixture, serverOf } from '../support/milvus-fixture.ts';
import { documentOf } from '../support/recall-subject.ts';

const own = schema.embedding.dimension;
const catalogue = { schema, generation: 1 };
const key = { tenant: 't', generation: 1 };

describeWithEngines(['milvus'], 'a collection in Milvus under a name of ours', ({ milvus }) => {
  it.each([
    [5, 'COSINE', `vectors of 5 numbers, not ${own}`],
    [own, 'L2', 'an index of the metric L2, not COSINE'],
    [own, 'IP', 'an index of the metric IP, not COSINE'],
  ])(
    'with %s numbers and %s is refused, and another one is made once it is gone',
    async (dimension, metric, says) => {
      const fixture = openMilvusFixture(serverOf(milvus));
      const { shared, names } = fixture;
      try {
        const name = names.collection(fingerprintOf(schema), 1);
        await fixture.ask(async (client) => {
          const columns = columnsOf({ ...layoutOf(schema), dimension }, false);
          const description = descriptionOf(name, 'hnsw', null);
          await createCollection(client, { name, description, columns }, 60_000);
          await client.createIndex({
            ...{ collection_name: name, field_name: 'embedding', index_name: 'embedding' },
            ...{ index_type: 'HNSW', metric_type: metric, params: { ...buildParameters('hnsw').params } },
          });
          await client.loadCollectionSync({ collection_name: name });
        });
        await expect(shared.prepare('t', catalogue)).rejects.toMatchObject({
          code: 'unavailable',
          message: expect.stringContaining(`the collection ${name} in Milvus has ${says}`),
          cause: { code: 'invalid_settings' },
        });
        await fixture.wipe();
        expect(await shared.prepare('t', catalogue)).toBe(true);
        await shared.apply(key, [{ kind: 'put', document: documentOf('a') }]);
        expect(await shared.versions(key, null, 10)).toEqual([{ id: 'a', version: 1 }]);
      } finally {
        await fixture.close();
      }
    },
  );
});
