import {
  defaultContext,
  emptyPolicy,
  noTenantRules,
  type Policy,
  type StoredPolicy,
  type StoredTenantRules,
  type TenantRules,
} from '../../src/domain/policy.ts';
import type { LoggedEvent } from '../../src/domain/user-event.ts';
import { mergeStates } from '../../src/domain/user-learning.ts';
import { emptyUserState, type UserState } from '../../src/domain/user-state.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type {
  EventAck,
  EventBatch,
  EventDelta,
  EventLog,
  PendingEvents,
  PendingExceptions,
} from '../../src/ports/event-log.ts';
import type { ExpectedVersion, PolicyStore, UserHead } from '../../src/ports/policy-store.ts';
import type { SecretStore } from '../../src/ports/secret-store.ts';
import { compareUtf8 } from '../../src/std/utf8-order.ts';

interface User {
  version: number;
  state: UserState;
}

const keyOf = (...parts: string[]): string => JSON.stringify(parts);

/** Policies, events, user states and secrets in memory, for tests of what stands above them. */
export class MemoryUserStore implements PolicyStore, EventLog, SecretStore {
  readonly #rules = new Map<string, StoredTenantRules>();
  /** By tenant and user, then context. */
  readonly #policies = new Map<string, Map<string, StoredPolicy>>();
  readonly #users = new Map<string, User>();
  /** By arrival. */
  #events: { readonly event: LoggedEvent; applied: boolean }[] = [];
  #version = 0;
  readonly #secret = Uint8Array.from({ length: 32 }, (_, i) => i * 7);

  async head(tenant: string, user: string, context: string): Promise<UserHead> {
    const policy = (name: string) => this.#policies.get(keyOf(tenant, user))?.get(name) ?? emptyPolicy;
    const waiting = this.#of(tenant, user).filter(({ applied }) => !applied);
    return {
      policy: policy(defaultContext),
      contextPolicy: context === defaultContext ? null : policy(context),
      stateVersion: this.#users.get(keyOf(tenant, user))?.version ?? 0,
      pendingEvents: waiting.length,
      pending: waiting
        .slice(-limits.headPendingEventsMax)
        .map(({ event: { document, type, value, atMs } }) => ({ document, type, value, atMs })),
      state: await this.state(tenant, user),
    };
  }

  async rules(tenant: string): Promise<StoredTenantRules> {
    return this.#rules.get(tenant) ?? noTenantRules;
  }

