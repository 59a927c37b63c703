import type { Catalogue, CatalogueSchema } from '../../domain/catalogue-schema.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { CatalogueKey } from '../../ports/shared-index.ts';
import { LruMap } from '../../std/lru-map.ts';
import { collectionNames, describeCollection, setAlias } from './admin-calls.ts';
import { dropUnused, dropUse } from './collection-drop.ts';
import { fingerprintOf, layoutOf } from './collection-layout.ts';
import type { CollectionMaker } from './collection-maker.ts';
import { type DescribedCollection, described, divisionOf } from './described-collection.ts';
import type { MilvusConnection } from './milvus-connection.ts';
import type { Names } from './names.ts';

export interface CollectionsParts {
  readonly connection: Pick<MilvusConnection, 'call' | 'generation'>;
  readonly maker: CollectionMaker;
  readonly names: Names;
  /** Name of the facet or field by which new generations are divided; null: they are not. */
  readonly shardBy: string | null;
  /** Monotonic milliseconds, and those since 1970. */
  readonly nowMs: () => number;
  readonly epochMs: () => number;
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
  /** Shards that were seen complete by this process. */
  readonly #complete = new LruMap<true>(limits.milvusCollectionsRemembered);
  /** What is wrong with collections that cannot be used as they are; of one with shards, also with these. */
  readonly #unfit = new LruMap<string>(limits.milvusCollectionsRemembered);
  readonly #reading = new Map<string, Promise<unknown>>();

  constructor(parts: CollectionsParts) {
    this.#parts = parts;
  }

  nameOf(schema: CatalogueSchema, generation: number): string {
    return this.#parts.names.collection(fingerprintOf(schema), generation);
  }

  /**
   * Sees to it on the server that a generation's collection is there, complete and in use, whatever of that was done before.
   * @returns whether the tenant's use of it is new: then nothing of the tenant's is in it
   * @throws TriptychError invalid_settings where it is not one for these vectors
   */
  async prepare(tenant: string, catalogue: Catalogue, timeoutMs: number): Promise<boolean> {
    const { connection, names } = this.#parts;
    const endMs = this.#parts.nowMs() + timeoutMs;
    const leftMs = () => endMs - this.#parts.nowMs();
    const name = this.nameOf(catalogue.schema, catalogue.generation);
    const use = names.use(tenant, catalogue.generation);
    const base = await this.#noting(name, () => this.#ensureWhole(name, catalogue.schema, leftMs));
    this.#unfit.delete(name);
    let isNew = false;
    if (!base.aliases.includes(use)) {
      isNew = await connection.call((client) => setAlias(client, use, name));
      this.forget(use);
      this.forget(name);
    }
    await this.find(use, leftMs());
    await this.find(name, leftMs());
    return isNew;
  }

  /** The collection and its shards, complete. */
  async #ensureWhole(
    name: string,
    schema: CatalogueSchema,
    leftMs: () => number,
  ): Promise<DescribedCollection> {
    const { connection, maker, shardBy } = this.#parts;
    const division = shardBy === null ? null : divisionOf(schema, shardBy);
    const shape = { layout: layoutOf(schema), division };
    const base = await connection.call((client) => maker.ensure(client, name, shape, leftMs()));
    for (const shard of (await this.partsNow(base, leftMs())).slice(1))
      await this.#ensureShard(base, shard, base.aliases, leftMs());
    return base;
  }

  /** Remembers that a collection cannot be used as it is, so that nobody searches it or writes to it. */
  async #noting<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TriptychError && error.code === 'invalid_settings')
        this.#unfit.set(name, error.message);
      throw error;
    }
  }

  /** What was wrong with a collection, by its name, when it was looked at last; null: nothing is known to be. */
  unfit(name: string): string | null {
    return this.#unfit.get(name) ?? null;
  }

  /** Sees to it, once, that the collection beside `base` is complete where documents of one value belong. */
  async prepareShard(base: DescribedCollection, shard: string, timeoutMs: number): Promise<void> {
    if (shard === base.name || this.#complete.get(shard) !== undefined) return;
    await this.#noting(base.name, () => this.#ensureShard(base, shard, null, timeoutMs));
    if (!this.#shards.get(base.name)?.names.includes(shard)) this.#shards.delete(base.name);
  }

  /**
   * Completes a shard. What the live names of the base stand for, they stand for in it as well.
   * @param aliases of the base; null: they are asked for when the shard is there
   */
  async #ensureShard(
    base: DescribedCollection,
    shard: string,
    aliases: readonly string[] | null,
    timeoutMs: number,
  ): Promise<void> {
    const { connection, maker, names } = this.#parts;
    const made = await connection.call((client) => maker.ensure(client, shard, base, timeoutMs));
    const theirs =
      aliases ??
      (await connection.call((client) => describeCollection(client, base.name, timeoutMs)))?.aliases ??
      [];
    for (const live of theirs.filter((alias) => names.isLive(alias))) {
      const alias = names.ofShard(live, base.name, shard);
      if (!made.aliases.includes(alias)) await connection.call((client) => setAlias(client, alias, shard));
    }
    this.#complete.set(shard, true);
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
    return this.#known(nameOrAlias) ?? this.#read(nameOrAlias, timeoutMs);
  }

  /** The same where nobody has to wait for the server; null: it has to be asked. */
  knownOf({ tenant, generation }: CatalogueKey): DescribedCollection | null {
    return this.#known(this.#parts.names.use(tenant, generation));
  }

  #known(nameOrAlias: string): DescribedCollection | null {
    const known = this.#described.get(nameOrAlias);
    const { connection, nowMs } = this.#parts;
    if (known?.collection == null || known.generation !== connection.generation) return null;
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

  /** A collection is gone, or not as it was: what is remembered of it leads nowhere, whatever name it is under. */
  forgetAll(name: string): void {
    for (const known of this.#described.keys())
      if (known === name || this.#described.get(known)?.collection?.name === name) this.forget(known);
    const shards = this.#parts.names.shardPrefix(name);
    for (const shard of this.#complete.keys()) if (shard.startsWith(shards)) this.#complete.delete(shard);
    this.#shards.delete(name);
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

  /** Whether the server says that the tenant's generation is in use; nothing is made. */
  async hasPlace({ tenant, generation }: CatalogueKey, timeoutMs: number): Promise<boolean> {
    const { connection, names } = this.#parts;
    const use = names.use(tenant, generation);
    return (await connection.call((client) => describeCollection(client, use, timeoutMs))) !== null;
  }

  /** Deletes what there is of a tenant's generation, on the server, as often as it takes. @throws TriptychError unavailable */
  async drop(key: CatalogueKey, timeoutMs: number): Promise<void> {
    const { connection, names, epochMs } = this.#parts;
    const endMs = this.#parts.nowMs() + timeoutMs;
    const leftMs = () => endMs - this.#parts.nowMs();
    const use = names.use(key.tenant, key.generation);
    this.forget(use);
    const base = await this.find(use, leftMs());
    if (base !== null) {
      const [, ...shards] = await this.partsNow(base, leftMs());
      const parts = { base: base.name, shards };
      await connection.call((client) => dropUse(client, names, key, parts, leftMs()));
      this.forgetAll(base.name);
      return;
    }
    const age = { nowMs: epochMs(), ageMsMin: limits.milvusUnusedMsMin };
    const young = await connection.call((client) => dropUnused(client, names, key.generation, age, leftMs()));
    if (young > 0)
      throw new TriptychError('unavailable', 'collections that nobody uses are to be dropped later');
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
