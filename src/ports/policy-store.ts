import type { Policy, StoredPolicy, StoredTenantRules, TenantRules } from '../domain/policy.ts';
import type { LearningEvent } from '../domain/user-learning.ts';
import type { UserState } from '../domain/user-state.ts';

/** What a search needs to know of who is asking. */
export interface UserHead {
  /** The policy of the context `default`; version 0 where none is stored. */
  readonly policy: StoredPolicy;
  /** The policy of the request's context; null in the context `default`. */
  readonly contextPolicy: StoredPolicy | null;
  /** Moves when an event of the user is acknowledged; never repeats within a tenant. 0: no event yet. */
  readonly stateVersion: number;
  /** Events that are acknowledged and not yet part of `state`. */
  readonly pendingEvents: number;
  /** Those events, by arrival; at most the newest limits.headPendingEventsMax. */
  readonly pending: readonly LearningEvent[];
  /** As EventLog.state gives it. */
  readonly state: UserState;
}

/**
 * `null` writes only where nothing is stored, a number only over that version (0, the version of what was never written,
 * is as null), undefined whatever is there.
 */
export type ExpectedVersion = number | null | undefined;

/**
 * Who may see what: policies of users and rules of tenants. Part of the truth: a write that returned survives a crash.
 */
export interface PolicyStore {
  /** One point read of everything above, of one moment. */
  head(tenant: string, user: string, context: string): Promise<UserHead>;
  /** The tenant's rules and contexts; noTenantRules where none were stored. */
  rules(tenant: string): Promise<StoredTenantRules>;
  /** @throws TriptychError precondition_failed */
  putRules(tenant: string, rules: TenantRules, expected: ExpectedVersion): Promise<StoredTenantRules>;

  /** null where none is stored. */
  policy(tenant: string, user: string, context: string): Promise<StoredPolicy | null>;
  /** @throws TriptychError precondition_failed */
  putPolicy(
    tenant: string,
    user: string,
    context: string,
    policy: Policy,
    expected: ExpectedVersion,
  ): Promise<StoredPolicy>;
  /** Whether there was one. @throws TriptychError precondition_failed */
  deletePolicy(tenant: string, user: string, context: string, expected: ExpectedVersion): Promise<boolean>;
  /** All policies of the user by context. */
  policies(tenant: string, user: string): Promise<ReadonlyMap<string, StoredPolicy>>;
}
