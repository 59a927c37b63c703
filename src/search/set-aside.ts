import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { PendingEvents } from '../ports/event-log.ts';

interface Waiting {
  readonly tenant: string;
  readonly user: string;
  readonly events: number;
  readonly untilMs: number;
}

/**
 * Users whose events the store refused for good: left out for limits.eventSetAsideMs, so that everybody else's turn
 * comes, then tried again. At most limits.eventSetAsideUsersMax, the oldest are tried again before their time.
 */
export class SetAside {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #users = new Map<string, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add({ tenant, user, events }: PendingEvents): void {
    const key = JSON.stringify([tenant, user]);
    this.#users.delete(key);
    const untilMs = this.#clock.nowMs() + limits.eventSetAsideMs;
    this.#users.set(key, { tenant, user, events: events.length, untilMs });
    if (this.#users.size > limits.eventSetAsideUsersMax) this.#users.delete(this.#users.keys().next().value!);
  }

  /** Who is left out now. */
  users(): readonly { readonly tenant: string; readonly user: string }[] {
    const nowMs = this.#clock.nowMs();
    for (const [key, { untilMs }] of this.#users) {
      if (untilMs > nowMs) break;
      this.#users.delete(key);
    }
    return [...this.#users.values()].map(({ tenant, user }) => ({ tenant, user }));
  }

  /** Events that were pending when their users were set aside. */
  get events(): number {
    return [...this.#users.values()].reduce((sum, { events }) => sum + events, 0);
  }
}
