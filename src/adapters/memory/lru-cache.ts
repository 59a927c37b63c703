import { LRUCache } from 'lru-cache';
import type { Cache } from '../../ports/cache.ts';
import type { Clock } from '../../ports/clock.ts';

/** The in-process cache: at most `entriesMax` entries, the least recently used go first, each for its own time. */
export class LruCache<V extends {}> implements Cache<V> {
  readonly #entries: LRUCache<string, V>;

  constructor(options: { readonly entriesMax: number; readonly clock: Clock }) {
    const { entriesMax, clock } = options;
    // The package takes a start time of 0 for "never expires", so no entry may start at 0.
    const perf = { now: () => clock.nowMs() + 1 };
    this.#entries = new LRUCache({ max: entriesMax, ttlResolution: 0, perf });
  }

  async get(key: string): Promise<V | undefined> {
    return this.#entries.get(key);
  }

  /** A `ttlMs` that is not positive stores nothing and forgets what was there. */
  async set(key: string, value: V, ttlMs: number): Promise<void> {
    if (ttlMs > 0) this.#entries.set(key, value, { ttl: Math.max(1, Math.round(ttlMs)) });
    else this.#entries.delete(key);
  }

  async delete(key: string): Promise<void> {
    this.#entries.delete(key);
  }

  async deletePrefix(prefix: string): Promise<void> {
    for (const key of [...this.#entries.keys()]) if (key.startsWith(prefix)) this.#entries.delete(key);
  }
}
