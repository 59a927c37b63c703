import { setTimeout } from 'node:timers/promises';
import type { DescribeCollectionResponse, FieldType, MilvusClient } from '@zilliz/milvus2-sdk-node';
import { limits } from '../../limits.ts';
import { assertMetric } from './collection-fit.ts';
import type { IndexParameters } from './index-parameters.ts';
import { failureOf, hasStatus, MilvusFailure, milvusStatus, successful } from './milvus-answer.ts';

/** What a collection is made of. */
export interface CollectionPlan {
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

/** Makes a collection; one with the same columns that others have made in this moment will do. */
export async function createCollection(
  client: MilvusClient,
  { name, description, columns }: Pick<CollectionPlan, 'name' | 'description' | 'columns'>,
  timeoutMs: number,
): Promise<void> {
  successful(
    await client.createCollection({
      collection_name: name,
      description,
      fields: columns,
      shards_num: 1,
      consistency_level: 'Bounded',
      timeout: Math.max(1, timeoutMs),
    }),
  );
}

/**
 * Brings a collection that is there to where it can be searched, at whatever step its making has stopped.
 * @throws TriptychError invalid_settings where it has an index of another metric
 */
export async function completeCollection(
  client: MilvusClient,
  { name, index, tenantIndex }: Pick<CollectionPlan, 'name' | 'index' | 'tenantIndex'>,
  timeoutMs: number,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  const left = () => Math.max(1, endMs - performance.now());
  const present = await indexMetrics(client, name, left());
  assertMetric(name, index.metric, present.get('embedding') ?? null);
  // Without its indexes nothing can be loaded.
  if (await isLoaded(client, name, left())) return;
  if (!present.has('embedding'))
    successful(
      await client.createIndex({
        collection_name: name,
        field_name: 'embedding',
        index_name: 'embedding',
        index_type: index.type,
        metric_type: index.metric,
        params: { ...index.params },
        timeout: left(),
      }),
    );
  if (tenantIndex !== null && !present.has('tenant'))
    successful(
      await client.createIndex({
        collection_name: name,
        field_name: 'tenant',
        index_name: 'tenant',
        index_type: tenantIndex,
        timeout: left(),
      }),
    );
  await loadCollection(client, name, left());
}

async function isLoaded(client: MilvusClient, name: string, timeoutMs: number): Promise<boolean> {
  const { state } = successful(await client.getLoadState({ collection_name: name, timeout: timeoutMs }));
  return String(state) === 'LoadStateLoaded';
}

/** The fields that have an index, with its metric; null: it has none. */
async function indexMetrics(
  client: MilvusClient,
  name: string,
  timeoutMs: number,
): Promise<ReadonlyMap<string, string | null>> {
  try {
    const { index_descriptions: indexes } = successful(
      await client.describeIndex({ collection_name: name, timeout: timeoutMs }),
    );
    const metricOf = (params: readonly { readonly key: string; readonly value: unknown }[]) =>
      params.find(({ key }) => key === 'metric_type')?.value;
    return new Map(
      indexes.map(({ field_name, params }) => {
        const metric = metricOf(params);
        return [field_name, metric === undefined ? null : String(metric)];
      }),
    );
  } catch (error) {
    const failure = failureOf(error);
    if (hasStatus(failure, milvusStatus.indexNotFound)) return new Map();
    throw failure;
  }
}

/** Resolves when the collection can be searched. The SDK's own waiting has no end where loading has none. */
async function loadCollection(client: MilvusClient, name: string, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  successful(await client.loadCollectionAsync({ collection_name: name, timeout: timeoutMs }));
  for (;;) {
    const { progress } = successful(await client.getLoadingProgress({ collection_name: name }));
    if (Number(progress) >= 100) return;
    if (performance.now() > endMs)
      throw new MilvusFailure(`${name} is not loaded in time`, { status: null, code: null });
    await setTimeout(loadPollMs);
  }
}

/**
 * Drops a collection, if it is there. Its aliases go first, whatever they are: newer servers drop no collection that has
 * some, and others leave names that lead nowhere.
 */
export async function dropWhole(client: MilvusClient, name: string, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  const there = await describeCollection(client, name, timeoutMs);
  if (there === null) return;
  for (const alias of there.aliases) await dropAlias(client, alias);
  const timeout = Math.max(1, endMs - performance.now());
  successful(await client.dropCollection({ collection_name: name, timeout }));
}

/**
 * Lets an alias stand for the collection, whatever it stood for.
 * @returns whether it did not before
 */
export async function setAlias(client: MilvusClient, alias: string, name: string): Promise<boolean> {
  try {
    successful(await client.createAlias({ collection_name: name, alias }));
    return true;
  } catch (error) {
    const failure = failureOf(error);
    // It stands for this collection already, for another one, or for one that was dropped.
    if (!hasStatus(failure, milvusStatus.aliasExists) && !/alias/i.test(failure.message)) throw failure;
  }
  const there = await describeCollection(client, name, limits.milvusAskMs);
  if (there?.aliases.includes(alias)) return false;
  successful(await client.alterAlias({ collection_name: name, alias }));
  return true;
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