  async putRules(tenant: string, rules: TenantRules, expected: ExpectedVersion): Promise<StoredTenantRules> {
    refuseOtherVersion(this.#rules.get(tenant)?.version ?? 0, expected);
    const stored = { ...structuredClone(rules), version: ++this.#version };
    this.#rules.set(tenant, stored);
    return stored;
  }

  async policy(tenant: string, user: string, context: string): Promise<StoredPolicy | null> {
    return this.#policies.get(keyOf(tenant, user))?.get(context) ?? null;
  }

  async putPolicy(
    tenant: string,
    user: string,
    context: string,
    policy: Policy,
    expected: ExpectedVersion,
  ): Promise<StoredPolicy> {
    const policies = this.#policies.get(keyOf(tenant, user)) ?? new Map<string, StoredPolicy>();
    refuseOtherVersion(policies.get(context)?.version ?? 0, expected);
    const stored = { ...structuredClone(policy), version: ++this.#version };
    policies.set(context, stored);
    this.#policies.set(keyOf(tenant, user), policies);
    return stored;
  }

  async deletePolicy(
    tenant: string,
    user: string,
    context: string,
    expected: ExpectedVersion,
  ): Promise<boolean> {
    const policies = this.#policies.get(keyOf(tenant, user));
    refuseOtherVersion(policies?.get(context)?.version ?? 0, expected);
    return policies?.delete(context) ?? false;
  }

  async policies(tenant: string, user: string): Promise<ReadonlyMap<string, StoredPolicy>> {
    const policies = [...(this.#policies.get(keyOf(tenant, user)) ?? [])];
    return new Map(policies.sort(([a], [b]) => compareUtf8(a, b)));
  }

  async append(batches: readonly EventBatch[], receivedAtMs: number): Promise<readonly EventAck[]> {
    const known = new Set(this.#events.map(({ event }) => keyOf(event.tenant, event.eventId)));
    const moved = new Map<string, User>();
    const acks = batches.map(({ tenant, events }) => {
      let accepted = 0;
      for (const event of events) {
        if (known.has(keyOf(tenant, event.eventId))) continue;
        known.add(keyOf(tenant, event.eventId));
        this.#events.push({ event: { ...event, tenant, receivedAtMs }, applied: false });
        const key = keyOf(tenant, event.user);
        moved.set(key, this.#users.get(key) ?? { version: 0, state: emptyUserState });
        accepted++;
      }
      return { accepted, duplicates: events.length - accepted };
    });
    for (const [key, user] of moved) {
      user.version = ++this.#version;
      this.#users.set(key, user);
    }
    return acks;
  }

  async pending(
    eventsMax: number,
    except: PendingExceptions = { tenants: [], users: [] },
  ): Promise<readonly PendingEvents[]> {
    const excepted = new Set(except.users.map(({ tenant, user }) => keyOf(tenant, user)));
    const waiting = this.#events.flatMap(({ event, applied }) =>
      applied || except.tenants.includes(event.tenant) || excepted.has(keyOf(event.tenant, event.user))
        ? []
        : [event],
    );
    const users = new Map<string, { tenant: string; user: string; events: LoggedEvent[] }>();
    for (const event of waiting.slice(0, eventsMax)) {
      const key = keyOf(event.tenant, event.user);
      const others = users.get(key);
      if (others !== undefined) others.events.push(event);
      else users.set(key, { tenant: event.tenant, user: event.user, events: [event] });
    }
    return [...users.values()];
  }

  apply(tenant: string, user: string, eventIds: readonly string[], delta: UserState): Promise<boolean> {
    return this.applyAll([{ tenant, user, eventIds, delta }]);
  }

  async applyAll(deltas: readonly EventDelta[]): Promise<boolean> {
    const entries = deltas.flatMap(({ tenant, user, eventIds }) => {
      const wanted = new Set(eventIds);
      const waiting = this.#of(tenant, user).filter(
        ({ event, applied }) => wanted.has(event.eventId) && !applied,
      );
      return waiting.length === eventIds.length ? waiting : [null];
    });
    if (entries.includes(null)) return false;
    for (const entry of entries) entry!.applied = true;
    for (const { tenant, user, delta } of deltas) {
      const known = this.#users.get(keyOf(tenant, user));
      if (known !== undefined) known.state = lastMetLast(mergeStates(known.state, delta), delta);
    }
    return true;
  }

  async state(tenant: string, user: string): Promise<UserState> {
    return readable(this.#users.get(keyOf(tenant, user))?.state ?? emptyUserState);
  }

  async events(
    tenant: string,
    user: string,
    after: string | null,
    limit: number,
  ): Promise<readonly LoggedEvent[]> {
    const events = this.#of(tenant, user).map(({ event }) => event);
    const at = events.findIndex(({ eventId }) => eventId === after);
    if (after !== null && at < 0) return [];
    return events.slice(at + 1, at + 1 + Math.min(limit, limits.exportPageEvents));
  }

  async erase(tenant: string, user: string): Promise<boolean> {
    const gone = new Set(this.#of(tenant, user));
    this.#events = this.#events.filter((entry) => !gone.has(entry));
    const known = this.#users.delete(keyOf(tenant, user));
    const policies = this.#policies.get(keyOf(tenant, user))?.size ?? 0;
    this.#policies.delete(keyOf(tenant, user));
    return known || policies > 0;
  }

  async signingKey(): Promise<Uint8Array> {
    return this.#secret.slice();
  }

  #of(tenant: string, user: string) {
    return this.#events.filter(({ event }) => event.tenant === tenant && event.user === user);
  }
}

function refuseOtherVersion(present: number, expected: ExpectedVersion): void {
  if (expected === undefined || present === (expected ?? 0)) return;
  throw new TriptychError('precondition_failed', `version ${present} is there, not ${expected ?? 'nothing'}`);
}

/** The documents in the order of their last application. */
function lastMetLast(state: UserState, delta: UserState): UserState {
  const documents = new Map(state.documents);
  for (const id of delta.documents.keys()) {
    const facts = documents.get(id)!;
    documents.delete(id);
    documents.set(id, facts);
  }
  return { ...state, documents };
}

/** The part of a state within limits.userDocumentsMax. */
function readable(state: UserState): UserState {
  if (state.documents.size <= limits.userDocumentsMax) return state;
  const newestFirst = [...state.documents].reverse();
  const hidden = newestFirst.filter(([, facts]) => facts.hidden);
  const others = newestFirst.filter(([, facts]) => !facts.hidden);
  return { ...state, documents: new Map([...hidden, ...others].slice(0, limits.userDocumentsMax)) };
}
