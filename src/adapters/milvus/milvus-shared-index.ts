import { setTimeout } from 'node:timers/promises';
import type { Catalogue } from '../../domain/catalogue-schema.ts';
import type { DocumentChange } from '../../domain/document.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { CatalogueKey, IndexedVersion, SharedIndex } from '../../ports/shared-index.ts';
import type { StoreCaller } from '../../ports/store-caller.ts';
import { compareUtf8 } from '../../std/utf8-order.ts';
import type { DescribedCollection } from './described-collection.ts';
import { rowsOf } from './document-rows.ts';
import { hasStatus, milvusStatus, refusalOf } from './milvus-answer.ts';
import type { MilvusCollections } from './milvus-collections.ts';
import type { MilvusConnection } from './milvus-connection.ts';
import type { Names } from './names.ts';
import { inWrites, type Placement, placed } from './placement.ts';
import { VersionPages } from './version-pages.ts';
import type { WriteThread } from './write-thread.ts';
import { haveAll, mergedVersions, readRows } from './written-rows.ts';

export interface SharedIndexParts {
  readonly connection: MilvusConnection;
  readonly collections: MilvusCollections;
  readonly thread: WriteThread;
  readonly names: Names;
  /** For what runs in the background. */
  readonly caller: StoreCaller;
  /** A real question to the server. */
  readonly ask: (timeoutMs: number) => Promise<void>;
  readonly pageRows: number;
  readonly visibleAfterMs: number;
}

/**
 * Milvus as it follows the truth. Writes are upserts by a key of tenant and id, so repeating one changes nothing; Milvus
 * cannot compare and set, so a write that is overtaken by a newer one of another worker wins over it: leases keep
 * documents apart, and going through `versions` finds what slipped through.
 */
export class MilvusSharedIndex implements SharedIndex {
  readonly name = 'milvus';
  readonly visibleAfterMs: number;
  readonly #parts: SharedIndexParts;
  readonly #pages: VersionPages;
  #closed = false;

  constructor(parts: SharedIndexParts) {
    this.#parts = parts;
    this.visibleAfterMs = parts.visibleAfterMs;
    this.#pages = new VersionPages({ pageRows: parts.pageRows, listsMax: limits.milvusRangesRemembered });
  }

