import { facetsOf } from '../domain/row-view.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { type DocumentLookup, learnFrom, spaceKey } from '../domain/user-learning.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog, PendingEvents } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { Meter } from '../ports/meter.ts';
import type { ActiveCatalogue } from './active-catalogue.ts';
import type { CatalogueRegistry } from './catalogue-registry.ts';

export interface EventApplierParts {
  readonly log: Pick<EventLog, 'pending' | 'apply'>;
  readonly registry: Pick<CatalogueRegistry, 'find' | 'caughtUp'>;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly logger: Logger;
  /** Called when events of the user have become part of the user's state. */
  readonly onApplied: (tenant: string, user: string) => void;
}

/**
 * Turns acknowledged events into what is known about their users. One pass applies what is pending, user by user; a pass
 * follows every `nudge` and, for events that other processes acknowledged, every eventApplyPollMs. Any number of
 * processes may do this at once: the log lets one of them apply an event.
 */
export class EventApplier {
  readonly #parts: EventApplierParts;
  /** Tenants that have events but no catalogue to learn from: their events wait. */
  readonly #withoutCatalogue = new Set<string>();
  #wake: (() => void) | null = null;
  #endPause: (() => void) | null = null;
  #nudged = false;
  #stopped = false;
  #loop: Promise<void> = Promise.resolve();
  /** Callers that wait for a pass which began after they asked. */
  #waiting: (() => void)[] = [];

  constructor(parts: EventApplierParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    this.#endPause?.();
    await this.#loop;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Says that events were committed, or that a tenant has a catalogue now. */
  nudge(): void {
    this.#nudged = true;
    this.#wake?.();
  }

  /** Resolves when every event that is acknowledged now is applied, but for those of tenants without a catalogue. */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.nudge();
    });
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopped) {
      if (!this.#nudged) await this.#sleep(this.#pollMs);
      if (this.#stopped) return;
      this.#nudged = false;
      const waiting = this.#waiting.splice(0);
      try {
        const reachedEnd = await this.#pass();
        failures = 0;
        if (reachedEnd) for (const resolve of waiting) resolve();
        else {
          this.#waiting.unshift(...waiting);
          this.#nudged = true;
        }
      } catch (error) {
        this.#waiting.unshift(...waiting);
        // Nobody should have to nudge for what is left over.
        this.#nudged = true;
        failures++;
        if (failures === 1) this.#parts.logger.warn({ error }, 'applying events failed, will be repeated');
        await this.#pause(Math.min(limits.eventApplyPauseMsMax, limits.eventApplyPollMs * 2 ** failures));
      }
    }
  }

  get #pollMs(): number {
    return this.#withoutCatalogue.size > 0 ? limits.eventApplySlowPollMs : limits.eventApplyPollMs;
  }

  /**
   * Applies pending events, at most limits.eventBatchMax of them. True when the end was reached.
   * @throws the first failure; the others' events are applied all the same where that can succeed
   */
  async #pass(): Promise<boolean> {
    const { log, registry, meter } = this.#parts;
    for (const tenant of this.#withoutCatalogue)
      if (registry.find(tenant) !== null) this.#withoutCatalogue.delete(tenant);
    const pending = await log.pending(limits.eventBatchMax, [...this.#withoutCatalogue]);
    const found = pending.reduce((sum, { events }) => sum + events.length, 0);
    let left = found;
    let settled = 0;
    let failure: unknown;
    const caughtUp = new Set<string>();
    for (const one of pending) {
      if (this.#stopped) return true;
      const active = registry.find(one.tenant);
      if (active === null) {
        this.#withoutCatalogue.add(one.tenant);
        settled++;
        continue;
      }
      try {
        if (!(await this.#apply(active, one, caughtUp))) continue;
        left -= one.events.length;
        settled++;
      } catch (error) {
        // What only this user's events do to the store is no reason to let the others wait.
        if (!(error instanceof TriptychError) || error.retriable) throw error;
        failure ??= error;
      }
    }
    meter.gauge('events_pending', left);
    if (failure !== undefined) throw failure;
    return found < limits.eventBatchMax || settled === 0;
  }

  /** Whether the events are applied now, and by this process. */
  async #apply(active: ActiveCatalogue, pending: PendingEvents, caughtUp: Set<string>): Promise<boolean> {
    const { log, meter, onApplied } = this.#parts;
    const { tenant, user, events } = pending;
    const { table, schema } = active;
    if (!caughtUp.has(tenant) && events.some(({ document }) => table.current.rowOf(document) < 0)) {
      // It may have been written a moment ago, and what an event teaches is learned once.
      await this.#untilCaughtUp(tenant);
      caughtUp.add(tenant);
    }
    const delta = learnFrom(events, lookupIn(table.current), spaceKey(schema.embedding));
    const ids = events.map(({ eventId }) => eventId);
    if (!(await log.apply(tenant, user, ids, delta))) return false;
    meter.count('events_applied', events.length);
    onApplied(tenant, user);
    return true;
  }

  /** Waits until what is committed now is searchable, but not longer than to the next poll. */
  #untilCaughtUp(tenant: string): Promise<void> {
    const { registry, clock } = this.#parts;
    return new Promise((resolve) => {
      const cancel = clock.after(limits.eventApplyPollMs, resolve);
      const done = () => {
        cancel();
        resolve();
      };
      registry.caughtUp(tenant).then(done, done);
    });
  }

  /** Waits, but not longer than to the next nudge. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#wake = null;
        resolve();
      };
      const cancel = this.#parts.clock.after(ms, done);
      this.#wake = done;
    });
  }

  /** Waits, whoever nudges, but not beyond `stop`. */
  #pause(ms: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#endPause = null;
        resolve();
      };
      const cancel = this.#parts.clock.after(ms, done);
      this.#endPause = done;
    });
  }
}

/** The documents of an epoch, as learning reads them; for use within one turn of the event loop. */
function lookupIn(table: TableSnapshot): DocumentLookup {
  return (id) => {
    const row = table.rowOf(id);
    if (row < 0) return null;
    const start = row * table.dimension;
    return {
      embedding: table.vectors.subarray(start, start + table.dimension),
      facets: facetsOf(table, row),
    };
  };
}
