import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { Catalogue, CatalogueSchema } from '../../domain/catalogue-schema.ts';
import { limits } from '../../limits.ts';
import type { CatalogueKey } from '../../ports/shared-index.ts';
import { LruMap } from '../../std/lru-map.ts';
import { collectionNames, describeCollection, dropAlias, loadCollection, setAlias } from './admin-calls.ts';
import { fingerprintOf, layoutOf } from './collection-layout.ts';
import type { CollectionMaker } from './collection-maker.ts';
import { type DescribedCollection, described, divisionOf } from './described-collection.ts';
import { successful } from './milvus-answer.ts';
import type { MilvusConnection } from './milvus-connection.ts';
import type { Names } from './names.ts';
import { textLiteral } from './text-literal.ts';

export interface CollectionsParts {
  readonly connection: MilvusConnection;
  readonly maker: CollectionMaker;
  readonly names: Names;
  /** Name of the facet or field by which new generations are divided; null: they are not. */
  readonly shardBy: string | null;
  readonly nowMs: () => number;
}

interface Remembered {
  readonly collection: DescribedCollection | null;
  readonly atMs: number;
  /** Of the client that read it: its successor has read nothing. */
  readonly generation: number;
}

/**
 * The collections of this service. One holds the documents of all tenants whose catalogues have the same layout and
 * generation; an alias for each of these (a use) points to it. The last one to go takes the collection with it.
 */