  async prepare(tenant: string, catalogue: Catalogue): Promise<boolean> {
    const { collections } = this.#parts;
    return this.#call('prepare', limits.milvusPrepareMs, (leftMs) =>
      collections.prepare(tenant, catalogue, leftMs),
    );
  }

  hasPlace(key: CatalogueKey): Promise<boolean> {
    const { collections } = this.#parts;
    return this.#call('describe', limits.milvusAskMs, (leftMs) => collections.hasPlace(key, leftMs));
  }

  async apply(key: CatalogueKey, changes: readonly DocumentChange[]): Promise<void> {
    if (changes.length === 0) return;
    const base = await this.#prepared(key);
    const unfit = this.#parts.collections.unfit(base.name);
    if (unfit !== null) throw new TriptychError('unavailable', unfit);
    // Before anything is sent: a batch is refused as a whole.
    rowsOf(base.layout, key.tenant, changes);
    const places = await this.#placed(base, changes);
    await this.#start(() => this.#parts.thread.ready());
    try {
      for (const place of inWrites(places))
        await this.#call('write', limits.milvusWriteMs, (leftMs) =>
          this.#write(key.tenant, base, place, leftMs),
        );
    } catch (error) {
      this.#heedMissing(base, error);
      if (!(error instanceof TriptychError) || error.code === 'invalid_document') throw error;
      if (!(await this.#landed(key, base, changes))) throw error;
    }
  }

  async activate(key: CatalogueKey): Promise<void> {
    const { collections } = this.#parts;
    const base = await this.#prepared(key);
    await this.#call('activate', limits.milvusAskMs, (leftMs) => collections.activate(key, base, leftMs));
  }

  async drop(key: CatalogueKey): Promise<void> {
    const { collections } = this.#parts;
    await this.#call('drop', limits.milvusPrepareMs, (leftMs) => collections.drop(key, leftMs));
  }

  async versions(
    key: CatalogueKey,
    afterId: string | null,
    limit: number,
  ): Promise<readonly IndexedVersion[]> {
    const { collections } = this.#parts;
    return this.#call('versions', limits.milvusPrepareMs, async (leftMs) => {
      const base = await collections.ofKey(key, leftMs);
      if (base === null || limit <= 0) return [];
      try {
        const parts = await collections.partsNow(base, leftMs);
        const lists = await Promise.all(parts.map((part) => this.#versionsIn(part, key, afterId, limit)));
        return mergedVersions(lists, compareUtf8).slice(0, limit);
      } catch (error) {
        if (!hasStatus(error, milvusStatus.collectionNotFound)) throw error;
        this.#heedMissing(base, error);
        return [];
      }
    });
  }

  async ping(): Promise<void> {
    await this.#start(() => this.#parts.connection.load());
    await this.#call('ping', limits.milvusPingMs, (leftMs) => this.#parts.ask(leftMs));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#parts.thread.close(), this.#parts.connection.close()]);
  }

  /** @throws TriptychError unavailable where it was not prepared, or somebody has dropped it since */
  async #prepared(key: CatalogueKey): Promise<DescribedCollection> {
    const { collections } = this.#parts;
    const base =
      collections.knownOf(key) ??
      (await this.#call('describe', limits.milvusAskMs, (leftMs) => collections.ofKey(key, leftMs)));
    if (base !== null) return base;
    throw new TriptychError('unavailable', `generation ${key.generation} is not prepared in Milvus`);
  }

  /** Where the changes belong; parts that are missing, or not complete, are made. */
  async #placed(
    base: DescribedCollection,
    changes: readonly DocumentChange[],
  ): Promise<readonly Placement[]> {
    const { collections, names } = this.#parts;
    if (base.division === null) return placed(base, [base.name], names, changes);
    const known = await this.#call('describe', limits.milvusAskMs, (leftMs) =>
      collections.partsNow(base, leftMs),
    );
    const places = placed(base, known, names, changes);
    for (const { collection } of places)
      await this.#call('prepare', limits.milvusPrepareMs, (leftMs) =>
        collections.prepareShard(base, collection, leftMs),
      );
    return places;
  }

  async #write(
    tenant: string,
    base: DescribedCollection,
    { collection, changes }: Placement,
    timeoutMs: number,
  ): Promise<void> {
    const batch = rowsOf(base.layout, tenant, changes);
    try {
      await this.#parts.thread.write(collection, base.layout.dimension, batch, timeoutMs);
    } catch (error) {
      if (!hasStatus(error, milvusStatus.invalidParameter)) throw error;
      throw new TriptychError('invalid_document', 'Milvus refuses the documents', { cause: error });
    }
  }

  /** After a write whose outcome is not known: whether all of it is there. Of several parts that is not asked. */
  async #landed(
    { tenant }: CatalogueKey,
    base: DescribedCollection,
    changes: readonly DocumentChange[],
  ): Promise<boolean> {
    const { connection } = this.#parts;
    if (base.division !== null) return false;
    try {
      return await this.#call('versions', limits.milvusAskMs, (leftMs) =>
        connection.call((client) => haveAll(client, base.name, tenant, changes, leftMs)),
      );
    } catch {
      return false;
    }
  }

  /** Somebody dropped or released it: what is remembered of it leads nowhere. */
  #heedMissing(base: DescribedCollection, error: unknown): void {
    const gone = [milvusStatus.collectionNotFound, milvusStatus.collectionNotLoaded];
    if (!gone.some((status) => hasStatus(error, status))) return;
    this.#parts.collections.forgetAll(base.name);
  }

  #versionsIn(
    collection: string,
    { tenant }: CatalogueKey,
    afterId: string | null,
    limit: number,
  ): Promise<readonly IndexedVersion[]> {
    const { connection } = this.#parts;
    return this.#pages.list(`${collection} ${tenant}`, afterId, limit, (range, afterPk, rows) =>
      connection.call((client) =>
        readRows(client, collection, tenant, range, {
          afterPk,
          limit: rows,
          timeoutMs: limits.milvusAskMs,
        }),
      ),
    );
  }

  /**
   * What asks Milvus nothing is not the caller's: that it works does not say that Milvus does.
   * @throws TriptychError unavailable
   */
  async #start(work: () => Promise<void>): Promise<void> {
    if (this.#closed) throw closedError();
    const over = new AbortController();
    const timer = setTimeout(limits.milvusPrepareMs, undefined, { ref: false, signal: over.signal });
    const late = timer.then(() => Promise.reject(new Error('it takes too long')));
    try {
      await Promise.race([work(), late]);
    } catch (error) {
      throw new TriptychError('unavailable', 'the client of Milvus cannot be started', { cause: error });
    } finally {
      over.abort();
    }
  }

  /** @throws TriptychError invalid_document, or `unavailable` for everything that may succeed later */
  async #call<T>(operation: string, timeoutMs: number, attempt: (leftMs: number) => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError();
    try {
      return await this.#parts.caller.call({ operation, timeoutMs, repeatable: true }, (leftMs) =>
        attempt(leftMs).catch((error: unknown) => {
          throw refusalOf(error);
        }),
      );
    } catch (error) {
      if (error instanceof TriptychError && ['unavailable', 'invalid_document'].includes(error.code))
        throw error;
      const isUnfit = error instanceof TriptychError && error.code === 'invalid_settings';
      const says = isUnfit ? error.message : 'Milvus could not do it now';
      throw new TriptychError('unavailable', says, { cause: error });
    }
  }
}

function closedError(): TriptychError {
  return new TriptychError('unavailable', 'Milvus is closed');
}
