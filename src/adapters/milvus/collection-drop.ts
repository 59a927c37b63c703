import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { CatalogueKey } from '../../ports/shared-index.ts';
import { collectionNames, describeCollection, dropAlias, dropWhole } from './admin-calls.ts';
import { successful } from './milvus-answer.ts';
import type { Names } from './names.ts';
import { textLiteral } from './text-literal.ts';

/** A collection that tenants may share, with those beside it where documents are kept apart by a value. */
export interface CollectionParts {
  readonly base: string;
  readonly shards: readonly string[];
}

/**
 * Deletes a tenant's generation. The alias that shows the use goes when all else is gone, so whoever repeats this after an
 * interruption finds what is left. A collection that nobody else uses goes as a whole; one that somebody starts to use in
 * that moment fails the first write, and is prepared again.
 */
export async function dropUse(
  client: MilvusClient,
  names: Names,
  key: CatalogueKey,
  { base, shards }: CollectionParts,
  timeoutMs: number,
): Promise<void> {
  const use = names.use(key.tenant, key.generation);
  const aliases = (await describeCollection(client, base, timeoutMs))?.aliases ?? [];
  if (!aliases.some((alias) => names.isUse(alias) && alias !== use)) {
    await dropParts(client, { base, shards }, timeoutMs);
    return;
  }
  const live = names.live(key.tenant);
  for (const part of [base, ...shards]) {
    const own = part === base ? live : names.ofShard(live, base, part);
    const present = part === base ? aliases : (await describeCollection(client, part, timeoutMs))?.aliases;
    if (present?.includes(own)) await dropAlias(client, own);
    if (present !== undefined) await deleteTenant(client, part, key.tenant, timeoutMs);
  }
  await dropAlias(client, use);
}

/** The first one last: while it is there, the others are found. */
async function dropParts(
  client: MilvusClient,
  { base, shards }: CollectionParts,
  timeoutMs: number,
): Promise<void> {
  for (const part of [...shards, base]) await dropWhole(client, part, timeoutMs);
}

/**
 * Deletes collections of a generation that nobody uses any more: what is left where the last alias went and the collection
 * did not. One that is younger than `ageMsMin` may be somebody's who is still preparing it.
 * @returns how many were too young
 */
export async function dropUnused(
  client: MilvusClient,
  names: Names,
  generation: number,
  { nowMs, ageMsMin }: { readonly nowMs: number; readonly ageMsMin: number },
  timeoutMs: number,
): Promise<number> {
  const all = await collectionNames(client, names.prefix, timeoutMs);
  let young = 0;
  for (const base of all.filter((name) => names.isCollectionOf(name, generation))) {
    const there = await describeCollection(client, base, timeoutMs);
    if (there === null || there.aliases.some((alias) => names.isUse(alias))) continue;
    if (nowMs - Number(there.created_utc_timestamp) < ageMsMin) {
      young++;
      continue;
    }
    const shards = all.filter((name) => name.startsWith(names.shardPrefix(base)));
    await dropParts(client, { base, shards }, timeoutMs);
  }
  return young;
}

/** Drops collections whose names begin like that and that were made before. */
export async function dropOlder(
  client: MilvusClient,
  prefix: string,
  { olderThanMs, timeoutMs }: { readonly olderThanMs: number; readonly timeoutMs: number },
): Promise<void> {
  for (const name of await collectionNames(client, prefix, timeoutMs)) {
    const there = await describeCollection(client, name, timeoutMs);
    if (there !== null && Number(there.created_utc_timestamp) < olderThanMs)
      await dropWhole(client, name, timeoutMs);
  }
}

async function deleteTenant(
  client: MilvusClient,
  collection: string,
  tenant: string,
  timeoutMs: number,
): Promise<void> {
  const literal = textLiteral(tenant);
  if (literal === null) throw new RangeError('a tenant is called in control characters');
  successful(
    await client.deleteEntities({
      collection_name: collection,
      filter: `tenant == ${literal}`,
      timeout: timeoutMs,
    }),
  );
}
