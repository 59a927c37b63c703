import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../src/adapters/milvus/collection-layout.ts';
import { CollectionMaker } from '../../src/adapters/milvus/collection-maker.ts';
import { Names } from '../../src/adapters/milvus/names.ts';
import { keepsPartitionedRows } from '../../src/adapters/milvus/partition-key-probe.ts';
import { testSchema } from '../support/arbitraries.ts';
import { FakeMilvus } from '../support/fake-milvus.ts';

const names = new Names('t');
const msMax = 60_000;

/** The collection of a first catalogue, as the maker leaves it on the server. */
async function made(server: FakeMilvus) {
  const messages: string[] = [];
  const line = (_: object, message: string) => void messages.push(message);
  const logger = { info: line, warn: line, error: line };
  const maker = new CollectionMaker({ names, index: 'hnsw', logger, epochMs: () => 0 });
  const shape = { layout: layoutOf(testSchema), division: null };
  await maker.ensure(server.client, 'films', shape, msMax);
  expect([...server.collections.keys()]).toEqual(['films']);
  const { fields, indexes } = server.collections.get('films')!;
  const tenant = fields.find(({ name }) => name === 'tenant')!;
  return {
    divided: tenant.is_partition_key ?? false,
    indexes: Object.fromEntries([...indexes].map(([field, index]) => [field, index.index_type])),
    messages,
  };
}

describe('the trial of partition keys', () => {
  it.each([true, false])('says whether the server keeps all rows, and leaves nothing: %s', async (keeps) => {
    const server = new FakeMilvus({ keepsPartitioned: keeps });
    expect(await keepsPartitionedRows(server.client, 'trial', msMax)).toBe(keeps);
    expect(server.collections.size).toBe(0);
  });

  it('has its answer also where the server does not drop its collection', async () => {
    const server = new FakeMilvus({ keepsPartitioned: true });
    server.refused.add('dropCollection');
    expect(await keepsPartitionedRows(server.client, 'trial', msMax)).toBe(true);
    expect(server.collections.size).toBe(1);
  });

  it('tells what failed first, and drops its collection all the same', async () => {
    const server = new FakeMilvus();
    server.refused.add('upsert');
    const trial = () => keepsPartitionedRows(server.client, 'trial', msMax);
    await expect(trial()).rejects.toThrow('no upsert now');
    expect(server.collections.size).toBe(0);
    server.refused.add('dropCollection');
    await expect(trial()).rejects.toThrow('no upsert now');
    expect(server.collections.size).toBe(1);
  });
});

describe('a collection', () => {
  it('is divided by tenant where the trial has kept all rows, and then has no index of tenants', async () => {
    const { divided, indexes, messages } = await made(new FakeMilvus({ keepsPartitioned: true }));
    expect(divided).toBe(true);
    expect(indexes).toEqual({ embedding: 'HNSW' });
    expect(messages).toContain('collections of Milvus are divided by tenant');
  });

  it.each([
    ['2.3.5', 'Trie'],
    ['v2.3.5-lite', 'Trie'],
    ['v2.4.0', 'INVERTED'],
    ['v2.6.10', 'INVERTED'],
    ['3.0.1', 'INVERTED'],
  ])('has the index of tenants that Milvus %s knows for texts', async (version, type) => {
    const { divided, indexes } = await made(new FakeMilvus({ version }));
    expect(divided).toBe(false);
    expect(indexes).toEqual({ embedding: 'HNSW', tenant: type });
  });
});
