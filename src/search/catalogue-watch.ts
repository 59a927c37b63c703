import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { CatalogueRegistry } from './catalogue-registry.ts';
import { WorkLoop } from './work-loop.ts';

export interface CatalogueWatchParts {
  readonly registry: CatalogueRegistry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called before any catalogue is opened, until it has succeeded once: what else the service needs of the truth. */
  readonly prepare: () => Promise<void>;
}

/**
 * Opens the catalogues of tenants whose truth may not be there yet, and of tenants for whom another process may make a
 * catalogue at any time: looks again and again for those that have none here.
 */
export class CatalogueWatch {
  readonly #parts: CatalogueWatchParts;
  readonly #loop: WorkLoop;
  /** Without a catalogue here; who was looked for longest ago comes first. */
  readonly #awaited = new Set<string>();
  #prepared = false;

  constructor(parts: CatalogueWatchParts) {
    this.#parts = parts;
    this.#loop = new WorkLoop({
      clock: parts.clock,
      pass: () => this.#pass(),
      pollMs: () => limits.catalogueWatchMs,
      retryMs: limits.reloadPauseMsMin,
      onFailure: (error, failures) => {
        if (failures === 1) parts.logger.warn({ error }, 'catalogues cannot be opened, will be repeated');
      },
    });
  }

  /** Also looks for these from now on. */
  follow(tenants: readonly string[]): void {
    this.#parts.registry.expect(tenants);
    for (const tenant of tenants) this.#awaited.add(tenant);
    this.#loop.nudge();
  }

  start(): void {
    this.#loop.start();
  }

  /** Resolves when all that are followed now have been looked for successfully. */
  caughtUp(): Promise<void> {
    return this.#loop.caughtUp();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #pass(): Promise<boolean> {
    const { registry, prepare } = this.#parts;
    if (!this.#prepared) await prepare();
    this.#prepared = true;
    const failures: unknown[] = [];
    for (const tenant of [...this.#awaited].slice(0, limits.catalogueWatchTenants)) {
      if (this.#loop.ended || registry.closed) return false;
      // A catalogue that cannot be loaded is not the others' fault.
      await registry.open(tenant).catch((error: unknown) => failures.push(error));
      this.#awaited.delete(tenant);
      if (registry.find(tenant) === null) this.#awaited.add(tenant);
    }
    if (registry.closed) return false;
    if (failures.length > 0) throw failures[0];
    return ![...this.#awaited].some((tenant) => registry.isUnread(tenant));
  }
}
