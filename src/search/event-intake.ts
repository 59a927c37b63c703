import type { UserEvent } from '../domain/user-event.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventAck, EventLog } from '../ports/event-log.ts';
import type { Meter } from '../ports/meter.ts';

export interface EventIntakeParts {
  readonly log: Pick<EventLog, 'append'>;
  readonly clock: Clock;
  readonly meter: Meter;
  /**
   * Called for every tenant of a commit, before its calls are answered: the users' state versions may have moved. Also
   * where the commit failed, because the answer of one that was made may have been lost.
   */
  readonly onCommitted: (tenant: string, users: ReadonlySet<string>) => void;
}

/** The events of one call. */
interface Portion {
  readonly tenant: string;
  readonly events: readonly UserEvent[];
  resolve(ack: EventAck): void;
  reject(error: unknown): void;
}

/**
 * Takes events in: a call is answered after its events are committed. There is one commit at a time; what arrives
 * meanwhile shares the next one, so many small calls cost few flushes and nothing waits for a timer.
 */
export class EventIntake {
  readonly #parts: EventIntakeParts;
  #queue: Portion[] = [];
  #queuedEvents = 0;
  #committing: Promise<void> | null = null;
  #closed = false;

  constructor(parts: EventIntakeParts) {
    this.#parts = parts;
  }

  /**
   * Commits the events in one commit: all or none. Their times are at most limits.eventFutureMsMax ahead of ours
   * afterwards. After an error it is not known which of both it was; sending all again is safe.
   * @throws TriptychError overloaded | not_ready, and whatever the log throws
   */
  async record(tenant: string, events: readonly UserEvent[]): Promise<EventAck> {
    if (this.#closed)
      throw new TriptychError('not_ready', 'The service is stopping.', { retryAfterSeconds: 1 });
    if (events.length === 0) return { accepted: 0, duplicates: 0 };
    if (this.#queuedEvents + events.length > limits.eventQueueMax)
      throw new TriptychError('overloaded', `${this.#queuedEvents} events wait for their commit`, {
        retryAfterSeconds: 1,
      });
    const latestMs = this.#parts.clock.epochMs() + limits.eventFutureMsMax;
    const timely = events.map((event) => (event.atMs > latestMs ? { ...event, atMs: latestMs } : event));
    const ack = this.#enqueue(tenant, timely);
    this.#committing ??= this.#commitAll();
    return ack;
  }

  /** Takes nothing more, and resolves when everything taken is committed or has failed. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#committing;
  }

  #enqueue(tenant: string, events: readonly UserEvent[]): Promise<EventAck> {
    this.#queuedEvents += events.length;
    return new Promise((resolve, reject) => {
      this.#queue.push({ tenant, events, resolve, reject });
    });
  }

  async #commitAll(): Promise<void> {
    while (this.#queue.length > 0) await this.#commit(this.#nextPortions());
    this.#committing = null;
  }

  /** The oldest portions that fit into one commit; the first of them always. */
  #nextPortions(): Portion[] {
    let count = 1;
    let events = this.#queue[0]!.events.length;
    while (count < this.#queue.length && events + this.#queue[count]!.events.length <= limits.eventBatchMax)
      events += this.#queue[count++]!.events.length;
    this.#queuedEvents -= events;
    return this.#queue.splice(0, count);
  }

  async #commit(portions: readonly Portion[]): Promise<void> {
    const { log, clock, meter } = this.#parts;
    try {
      const acks = await log.append(portions, clock.epochMs());
      this.#report(portions);
      for (const [i, portion] of portions.entries()) {
        const { accepted, duplicates } = acks[i]!;
        meter.count('events_accepted', accepted);
        meter.count('events_duplicate', duplicates);
        portion.resolve({ accepted, duplicates });
      }
    } catch (error) {
      this.#report(portions);
      // What one call has sent must not fail the others that happened to share its commit.
      if (portions.length > 1 && error instanceof TriptychError && !error.retriable)
        for (const portion of portions) await this.#commit([portion]);
      else for (const portion of portions) portion.reject(error);
    }
  }

  #report(portions: readonly Portion[]): void {
    const users = new Map<string, Set<string>>();
    for (const { tenant, events } of portions) {
      const ofTenant = users.get(tenant) ?? new Set<string>();
      for (const { user } of events) ofTenant.add(user);
      users.set(tenant, ofTenant);
    }
    for (const [tenant, ofTenant] of users) this.#parts.onCommitted(tenant, ofTenant);
  }
}
