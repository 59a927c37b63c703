import { setTimeout } from 'node:timers/promises';
import type { DescribeCollectionResponse, FieldType, MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { IndexParameters } from './index-parameters.ts';
import { failureOf, hasStatus, MilvusFailure, milvusStatus, successful } from './milvus-answer.ts';

/** What a new collection is made of. */
export interface NewCollection {
  readonly name: string;
  readonly description: string;
  readonly columns: FieldType[];
  readonly index: IndexParameters;
  /** Type of the index over tenants, which every filter names; null: none. */
  readonly tenantIndex: string | null;
}

const loadPollMs = 50;

/** The collection, read from the server; null: there is none of that name or alias. */
export async function describeCollection(
  client: MilvusClient,
  nameOrAlias: string,
  timeoutMs: number,
): Promise<DescribeCollectionResponse | null> {
  try {
    return successful(
      await client.describeCollection({ collection_name: nameOrAlias, timeout: Math.max(1, timeoutMs) }),
    );
  } catch (error) {
    const failure = failureOf(error);
    if (hasStatus(failure, milvusStatus.collectionNotFound)) return null;
    throw failure;
  }
}

/** Makes a collection, its index and what it needs in memory. Each step may have been done, by us or by others. */
export async function makeCollection(
  client: MilvusClient,
  made: NewCollection,
  timeoutMs: number,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  const left = () => Math.max(1, endMs - performance.now());
  const collection_name = made.name;
  successful(
    await client.createCollection({
      collection_name,
      description: made.description,
      fields: made.columns,
      shards_num: 1,
      consistency_level: 'Bounded',
      timeout: left(),
    }),
  );
  const { type, metric, params } = made.index;
  successful(
    await client.createIndex({
      collection_name,
      field_name: 'embedding',
      index_name: 'embedding',
      index_type: type,
      metric_type: metric,
      params: { ...params },
      timeout: left(),
    }),
  );
  if (made.tenantIndex !== null)
    successful(
      await client.createIndex({
        collection_name,
        field_name: 'tenant',
        index_name: 'tenant',
        index_type: made.tenantIndex,
        timeout: left(),
      }),
    );
  await loadCollection(client, collection_name, left());
}

/** Resolves when the collection can be searched. */
export async function loadCollection(client: MilvusClient, name: string, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  successful(await client.loadCollection({ collection_name: name, timeout: timeoutMs }));
  for (;;) {
    const { progress } = successful(await client.getLoadingProgress({ collection_name: name }));
    if (Number(progress) >= 100) return;
    if (performance.now() > endMs)
      throw new MilvusFailure(`${name} is not loaded in time`, { status: null, code: null });
    await setTimeout(loadPollMs);
  }
}

/** Lets an alias stand for the collection, whatever it stood for. */
export async function setAlias(client: MilvusClient, alias: string, name: string): Promise<void> {
  try {
    successful(await client.createAlias({ collection_name: name, alias }));
  } catch (error) {
    const failure = failureOf(error);
    // It stands for another collection, or for one that was dropped.
    if (!hasStatus(failure, milvusStatus.aliasExists) && !/alias/i.test(failure.message)) throw failure;
    successful(await client.alterAlias({ collection_name: name, alias }));
  }
}

/** Nothing where there is none. */
export async function dropAlias(client: MilvusClient, alias: string): Promise<void> {
  try {
    successful(await client.dropAlias({ alias }));
  } catch (error) {
    const failure = failureOf(error);
    if (!hasStatus(failure, milvusStatus.aliasNotFound)) throw failure;
  }
}

/** Names of collections that begin like that. */
export async function collectionNames(
  client: MilvusClient,
  prefix: string,
  timeoutMs: number,
): Promise<string[]> {
  const { data } = successful(await client.showCollections({ timeout: Math.max(1, timeoutMs) }));
  return data.map(({ name }) => name).filter((name) => name.startsWith(prefix));
}
