import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { learnFrom, spaceKey } from '../domain/user-learning.ts';
import type { UserState } from '../domain/user-state.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentStore } from '../ports/document-store.ts';
import type { EventDelta, EventLog, PendingEvents } from '../ports/event-log.ts';
import type { Logger } from '../ports/logger.ts';
import type { Meter } from '../ports/meter.ts';
import type { CatalogueRegistry } from './catalogue-registry.ts';
import { lookupIn, tasteRows } from './learnable-documents.ts';
import { runLeg } from './leg-runner.ts';
import { SetAside } from './set-aside.ts';
import { TransientVectors } from './transient-vectors.ts';
import { WorkLoop } from './work-loop.ts';

export interface EventApplierParts {
  readonly log: Pick<EventLog, 'pending' | 'apply' | 'applyAll'>;
  readonly registry: Pick<CatalogueRegistry, 'find' | 'caughtUp'>;
  /** The truth, for documents that are not in memory. */
  readonly store: Pick<DocumentStore, 'embeddings'>;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly logger: Logger;
  /** Called when events of the user have become part of the user's state. */
  readonly onApplied: (tenant: string, user: string) => void;
}

interface Learned extends PendingEvents, EventDelta {}

interface Pass {
  /** Events that are found and not applied. */
  left: number;
  /** Whether the next pass would find something else than this one. */
  moved: boolean;
  /** Tenants whose catalogue was waited for. */
  readonly caughtUp: Set<string>;
  /** Why the store refused the events of some users, one each. */
  readonly refusals: unknown[];
}

/**
 * Turns acknowledged events into what is known about their users. One pass applies what is pending, many users at a time;
 * a pass follows every `nudge` and, for events that other processes acknowledged, every eventApplyPollMs. Any number of
 * processes may do this at once: the log lets one of them apply an event.
 */
export class EventApplier {
  readonly #parts: EventApplierParts;
  /** Tenants that have events but no catalogue to learn from: their events wait. */
  readonly #withoutCatalogue = new Set<string>();
  readonly #setAside: SetAside;
  readonly #loop: WorkLoop;

  constructor(parts: EventApplierParts) {
    this.#parts = parts;
    this.#setAside = new SetAside(parts.clock);
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

  /**
   * Resolves when every event that is acknowledged now is applied, but for those of tenants without a catalogue, and of
   * users whose events the store refuses.
   */
  caughtUp(): Promise<void> {
    return this.#loop.caughtUp();
  }

  /** Applies pending events, at most limits.eventBatchMax of them. True when the end was reached. */
  async #pass(): Promise<boolean> {
    const { log, registry, meter, logger } = this.#parts;
    for (const tenant of this.#withoutCatalogue)
      if (registry.find(tenant) !== null) this.#withoutCatalogue.delete(tenant);
    const except = { tenants: [...this.#withoutCatalogue], users: this.#setAside.users() };
    const setAside = this.#setAside.events;
    const pending = await log.pending(limits.eventBatchMax, except);
    const found = pending.reduce((sum, { events }) => sum + events.length, 0);
    const pass: Pass = { left: found, moved: false, caughtUp: new Set(), refusals: [] };
    for (let at = 0; at < pending.length; at += limits.eventApplyUsersMax) {
      if (this.#loop.ended) return true;
      const learned: Learned[] = [];
      for (const one of pending.slice(at, at + limits.eventApplyUsersMax)) {
        const delta = await this.#learn(one, pass);
        if (delta !== null)
          learned.push({ ...one, delta, eventIds: one.events.map(({ eventId }) => eventId) });
      }
      await this.#apply(learned, pass);
    }
    if (pass.refusals.length > 0)
      logger.warn(
        { error: pass.refusals[0], users: pass.refusals.length },
        'events cannot be applied, their users are left out for a while',
      );
    meter.gauge('events_pending', pass.left + setAside);
    return found < limits.eventBatchMax || !pass.moved;
  }

  /** What the events amount to; null where there is no catalogue to learn from. */
  async #learn({ tenant, events }: PendingEvents, pass: Pass): Promise<UserState | null> {
    const active = this.#parts.registry.find(tenant);
    if (active === null) {
      this.#withoutCatalogue.add(tenant);
      pass.moved = true;
      return null;
    }
    const { table, schema } = active;
    if (!pass.caughtUp.has(tenant) && events.some(({ document }) => table.current.rowOf(document) < 0)) {
      // It may have been written a moment ago, and what an event teaches is learned once.
      await this.#untilCaughtUp(tenant);
      pass.caughtUp.add(tenant);
    }
    const snapshot = table.acquire();
    try {
      const vectors = await this.#vectorsOf(tenant, events, snapshot);
      return learnFrom(events, lookupIn(snapshot, vectors), spaceKey(schema.embedding));
    } finally {
      snapshot.release();
    }
  }

  /** The vectors that the events' taste is made of. @throws TriptychError unavailable where one cannot be read now */
  async #vectorsOf(
    tenant: string,
    events: PendingEvents['events'],
    snapshot: TableSnapshot,
  ): Promise<TransientVectors> {
    const { clock } = this.#parts;
    const vectors = new TransientVectors(this.#parts, tenant, snapshot);
    await vectors.read(tasteRows(events, snapshot), clock.nowMs() + limits.eventReadMsMax);
    // What an event teaches is learned once, so nothing is left out: the pass is repeated.
    if (vectors.coverage !== null && vectors.coverage.state !== 'ok')
      throw new TriptychError('unavailable', 'Documents that events are about cannot be read.');
    return vectors;
  }

  /** Applies the events of all at once; where that cannot be, user by user. */
  async #apply(learned: readonly Learned[], pass: Pass): Promise<void> {
    const { log } = this.#parts;
    if (learned.length > 1) {
      const together = await log.applyAll(learned).catch(falseIfRefused);
      if (together) return this.#applied(learned, pass);
    }
    for (const one of learned) {
      try {
        const { tenant, user, eventIds, delta } = one;
        if (await log.apply(tenant, user, eventIds, delta)) this.#applied([one], pass);
      } catch (error) {
        falseIfRefused(error);
        // What only this user's events do to the store is no reason to let the others wait.
        this.#setAside.add(one);
        pass.moved = true;
        pass.refusals.push(error);
      }
    }
  }

  #applied(learned: readonly Learned[], pass: Pass): void {
    const { meter, onApplied } = this.#parts;
    for (const { tenant, user, events } of learned) {
      meter.count('events_applied', events.length);
      pass.left -= events.length;
      onApplied(tenant, user);
    }
    pass.moved = true;
  }

  /** Waits until what is committed now is searchable, but not longer than to the next poll. */
  async #untilCaughtUp(tenant: string): Promise<void> {
    const { registry, clock } = this.#parts;
    await runLeg(clock, clock.nowMs() + limits.eventApplyPollMs, () => registry.caughtUp(tenant));
  }
}

/** @throws what may go well the next time */
function falseIfRefused(error: unknown): false {
  if (!(error instanceof TriptychError) || error.retriable) throw error;
  return false;
}