export class MilvusCollections {
  readonly #parts: CollectionsParts;
  /** By name or alias. */
  readonly #described = new LruMap<Remembered>(limits.milvusCollectionsRemembered);
  readonly #shards = new LruMap<{ readonly names: readonly string[]; readonly atMs: number }>(
    limits.milvusCollectionsRemembered,
  );
  readonly #reading = new Map<string, Promise<unknown>>();

  constructor(parts: CollectionsParts) {
    this.#parts = parts;
  }

  nameOf(schema: CatalogueSchema, generation: number): string {
    return this.#parts.names.collection(fingerprintOf(schema), generation);
  }

  /** Makes the collection of a generation, its alias, and loads it. */
  async prepare(tenant: string, { schema, generation }: Catalogue, timeoutMs: number): Promise<void> {
    const { connection, maker, names, shardBy } = this.#parts;
    const name = this.nameOf(schema, generation);
    const use = names.use(tenant, generation);
    if ((await this.find(use, timeoutMs))?.name === name) return;
    const division = shardBy === null ? null : divisionOf(schema, shardBy);
    await connection.call(async (client) => {
      if ((await describeCollection(client, name, timeoutMs)) === null)
        await maker.make(client, name, layoutOf(schema), division, timeoutMs);
      else await loadCollection(client, name, timeoutMs);
      await setAlias(client, use, name);
    });
    this.forget(use);
    await this.find(use, timeoutMs);
    await this.find(name, timeoutMs);
  }

  /** Makes the collection beside `base` where documents of that value belong. */
  async prepareShard(base: DescribedCollection, shard: string, timeoutMs: number): Promise<void> {
    const { connection, maker } = this.#parts;
    if (await this.find(shard, timeoutMs)) return;
    await connection.call((client) => maker.make(client, shard, base.layout, base.division, timeoutMs));
    this.forget(shard);
    this.#shards.delete(base.name);
    await this.#followAliases(base, shard, timeoutMs);
  }

  /** What the live names of the base stand for, they stand for in the new shard as well. */
  async #followAliases(base: DescribedCollection, shard: string, timeoutMs: number): Promise<void> {
    const { connection, names } = this.#parts;
    this.forget(base.name);
    const aliases = (await this.find(base.name, timeoutMs))?.aliases ?? [];
    for (const alias of aliases)
      if (names.isLive(alias))
        await connection.call((client) => setAlias(client, names.ofShard(alias, base.name, shard), shard));
  }

  /** The collection of a tenant's generation; null: it was not prepared. */
  ofKey({ tenant, generation }: CatalogueKey, timeoutMs: number): Promise<DescribedCollection | null> {
    return this.find(this.#parts.names.use(tenant, generation), timeoutMs);
  }

  /**
   * What is known of a collection, by its name or an alias; null: there is none. What was read is used for a while and
   * read again beside those who use it, so that a search waits for it once.
   */
  async find(nameOrAlias: string, timeoutMs: number): Promise<DescribedCollection | null> {
    const known = this.#described.get(nameOrAlias);
    const { connection, nowMs } = this.#parts;
    if (known?.collection == null || known.generation !== connection.generation)
      return this.#read(nameOrAlias, timeoutMs);
    if (nowMs() - known.atMs > limits.milvusDescribedMs)
      this.#read(nameOrAlias, limits.milvusAskMs).catch(() => {
        // What is known stays in use; who asks next tries again.
      });
    return known.collection;
  }

  /** One question for all who ask at the same time. */
  #read(nameOrAlias: string, timeoutMs: number): Promise<DescribedCollection | null> {
    return this.#once(`describe ${nameOrAlias}`, async () => {
      const { connection, nowMs } = this.#parts;
      const { generation } = connection;
      const answer = await connection.call((client) => describeCollection(client, nameOrAlias, timeoutMs));
      const collection = answer === null ? null : described(answer);
      this.#described.set(nameOrAlias, { collection, atMs: nowMs(), generation });
      return collection;
    });
  }

  /** Of what is not, or no longer, as it was read. */
  forget(nameOrAlias: string): void {
    this.#described.delete(nameOrAlias);
  }

  /** The collection and those beside it where documents are kept apart by a value. */
  async parts(base: DescribedCollection, timeoutMs: number): Promise<readonly string[]> {
    if (base.division === null) return [base.name];
    const known = this.#shards.get(base.name);
    if (known === undefined) return this.#readParts(base, timeoutMs);
    if (this.#parts.nowMs() - known.atMs > limits.milvusShardsMs)
      this.#readParts(base, limits.milvusAskMs).catch(() => {
        // The list that is known stays in use.
      });
    return known.names;
  }

  /** The same as the server has it now. */
  #readParts(base: DescribedCollection, timeoutMs: number): Promise<readonly string[]> {
    return this.#once(`shards of ${base.name}`, async () => {
      const { connection, names, nowMs } = this.#parts;
      const shards = await connection.call((client) =>
        collectionNames(client, names.shardPrefix(base.name), timeoutMs),
      );
      const all = [base.name, ...shards.sort()];
      this.#shards.set(base.name, { names: all, atMs: nowMs() });
      return all;
    });
  }

  partsNow(base: DescribedCollection, timeoutMs: number): Promise<readonly string[]> {
    return base.division === null ? Promise.resolve([base.name]) : this.#readParts(base, timeoutMs);
  }

  /** Lets the live name of the tenant's catalogue stand for its generation. */
  async activate(key: CatalogueKey, base: DescribedCollection, timeoutMs: number): Promise<void> {
    const { connection, names } = this.#parts;
    const live = names.live(key.tenant);
    const parts = await this.partsNow(base, timeoutMs);
    await connection.call(async (client) => {
      for (const part of parts)
        await setAlias(client, part === base.name ? live : names.ofShard(live, base.name, part), part);
    });
  }

  /**
   * Deletes a tenant's generation. A collection that nobody else uses goes as a whole; one that somebody starts to use in
   * that moment fails the first write, and is prepared again.
   */
  async drop(key: CatalogueKey, base: DescribedCollection, timeoutMs: number): Promise<void> {
    const { connection, names } = this.#parts;
    const use = names.use(key.tenant, key.generation);
    this.forget(base.name);
    const aliases = (await this.find(base.name, timeoutMs))?.aliases ?? [];
    const others = aliases.filter((alias) => names.isUse(alias) && alias !== use);
    const live = names.live(key.tenant);
    const parts = await this.partsNow(base, timeoutMs);
    await connection.call(async (client) => {
      for (const part of parts) {
        if (aliases.includes(live))
          await dropAlias(client, part === base.name ? live : names.ofShard(live, base.name, part));
        if (others.length > 0) await deleteTenant(client, part, key.tenant, timeoutMs);
      }
      await dropAlias(client, use);
      // The first one last: while it is there, the others are found.
      if (others.length === 0)
        for (const part of [...parts].reverse())
          successful(await client.dropCollection({ collection_name: part, timeout: timeoutMs }));
    });
    for (const name of [use, ...parts]) this.forget(name);
    this.#shards.delete(base.name);
  }

  /** Any collection that can be asked something; null: there is none yet. */
  async any(timeoutMs: number): Promise<DescribedCollection | null> {
    const { connection, names } = this.#parts;
    const found = await connection.call((client) => collectionNames(client, names.prefix, timeoutMs));
    for (const name of found.filter((each) => names.isCollection(each)).slice(0, 1))
      return this.find(name, timeoutMs);
    return null;
  }

  #once<T>(what: string, work: () => Promise<T>): Promise<T> {
    const running = this.#reading.get(what) as Promise<T> | undefined;
    if (running !== undefined) return running;
    const answer = work().finally(() => this.#reading.delete(what));
    this.#reading.set(what, answer);
    return answer;
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
