import { changedId, type DocumentChange } from '../domain/document.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Meter } from '../ports/meter.ts';
import type { CatalogueKey, SharedIndex } from '../ports/shared-index.ts';
import type { SyncClaim, SyncLag, SyncLog } from '../ports/sync-log.ts';
import { LruMap } from '../std/lru-map.ts';
import { WorkLoop } from './work-loop.ts';

export interface IndexSyncParts {
  readonly log: SyncLog;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly logger: Logger;
  /** 0..1, for pauses that processes must not take at the same moment. */
  readonly random?: () => number;
}

/**
 * Keeps one index outside the process up with the truth: claims what is due, applies it, records it, until nothing is
 * due. Several processes may do so at once; the lease on each document sees to it that one of them writes it at a time.
 * What may succeed later is due again after a pause that grows; what the index will never take is parked and told.
 */
export class IndexSync {
  readonly index: SharedIndex;
  readonly #parts: IndexSyncParts;
  readonly #loop: WorkLoop;
  /** Generations that were prepared by this process. */
  readonly #prepared = new LruMap<true>(limits.catalogueFillEntries);
  #following = false;
  #lag: SyncLag | null = null;
  /**
   * By tenant: when the first look began that found nothing due since the tenant's catalogue changed (monotonic). Without
   * an entry it is not known that the index has everything.
   */
  readonly #inSyncSinceMs = new Map<string, number>();
  /** Tenants of whom that is to be found out. */
  readonly #tenants = new Set<string>();
  #lastSweepMs = Number.NEGATIVE_INFINITY;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #sweeping: Promise<void> | null = null;
  /** Looks under way, shared by those who wait for the same generation. */
  readonly #looks = new Map<string, Promise<SyncLag>>();
  #failuresInARow = 0;

