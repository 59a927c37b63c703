import { generationKey } from '../../domain/generation-key.ts';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { CatalogueKey } from '../../ports/shared-index.ts';

interface RefreshLoopParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Computes the edges of some documents; how many. */
  refresh(key: CatalogueKey): Promise<number>;
}

/**
 * Computes edges in the background, generation by generation, until none waits. It begins in a quiet moment, because a load
 * in bulk marks the same documents over and over; while this process writes it stands back, as each write computes some.
 */
export class RefreshLoop {
  readonly #parts: RefreshLoopParts;
  /** Generations that may have something to do. */
  readonly #waiting = new Map<string, CatalogueKey>();
  #idle: (() => void)[] = [];
  #cancel: (() => void) | null = null;
  #working: Promise<void> | null = null;
  #writers = 0;
  #failures = 0;
  #stopped = false;

  constructor(parts: RefreshLoopParts) {
    this.#parts = parts;
  }

  /** Says that the generation may have documents that wait. */
  add(key: CatalogueKey): void {
    if (this.#stopped) return;
    this.#waiting.set(generationKey(key), key);
    if (this.#working === null && this.#failures === 0) this.#plan();
  }

  remove(key: CatalogueKey): void {
    this.#waiting.delete(generationKey(key));
  }

  /** Work that the loop stands back for. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#writers++;
    try {
      return await work();
    } finally {
      this.#writers--;
    }
  }

  /** Resolves when nothing waits any more. */
  idle(): Promise<void> {
    if (this.#waiting.size === 0 && this.#working === null) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#waiting.clear();
    await this.#working;
    this.#tell();
  }

  #plan(): void {
    this.#cancel?.();
    const pauseMs = Math.min(limits.loopPauseMsMax, limits.neo4jRefreshQuietMs * 2 ** this.#failures);
    this.#cancel = this.#parts.clock.after(pauseMs, () => {
      this.#cancel = null;
      this.#working = this.#pass().finally(() => {
        this.#working = null;
        if (this.#waiting.size > 0) this.#plan();
        else this.#tell();
      });
    });
  }

  async #pass(): Promise<void> {
    try {
      for (const key of [...this.#waiting.values()]) await this.#exhaust(key);
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      if (this.#failures === 1)
        this.#parts.logger.warn({ error }, 'edges of the graph wait for Neo4j to take them');
    }
  }

  async #exhaust(key: CatalogueKey): Promise<void> {
    const name = generationKey(key);
    while (this.#waiting.has(name) && this.#writers === 0) {
      // Whoever adds it from now on wants another look.
      this.#waiting.delete(name);
      let isDone = false;
      try {
        isDone = (await this.#parts.refresh(key)) === 0;
      } finally {
        if (!isDone && !this.#stopped) this.#waiting.set(name, key);
      }
    }
  }

  #tell(): void {
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}
