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
import { WorkLoop } from './work-loop.ts';

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
  readonly #loop: WorkLoop;

  constructor(parts: EventApplierParts) {
    this.#parts = parts;
    this.#loop = new WorkLoop({
      clock: parts.clock,
      pass: () => this.#pass(),
      pollMs: () => (this.#withoutCatalogue.size > 0 ? limits.eventApplySlowPollMs : limits.eventApplyPollMs),
      retryMs: 2 * limits.eventApplyPollMs,
      onFailure: (error, failures) => {
        if (failures === 1) parts.logger.warn({ error }, 'applying events failed, will be repeated');
      },
    });
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  /** Says that events were committed, or that a tenant has a catalogue now. */
  nudge(): void {
    this.#loop.nudge();
  }

  /** Resolves when every event that is acknowledged now is applied, but for those of tenants without a catalogue. */
  caughtUp(): Promise<void> {
    return this.#loop.caughtUp();
  }

  /**
   * Applies pending events, at most limits.eventBatchMax of them. True when the end was reached.
   * @throws the first failure; the others' events are applied all the same where that can succeed
   */
  async #pass(): Promise<boolean> {
    const { log, registry, meter } = this.#parts;
    for (const tenant of this.#withoutCatalogue)
      if (registry.find(tenant) !== null) this.#withoutCatalogue.delete(tenant);
    const pending = await log.pending(limits.eventBatchMax, { tenants: [...this.#withoutCatalogue], users: [] });
    const found = pending.reduce((sum, { events }) => sum + events.length, 0);
    let left = found;
    let settled = 0;
    let failure: unknown;
    const caughtUp = new Set<string>();
    for (const one of pending) {
      if (this.#loop.ended) return true;
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
