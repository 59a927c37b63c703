import type { Catalogue } from '../domain/catalogue-schema.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { SharedIndex } from '../ports/shared-index.ts';
import type { SyncLog } from '../ports/sync-log.ts';
import type { Place } from './index-places.ts';
import { within } from './within.ts';

export interface UpkeepParts {
  readonly index: SharedIndex;
  readonly log: SyncLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sees to it that the index has a place for a live catalogue. */
  readonly prepare: (tenant: string, catalogue: Catalogue) => Promise<Place>;
  readonly ended: () => boolean;
}

/**
 * What an index outside the process needs now and then, beside the writes: what is left of catalogues that are gone is
 * deleted (a large one takes minutes), and the live ones are looked after, because an index may lose them at any time.
 */
export class IndexUpkeep {
  readonly #parts: UpkeepParts;
  /** By tenant; who was looked after longest ago comes first. */
  readonly #live = new Map<string, Catalogue>();
  readonly #sweep: Chore;
  readonly #check: Chore;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
    const chore = (everyMs: number, work: () => Promise<void>, says: string): Chore =>
      new Chore(parts.clock, everyMs, work, (error) =>
        parts.logger.warn({ error, index: parts.index.name }, says),
      );
    this.#sweep = chore(
      limits.syncSweepMs,
      () => this.#dropGone(),
      'what is left of a catalogue cannot be deleted, will be repeated',
    );
    this.#check = chore(
      limits.syncCheckMs,
      () => this.#lookAfterLive(),
      'it cannot be seen whether an index still has a catalogue, will be repeated',
    );
  }

  /** The tenant's live catalogue from now on. */
  show(tenant: string, catalogue: Catalogue): void {
    this.#live.set(tenant, catalogue);
  }

  /** Begins what it is time for; nobody waits for it. */
  begin(): void {
    this.#sweep.begin();
    this.#check.begin();
  }

  /** Each by itself: one that cannot be deleted must not keep the others. */
  async #dropGone(): Promise<void> {
    const { index, log, ended } = this.#parts;
    const failures: unknown[] = [];
    for (const key of await log.dropped(index.name)) {
      if (ended()) return;
      try {
        await index.drop(key);
        await log.forget(index.name, key);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Each by itself here too; one that hangs goes on alone. */
  async #lookAfterLive(): Promise<void> {
    const { clock, prepare, ended } = this.#parts;
    const failures: unknown[] = [];
    for (const tenant of [...this.#live.keys()].slice(0, limits.syncChecksMax)) {
      if (ended()) return;
      const catalogue = this.#live.get(tenant)!;
      this.#live.delete(tenant);
      this.#live.set(tenant, catalogue);
      try {
        const place = await within(prepare(tenant, catalogue), limits.syncMakeWaitMs, clock, 'late');
        // One that is no longer live stays here until the next is loaded.
        if (place === 'gone' && this.#live.get(tenant) === catalogue) this.#live.delete(tenant);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Work that is begun again when enough time has passed and the last time is through. */
class Chore {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #work: () => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #begunAtMs = Number.NEGATIVE_INFINITY;
  #running = false;
  #failures = 0;

  /** @param onFailure told of the first failure of a row */
  constructor(clock: Clock, everyMs: number, work: () => Promise<void>, onFailure: (error: unknown) => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#work = work;
    this.#onFailure = onFailure;
  }

  begin(): void {
    if (this.#running || this.#clock.nowMs() - this.#begunAtMs < this.#everyMs) return;
    this.#begunAtMs = this.#clock.nowMs();
    this.#running = true;
    this.#work()
      .then(
        () => {
          this.#failures = 0;
        },
        (error: unknown) => {
          if (this.#failures++ === 0) this.#onFailure(error);
        },
      )
      .finally(() => {
        this.#running = false;
      });
  }
}
