import type { Catalogue } from '../domain/catalogue-schema.ts';
import { generationKey } from '../domain/generation-key.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { CatalogueKey, SharedIndex } from '../ports/shared-index.ts';
import type { SyncLog } from '../ports/sync-log.ts';
import { LruMap } from '../std/lru-map.ts';

/** What became of a place: `lost`: there is a new one, and all is due again; `gone`: the catalogue is, nothing was made. */
export type Place = 'ready' | 'lost' | 'gone';

export interface PlacesParts {
  readonly index: SharedIndex;
  readonly log: SyncLog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of a generation that the index had lost. */
  readonly onLost: (key: CatalogueKey) => void;
  /** Told when one was made, or could not be: documents may wait for that. */
  readonly onMade: () => void;
}

/**
 * Sees to it that an index outside the process has a place for each catalogue generation. Making one may take minutes
 * where the engine hangs, so it goes on by itself: one making of each generation at a time, which all who need it share.
 */
export class IndexPlaces {
  readonly #parts: PlacesParts;
  /** Generations that have a place, as far as this process knows. */
  readonly #ready = new LruMap<true>(limits.syncPreparedMax);
  readonly #making = new Map<string, { readonly key: CatalogueKey; readonly place: Promise<Place> }>();
  /** Generations for which the index has something that does not fit, until it does, or nobody has tried for a while. */
  readonly #unfit = new LruMap<{ readonly says: string; readonly atMs: number }>(limits.syncPreparedMax);
  #following: Promise<void> | null = null;

  constructor(parts: PlacesParts) {
    this.#parts = parts;
  }

  /** Resolves when the index follows the truth. */
  follow(): Promise<void> {
    const { log, index } = this.#parts;
    this.#following ??= log.follow(index.name).catch((error: unknown) => {
      this.#following = null;
      throw error;
    });
    return this.#following;
  }

  has(key: CatalogueKey): boolean {
    return this.#ready.get(generationKey(key)) === true;
  }

  /** Something has failed with the generation, its place may be why. */
  doubt(key: CatalogueKey): void {
    this.#ready.delete(generationKey(key));
  }

  /** Generations whose place is being made now; not those of which it is only looked whether it is still there. */
  get making(): readonly CatalogueKey[] {
    return [...this.#making.values()].map(({ key }) => key).filter((key) => !this.has(key));
  }

  /** What somebody has to change in the index before all catalogues have a place; null: nothing. */
  get problem(): string | null {
    const sinceMs = this.#parts.clock.nowMs() - limits.syncProblemMs;
    return this.#unfit.values().findLast(({ atMs }) => atMs >= sinceMs)?.says ?? null;
  }

  /**
   * Makes a place, or joins whoever makes it already. Where the index had lost it, what was applied before is gone: all of
   * it becomes due again, leases end.
   */
  make(tenant: string, { generation, schema }: Catalogue): Promise<Place> {
    const key = { tenant, generation };
    const name = generationKey(key);
    const known = this.#making.get(name);
    if (known !== undefined) return known.place;
    const place = this.#make(key, { generation, schema })
      .then(
        (made) => {
          this.#unfit.delete(name);
          return made;
        },
        (error: unknown) => {
          this.#heed(key, error);
          throw error;
        },
      )
      .finally(() => {
        this.#making.delete(name);
        this.#parts.onMade();
      });
    this.#making.set(name, { key, place });
    return place;
  }

  async #make(key: CatalogueKey, catalogue: Catalogue): Promise<Place> {
    const { index, log, logger, onLost } = this.#parts;
    await this.follow();
    // A place made for a catalogue that is gone would never be deleted.
    if (!(await log.hold(index.name, key, limits.syncLeaseMs))) return 'gone';
    // Asked in this order: what others apply once there is a new place is not lost.
    const hadSome = await log.hasApplied(index.name, key);
    const isLost = hadSome && !(await index.hasPlace(key));
    // Before there is a new place: whoever is cut off after that could not tell any more that something was lost.
    if (isLost) {
      this.doubt(key);
      const documents = await log.requeue(index.name, key);
      const { tenant } = key;
      logger.warn(
        { index: index.name, tenant, documents },
        'an index has lost a catalogue, its documents are written again',
      );
      onLost(key);
    }
    await this.#holding(key, () => index.prepare(key.tenant, catalogue));
    // The last lease may have ended while it was made, and what was there have been deleted: nobody would come again.
    if (!(await log.hold(index.name, key, limits.syncLeaseMs))) {
      await index.drop(key);
      return 'gone';
    }
    this.#ready.set(generationKey(key), true);
    return isLost ? 'lost' : 'ready';
  }

  /** Told once, however often it is tried; what may pass by itself is told by who tries. */
  #heed(key: CatalogueKey, error: unknown): void {
    if (!(error instanceof TriptychError && error.cause instanceof TriptychError)) return;
    if (error.cause.code !== 'invalid_settings') return;
    const { index, clock, logger } = this.#parts;
    const name = generationKey(key);
    const told = this.#unfit.get(name)?.says;
    this.#unfit.set(name, { says: error.message, atMs: clock.nowMs() });
    if (told !== error.message)
      logger.error(
        { index: index.name, tenant: key.tenant, generation: key.generation, reason: error.message },
        'what an index has does not fit a catalogue, which is searched without it',
      );
  }

  /** The lease is shorter than the work may take. */
  async #holding(key: CatalogueKey, work: () => Promise<unknown>): Promise<void> {
    const { index, log, clock } = this.#parts;
    let cancel = () => {};
    const renewLater = (): void => {
      cancel = clock.after(limits.syncLeaseMs / 3, () => {
        // Where this fails the next may not, and it is asked once more in the end.
        log.hold(index.name, key, limits.syncLeaseMs).catch(() => {});
        renewLater();
      });
    };
    renewLater();
    try {
      await work();
    } finally {
      cancel();
    }
  }
}
