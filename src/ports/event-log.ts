import type { LoggedEvent, UserEvent } from '../domain/user-event.ts';
import type { UserState } from '../domain/user-state.ts';

export interface EventAck {
  readonly accepted: number;
  /** Events whose id the tenant had sent before, in this call or an earlier one. */
  readonly duplicates: number;
}

/** Events of one tenant in one append. */
export interface EventBatch {
  readonly tenant: string;
  readonly events: readonly UserEvent[];
}

/** Acknowledged events of one user that are not part of the user's state yet, oldest arrivals first. */
export interface PendingEvents {
  readonly tenant: string;
  readonly user: string;
  readonly events: readonly LoggedEvent[];
}

/** Events of one user to apply, and the state made of these events alone. */
export interface EventDelta {
  readonly tenant: string;
  readonly user: string;
  readonly eventIds: readonly string[];
  readonly delta: UserState;
}

/** Whose events are to be left waiting. */
export interface PendingExceptions {
  readonly tenants: readonly string[];
  readonly users: readonly Pick<PendingEvents, 'tenant' | 'user'>[];
}

/**
 * The log of what users did, and the states that it adds up to. Part of the truth: what `append` returned is committed;
 * each event is applied exactly once, whatever process dies or applies at the same time.
 */
export interface EventLog {
  /**
   * Commits the batches in one transaction, without events that are known already, and moves the state version of every
   * user that got a new one. One ack per batch. Ids are counted within a tenant: of two equal ones in a call the first counts.
   */
  append(batches: readonly EventBatch[], receivedAtMs: number): Promise<readonly EventAck[]>;

  /**
   * Users with events to apply, longest waiting first; at most `eventsMax` events in all, and none of those whom
   * `except` names.
   */
  pending(eventsMax: number, except?: PendingExceptions): Promise<readonly PendingEvents[]>;

  /**
   * Adds what the events amount to (`delta`, a state made of these events alone) to the user's state and marks them as
   * applied, in one transaction. false: somebody else applied (or erased) one of them, and nothing was changed.
   */
  apply(tenant: string, user: string, eventIds: readonly string[], delta: UserState): Promise<boolean>;

  /** The same for several users, each at most once, in one transaction: false changes nothing of any of them. */
  applyAll(deltas: readonly EventDelta[]): Promise<boolean>;

  /** The state of all applied events, as far as limits.userDocumentsMax and limits.userValuesMax reach. */
  state(tenant: string, user: string): Promise<UserState>;

  /**
   * The user's events by arrival after `after` (an event id; null: from the first), at most `limit`. None after an id
   * that is not one of the user's events.
   */
  events(tenant: string, user: string, after: string | null, limit: number): Promise<readonly LoggedEvent[]>;

  /** Deletes events, state and policies of the user for good; whether there was anything. */
  erase(tenant: string, user: string): Promise<boolean>;
}
