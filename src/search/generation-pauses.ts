import { generationKey } from '../domain/generation-key.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { CatalogueKey } from '../ports/shared-index.ts';
import { LruMap } from '../std/lru-map.ts';

interface Pause {
  readonly key: CatalogueKey;
  readonly failures: number;
  readonly untilMs: number;
}

/**
 * How long each catalogue generation is passed over after an index has failed with it: longer each time, until it works.
 * Each has a pause of its own, so one that never works costs the others nothing but its attempts.
 */
export class GenerationPauses {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pauses = new LruMap<Pause>(limits.syncPausedMax);

  /** @param random 0..1, for pauses that processes must not end at the same moment */
  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** How long it is passed over from now on, milliseconds, and how often it has failed in a row. */
  failed(key: CatalogueKey): { readonly ms: number; readonly failures: number } {
    const failures = this.#failuresOf(key) + 1;
    const ms = this.#jittered(limits.syncPauseMsMin * 2 ** failures);
    this.#pause(key, failures, ms);
    return { ms, failures };
  }

  /** It is passed over for `ms` through no fault of its own. */
  putOff(key: CatalogueKey, ms: number): void {
    this.#pause(key, this.#failuresOf(key), ms);
  }

  succeeded(key: CatalogueKey): void {
    this.#pauses.delete(generationKey(key));
  }

  /** None of it was the generations' fault. How long until it is worth another look, milliseconds. */
  forgive(): number {
    this.#pauses.clear();
    return this.#jittered(limits.syncPauseMsMin);
  }

  /** Those that are passed over now. */
  current(): readonly CatalogueKey[] {
    const nowMs = this.#clock.nowMs();
    return this.#pauses
      .values()
      .filter(({ untilMs }) => untilMs > nowMs)
      .map(({ key }) => key);
  }

  #failuresOf(key: CatalogueKey): number {
    return this.#pauses.get(generationKey(key))?.failures ?? 0;
  }

  /** Keeps nothing of a claim but its key: it holds documents. */
  #pause({ tenant, generation }: CatalogueKey, failures: number, ms: number): void {
    const key = { tenant, generation };
    this.#pauses.set(generationKey(key), { key, failures, untilMs: this.#clock.nowMs() + ms });
  }

  /** Full jitter: between nothing and the limit. */
  #jittered(ms: number): number {
    return Math.ceil(Math.min(limits.syncPauseMsMax, ms) * this.#random());
  }
}
