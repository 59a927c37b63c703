import type { Catalogue } from '../domain/catalogue-schema.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { CatalogueKey, SharedIndex, SharedIndexName } from '../ports/shared-index.ts';
import type { SyncLag, SyncLog } from '../ports/sync-log.ts';
import { IndexSync, type IndexSyncParts } from './index-sync.ts';
import { Waits } from './waits.ts';
import { within } from './within.ts';

export interface SharedIndexesParts extends Omit<IndexSyncParts, 'log'> {
  /** null: there are none. */
  readonly shared: { readonly indexes: readonly SharedIndex[]; readonly log: SyncLog } | null;
}

/** How far one index is behind the truth. */
export interface IndexLag {
  readonly index: SharedIndexName;
  /** null: not known yet. */
  readonly lag: SyncLag | null;
  /** What somebody has to change in it; absent: nothing. */
  readonly problem?: string;
}

/** The indexes outside the process that follow the truth; there may be none. */
export class SharedIndexes {
  readonly #syncs: readonly IndexSync[];
  readonly #log: SyncLog | null;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Between attempts; ended by `stop`. */
  readonly #pauses: Waits;
  /** The newest generation of each tenant that was to be shown. */
  readonly #wanted = new Map<string, Catalogue>();
  #stopped = false;

  constructor({ shared, ...parts }: SharedIndexesParts) {
    this.#syncs =
      shared?.indexes.map((index): IndexSync => {
        const own = { ...parts, log: shared.log };
        return new IndexSync(index, own, (key) => this.#showAgain(index.name, key));
      }) ?? [];
    this.#log = shared?.log ?? null;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
    this.#pauses = new Waits(parts.clock);
  }

  start(): void {
    for (const sync of this.#syncs) sync.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pauses.cut();
    const stopped = Promise.all(this.#syncs.map((sync) => sync.stop()));
    // A store that hangs holds a pass up; what it was doing is done again by whoever claims it next.
    await within<unknown>(stopped, limits.syncEndMsMax, this.#clock, null);
  }

  /** Says that documents of the tenant were written, or have become visible to searches. */
  nudge(tenant: string): void {
    for (const sync of this.#syncs) sync.nudge(tenant);
  }

  /** Whether a search that began at `atMs` (monotonic) saw all that its epoch has: its answer may be kept for others. */
  settled(tenant: string, atMs: number): boolean {
    return this.#syncs.every((sync) => sync.settled(tenant, atMs));
  }

  lags(): readonly IndexLag[] {
    return this.#syncs.map(({ index, lag, problem }) => ({
      index: index.name,
      lag,
      ...(problem !== null && { problem }),
    }));
  }

  /** Resolves when every index has applied what is committed now, or `msMax` has passed: whether they have. */
  async caughtUp(key: CatalogueKey, msMax: number): Promise<boolean> {
    const endMs = this.#clock.nowMs() + msMax;
    const isOver = () => this.#stopped || this.#clock.nowMs() >= endMs;
    const caught = Promise.all(
      this.#syncs.map((sync) => sync.caughtUp(key, isOver, (ms) => this.#pauses.wait(ms))),
    ).then(() => !isOver());
    return within(caught, msMax, this.#clock, false);
  }

  /** Documents of the generation that some index does not have, counted where most are missing. */
  async pending(key: CatalogueKey): Promise<number> {
    const lags = await Promise.all(this.#syncs.map((sync) => sync.lagOf(key)));
    return Math.max(0, ...lags.map(({ pending }) => pending));
  }

  /**
   * Shows the generation under the catalogue's live name, for others than this service; repeated until it is done. An index
   * that has nothing of it, though everything was applied once, has lost it: then all is written again.
   * @param documents how many the generation has
   */
  activate(tenant: string, catalogue: Catalogue, documents: number): void {
    if ((this.#wanted.get(tenant)?.generation ?? 0) > catalogue.generation) return;
    this.#wanted.set(tenant, catalogue);
    for (const sync of this.#syncs) {
      sync.show(tenant, catalogue);
      void this.#activate(sync, tenant, catalogue, documents);
    }
  }

  /** Where an index had lost a generation its live name is gone as well. */
  #showAgain(name: SharedIndexName, { tenant, generation }: CatalogueKey): void {
    const catalogue = this.#wanted.get(tenant);
    const sync = this.#syncs.find(({ index }) => index.name === name);
    if (sync === undefined || catalogue?.generation !== generation) return;
    void this.#activate(sync, tenant, catalogue, 0);
  }

  async #activate(sync: IndexSync, tenant: string, catalogue: Catalogue, documents: number): Promise<void> {
    const key = { tenant, generation: catalogue.generation };
    const isWanted = () => !this.#stopped && this.#wanted.get(tenant)?.generation === catalogue.generation;
    for (let pauseMs: number = limits.syncPauseMsMin; isWanted(); pauseMs *= 2) {
      try {
        const place = await sync.prepare(tenant, catalogue);
        // Nothing to show; a newer one is about to be.
        if (place === 'gone') return;
        if (place === 'ready' && documents > 0) await this.#refillLost(sync.index, key);
        await sync.index.activate(key);
        return;
      } catch (error) {
        if (pauseMs === limits.syncPauseMsMin)
          this.#logger.warn(
            { error, index: sync.index.name },
            'the live name of a catalogue cannot be moved, will be repeated',
          );
        if (isWanted()) await this.#pauses.wait(Math.min(limits.syncPauseMsMax, pauseMs));
      }
    }
  }

  /** The index has a place for the generation, but nothing in it, though everything was applied once. */
  async #refillLost(index: SharedIndex, key: CatalogueKey): Promise<void> {
    const [first] = await index.versions(key, null, 1);
    if (first !== undefined || this.#log === null) return;
    if ((await this.#log.lag(index.name, key)).pending > 0) return;
    const due = await this.#log.requeue(index.name, key);
    if (due === 0) return;
    this.#logger.warn(
      { index: index.name, tenant: key.tenant, documents: due },
      'an index has lost a catalogue, its documents are written again',
    );
    this.nudge(key.tenant);
  }
}
