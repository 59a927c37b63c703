import type { Catalogue } from '../domain/catalogue-schema.ts';
import { changedId, type DocumentChange } from '../domain/document.ts';
import { generationKey } from '../domain/generation-key.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Meter } from '../ports/meter.ts';
import type { CatalogueKey, SharedIndex } from '../ports/shared-index.ts';
import type { SyncClaim, SyncLag, SyncLog } from '../ports/sync-log.ts';
import { GenerationPauses } from './generation-pauses.ts';
import { isLeftAlone, isPermanent, reasonOf } from './index-failures.ts';
import { IndexPlaces, type Place } from './index-places.ts';
import { IndexUpkeep } from './index-upkeep.ts';
import { TenantsInSync } from './tenants-in-sync.ts';
import { within } from './within.ts';
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
 * What may succeed later is due again after a pause that grows, each generation's for itself; what the index will never
 * take is parked and told; what it has lost is all due again.
 */
export class IndexSync {
  readonly index: SharedIndex;
  readonly #parts: IndexSyncParts;
  readonly #loop: WorkLoop;
  readonly #upkeep: IndexUpkeep;
  readonly #pauses: GenerationPauses;
  readonly #places: IndexPlaces;
  readonly #tenants = new TenantsInSync();
  /** Places that are still being made after their claims were given back. */
  #beside = 0;
  #lag: SyncLag | null = null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Looks under way, shared by those who wait for the same generation. */
  readonly #looks = new Map<string, Promise<SyncLag>>();

  /** @param onLost told of a generation that the index had lost and has a new place for */
  constructor(index: SharedIndex, parts: IndexSyncParts, onLost: (key: CatalogueKey) => void = () => {}) {
    this.index = index;
    this.#parts = parts;
    this.#places = new IndexPlaces({
      ...parts,
      index,
      onLost: (key) => {
        this.nudge(key.tenant);
        onLost(key);
      },
      onMade: () => this.#loop.nudge(),
    });
    this.#pauses = new GenerationPauses(parts.clock, parts.random ?? Math.random);
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
    this.#upkeep = new IndexUpkeep({
      ...parts,
      index,
      prepare: (tenant, catalogue) => this.prepare(tenant, catalogue),
      ended: () => this.#loop.ended,
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
    this.#tenants.changed(tenant);
    this.#loop.nudge();
  }

  /** The tenant's live catalogue from now on, which the index should have. */
  show(tenant: string, catalogue: Catalogue): void {
    this.#upkeep.show(tenant, catalogue);
  }

  /** What the last look said; null before the first. */
  get lag(): SyncLag | null {
    return this.#lag;
  }

  /** What somebody has to change in the index; null: nothing. */
  get problem(): string | null {
    return this.#places.problem;
  }

  /**
   * Whether a search that began at `atMs` (monotonic) sees everything that its epoch has: nothing of the tenant has been due
   * since then for as long as the index needs to show what it has taken.
   */
  settled(tenant: string, atMs: number): boolean {
    const sinceMs = this.#tenants.sinceMs(tenant);
    return sinceMs !== undefined && atMs >= sinceMs + this.index.visibleAfterMs;
  }

  lagOf(key: CatalogueKey): Promise<SyncLag> {
    const name = generationKey(key);
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

  /** Sees to it that the index has a place for the generation, however long that takes. */
  prepare(tenant: string, catalogue: Catalogue): Promise<Place> {
    return this.#places.make(tenant, catalogue);
  }

  async #pass(): Promise<boolean> {
    const { log } = this.#parts;
    await this.#places.follow();
    const { sharedIndexBatchMax, syncLeaseMs } = limits;
    const passedOver = [...this.#pauses.current(), ...this.#places.making];
    const claim = await log.claim(this.index.name, sharedIndexBatchMax, syncLeaseMs, passedOver);
    if (claim !== null) {
      this.#tenants.changed(claim.tenant);
      await this.#work(claim);
      // A load in bulk takes minutes, in which people want to see how far it is.
      if (this.#parts.clock.nowMs() - this.#lookedAtMs >= limits.syncLookMs) await this.#look();
      return false;
    }
    this.#upkeep.begin();
    await this.#look();
    return true;
  }

  async #work(claim: SyncClaim): Promise<void> {
    try {
      const place = this.#places.has(claim) ? 'ready' : await this.#placeOf(claim);
      if (place !== 'ready') return await this.#putOff(claim, place);
      await this.#apply(claim);
      this.#pauses.succeeded(claim);
    } catch (error) {
      this.#places.doubt(claim);
      await this.#giveBack(claim, error);
    }
  }

  /** Gives back what another pass can apply; what is gone is nobody's any more, and its lease ends by itself. */
  async #putOff(claim: SyncClaim, place: Place | 'late'): Promise<void> {
    if (place === 'gone') return;
    const ms = place === 'late' ? limits.syncPauseMsMin : 0;
    if (ms > 0) this.#pauses.putOff(claim, ms);
    await this.#parts.log.failed(claim, place, ms);
  }

  /** `late`: it is not there soon enough for the others to wait for it, or too many such are being made. */
  async #placeOf(claim: SyncClaim): Promise<Place | 'late'> {
    if (this.#beside >= limits.syncMakingMax) return 'late';
    const place = this.#places.make(claim.tenant, claim);
    const soon = await within(place, limits.syncMakeWaitMs, this.#parts.clock, 'late');
    if (soon === 'late') {
      this.#beside++;
      place
        .catch((error: unknown) => {
          if (!isLeftAlone(error)) this.#blame(claim, error);
        })
        .finally(() => this.#beside--);
    }
    return soon;
  }

  /** Where even that fails, the lease ends by itself. @throws where the index as a whole is away: then nobody's turn comes */
  async #giveBack(claim: SyncClaim, error: unknown): Promise<void> {
    const { log } = this.#parts;
    if (isLeftAlone(error)) {
      await log.failed(claim, reasonOf(error), this.#pauses.forgive());
      throw error;
    }
    await log.failed(claim, reasonOf(error), this.#blame(claim, error));
  }

  /** The generation is passed over for a while. @returns for how long, milliseconds */
  #blame({ tenant, generation }: CatalogueKey, error: unknown): number {
    const { ms, failures } = this.#pauses.failed({ tenant, generation });
    if (failures === 1)
      this.#parts.logger.warn(
        { error, index: this.index.name, tenant, generation },
        'an index cannot take documents of a catalogue now, will be repeated',
      );
    return ms;
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

  async #look(): Promise<void> {
    const { log, clock, meter } = this.#parts;
    const startMs = clock.nowMs();
    this.#lookedAtMs = startMs;
    this.#lag = await log.lag(this.index.name);
    meter.indexLag(this.index.name, this.#lag.pending, this.#lag.parked);
    if (this.#lag.pending > 0) await this.#unsettle();
    await this.#tenants.look(startMs, limits.syncTenantsPerLook, async (tenants) => {
      // Not told from the lag: a write that came after it was read is one of these tenants', and not in it.
      const behind = new Set(await log.waiting(this.index.name, tenants));
      const others = tenants.filter((tenant) => !behind.has(tenant));
      const unfinished = others.length === 0 ? [] : await this.index.unfinished?.(others);
      return new Set([...behind, ...(unfinished ?? [])]);
    });
  }

  /** What another process makes due, a rebuild above all, nobody tells this one. */
  async #unsettle(): Promise<void> {
    const settled = this.#tenants.takeSettled(limits.syncTenantsPerLook);
    if (settled.length === 0) return;
    for (const tenant of await this.#parts.log.waiting(this.index.name, settled))
      this.#tenants.changed(tenant);
  }
}
