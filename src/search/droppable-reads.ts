interface Read<V> {
  readonly part: string;
  readonly promise: Promise<V>;
  /** Dropped since it began: its answer is for those who asked before that, and is not kept. */
  dropped: boolean;
}

/** Reads of a store by key and part (a user's contexts) that are under way. */
export class DroppableReads<V> {
  readonly #shared: boolean;
  readonly #reads = new Map<string, Set<Read<V>>>();

  /**
   * @param shared whether whoever asks for the same meanwhile gets the same answer: not where others write the store,
   *   because a read that began earlier may be of before their writing
   */
  constructor(shared: boolean) {
    this.#shared = shared;
  }

  /** @param keep called with the answer, unless the key was dropped meanwhile, before anybody gets it */
  read(key: string, part: string, ask: () => Promise<V>, keep: (value: V) => void): Promise<V> {
    const under = this.#reads.get(key) ?? new Set();
    const same = this.#shared ? [...under].find((other) => other.part === part) : undefined;
    if (same !== undefined) return same.promise;
    const read: Read<V> = { part, promise: this.#run(key, ask, keep, () => read), dropped: false };
    this.#reads.set(key, under.add(read));
    return read.promise;
  }

  drop(key: string): void {
    for (const read of this.#reads.get(key) ?? []) read.dropped = true;
    this.#reads.delete(key);
  }

  async #run(key: string, ask: () => Promise<V>, keep: (value: V) => void, own: () => Read<V>): Promise<V> {
    try {
      const value = await ask();
      if (!own().dropped) keep(value);
      return value;
    } finally {
      const under = this.#reads.get(key);
      under?.delete(own());
      if (under?.size === 0) this.#reads.delete(key);
    }
  }
}
