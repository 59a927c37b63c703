/**
 * Runs one task at a time, the newest: a new one aborts the one before, and whatever an older one still comes to is
 * dropped, so an older answer never overwrites a newer one.
 */
export class Latest {
  #current: AbortController | null = null;

  /** The task's outcome; null when a newer task, or stop(), came before it was done. */
  async run<T>(task: (signal: AbortSignal) => Promise<T>): Promise<{ readonly value: T } | null> {
    const own = this.#begin();
    try {
      const value = await task(own.signal);
      return this.#current === own ? { value } : null;
    } catch (error) {
      if (this.#current === own) throw error;
      return null;
    }
  }

  stop(): void {
    this.#current?.abort();
    this.#current = null;
  }

  #begin(): AbortController {
    this.stop();
    const own = new AbortController();
    this.#current = own;
    return own;
  }
}