  constructor(index: SharedIndex, parts: IndexSyncParts) {
    this.index = index;
    this.#parts = parts;
    this.#loop = new WorkLoop({
      clock: parts.clock,
      pass: () => this.#pass(),
      pollMs: () => limits.syncPollMs,
      retryMs: limits.syncPauseMsMin,
      onFailure: (error, failures) => {
        if (failures === 1)
          parts.logger.warn(
            { error, index: index.name },
            'an index cannot be brought up to date, will be repeated',
          );
      },
    });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** Says that documents of the tenant were written, or have become visible to searches. */
  nudge(tenant: string): void {
    this.#changed(tenant);
    this.#loop.nudge();
  }

  /** What the last look said; null before the first. */
  get lag(): SyncLag | null {
    return this.#lag;
  }

  /**
   * Whether a search that began at `atMs` (monotonic) sees everything that its epoch has: nothing of the tenant has been due
   * since then for as long as the index needs to show what it has taken.
   */
  settled(tenant: string, atMs: number): boolean {
    const sinceMs = this.#inSyncSinceMs.get(tenant);
    return sinceMs !== undefined && atMs >= sinceMs + this.index.visibleAfterMs;
  }

  lagOf(key: CatalogueKey): Promise<SyncLag> {
    const name = `${key.generation}\0${key.tenant}`;
    const known = this.#looks.get(name);
    if (known !== undefined) return known;
    const look = this.#parts.log.lag(this.index.name, key).finally(() => this.#looks.delete(name));
    this.#looks.set(name, look);
    return look;
  }

  /** Resolves when nothing of the generation is due any more, whoever applies it; looks until `isOver`. */
  async caughtUp(
    key: CatalogueKey,
    isOver: () => boolean,
    pause: (ms: number) => Promise<void>,
  ): Promise<void> {
    while (!isOver() && !this.#loop.ended) {
      this.#loop.nudge();
      if ((await this.lagOf(key)).pending === 0) return;
      await pause(limits.syncWaitMs);
    }
  }

  async #pass(): Promise<boolean> {
    const { log } = this.#parts;
    if (!this.#following) {
      await log.follow(this.index.name);
      this.#following = true;
    }
    const claim = await log.claim(this.index.name, limits.sharedIndexBatchMax, limits.syncLeaseMs);
    if (claim !== null) {
      this.#changed(claim.tenant);
      await this.#work(claim);
      // A load in bulk takes minutes, in which people want to see how far it is.
      if (this.#parts.clock.nowMs() - this.#lookedAtMs >= limits.syncLookMs) await this.#look();
      return false;
    }
    this.#sweep();
    await this.#look();
    return true;
  }

  async #work(claim: SyncClaim): Promise<void> {
    try {
      await this.#prepare(claim);
      await this.#apply(claim);
      this.#failuresInARow = 0;
    } catch (error) {
      this.#failuresInARow++;
      // Where even that fails, the lease ends by itself.
      await this.#parts.log.failed(claim, reasonOf(error), this.#pauseMs());
      throw error;
    }
  }

  async #prepare({ tenant, generation, schema }: SyncClaim): Promise<void> {
    const key = `${generation}\0${tenant}`;
    if (this.#prepared.get(key) !== undefined) return;
    await this.index.prepare(tenant, { generation, schema });
    this.#prepared.set(key, true);
  }

  async #apply(claim: SyncClaim): Promise<void> {
    try {
      await this.index.apply(claim, claim.changes);
    } catch (error) {
      if (!isPermanent(error)) throw error;
      await this.#applySingly(claim);
      return;
    }
    await this.#record(claim);
  }

  /**
   * Where the lease was lost somebody else may have applied newer versions before this worker came with its own, and an
   * index that cannot compare them now has the older ones: they are done again.
   */
  async #record(claim: SyncClaim): Promise<void> {
    const { log, meter } = this.#parts;
    if (await log.applied(claim)) meter.synced(this.index.name, 'applied', claim.changes.length);
    else await log.requeue(this.index.name, claim, claim.changes.map(changedId));
  }

  /** One document that the index does not take must not keep the others of its batch out. */
  async #applySingly(claim: SyncClaim): Promise<void> {
    const { log, logger, meter } = this.#parts;
    const taken: DocumentChange[] = [];
    for (const change of claim.changes) {
      try {
        await this.index.apply(claim, [change]);
        taken.push(change);
      } catch (error) {
        if (!isPermanent(error)) throw error;
        const reason = reasonOf(error);
        await log.failed({ ...claim, changes: [change] }, reason, null);
        meter.synced(this.index.name, 'parked', 1);
        logger.error(
          { index: this.index.name, tenant: claim.tenant, reason },
          'an index refuses a document for good',
        );
      }
    }
    if (taken.length > 0) await this.#record({ ...claim, changes: taken });
  }

  /** Deletes what is left of catalogues that are gone, now and then and beside everything else: a large one takes minutes. */
  #sweep(): void {
    const { clock, logger } = this.#parts;
    if (this.#sweeping !== null || clock.nowMs() - this.#lastSweepMs < limits.syncSweepMs) return;
    this.#lastSweepMs = clock.nowMs();
    this.#sweeping = this.#dropGone()
      .catch((error: unknown) => {
        logger.warn(
          { error, index: this.index.name },
          'what is left of a catalogue cannot be deleted, will be repeated',
        );
      })
      .finally(() => {
        this.#sweeping = null;
      });
  }

  async #dropGone(): Promise<void> {
    const { log } = this.#parts;
    for (const key of await log.dropped(this.index.name)) {
      if (this.#loop.ended) return;
      await this.index.drop(key);
      await log.forget(this.index.name, key);
    }
  }

  async #look(): Promise<void> {
    const { log, clock, meter } = this.#parts;
    const startMs = clock.nowMs();
    this.#lookedAtMs = startMs;
    const changed = [...this.#tenants];
    this.#tenants.clear();
    let isDone = false;
    try {
      this.#lag = await log.lag(this.index.name);
      meter.indexLag(this.index.name, this.#lag.pending, this.#lag.parked);
      isDone = this.#lag.pending === 0 && ((await this.index.unfinished?.()) ?? 0) === 0;
    } finally {
      // One that changed while it was looked at is looked at again.
      for (const tenant of changed)
        if (isDone && !this.#tenants.has(tenant)) this.#inSyncSinceMs.set(tenant, startMs);
        else this.#tenants.add(tenant);
    }
  }

  #changed(tenant: string): void {
    this.#inSyncSinceMs.delete(tenant);
    this.#tenants.add(tenant);
  }

  /** Full jitter: between nothing and a limit that doubles with each failure. */
  #pauseMs(): number {
    const most = Math.min(limits.syncPauseMsMax, limits.syncPauseMsMin * 2 ** this.#failuresInARow);
    return Math.ceil(most * (this.#parts.random ?? Math.random)());
  }
}

/** Whether the index says that it will never take this. */
function isPermanent(error: unknown): boolean {
  return error instanceof TriptychError && error.code === 'invalid_document';
}

/** A code; drivers' texts may hold what documents say. */
function reasonOf(error: unknown): string {
  return error instanceof TriptychError ? error.code : 'error';
}
