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
  failed({ tenant, generation }: CatalogueKey): { readonly ms: number; readonly failures: number } {
    const name = nameOf({ tenant, generation });
    const failures = (this.#pauses.get(name)?.failures ?? 0) + 1;
    const ms = this.#jittered(limits.syncPauseMsMin * 2 ** failures);
    this.#pauses.set(name, { key: { tenant, generation }, failures, untilMs: this.#clock.nowMs() + ms });
    return { ms, failures };
  }

  /** It is passed over for `ms` through no fault of its own. */
  putOff({ tenant, generation }: CatalogueKey, ms: number): void {
    const name = nameOf({ tenant, generation });
    const failures = this.#pauses.get(name)?.failures ?? 0;
    this.#pauses.set(name, { key: { tenant, generation }, failures, untilMs: this.#clock.nowMs() + ms });
  }

  succeeded(key: CatalogueKey): void {
    this.#pauses.delete(nameOf(key));
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

  /** Full jitter: between nothing and the limit. */
  #jittered(ms: number): number {
    return Math.ceil(Math.min(limits.syncPauseMsMax, ms) * this.#random());
  }
}

function nameOf({ tenant, generation }: CatalogueKey): string {
  return `${generation}\0${tenant}`;
}
