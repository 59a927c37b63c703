import {
  defaultContext,
  emptyPolicy,
  noTenantRules,
  type Policy,
  type Preferences,
  type StoredPolicy,
  type StoredTenantRules,
  type TenantRules,
} from '../../src/domain/policy.ts';
import type { UserEvent } from '../../src/domain/user-event.ts';
import { TriptychError } from '../../src/errors.ts';
import type { EventAck } from '../../src/ports/event-log.ts';
import type { ExpectedVersion } from '../../src/ports/policy-store.ts';
import type { ExportRecord, PolicyView } from '../../src/ports/triptych.ts';

/** Policies, rules and events in memory, with versions and preconditions as the interface promises them. */
export class FakeUsers {
  /** What every policy is answered with beside it. */
  learned: Preferences = { genres: { Drama: 0.25 } };
  readonly events = new Map<string, UserEvent>();
  readonly #policies = new Map<string, StoredPolicy>();
  #rules: StoredTenantRules = noTenantRules;
  #version = 0;

  policy(tenant: string, user: string, context: string): PolicyView {
    this.#declared(context);
    const policy = this.#policies.get(key(tenant, user, context)) ?? emptyPolicy;
    return { policy, learned: this.learned };
  }

  putPolicy(
    tenant: string,
    user: string,
    context: string,
    policy: Policy,
    expected: ExpectedVersion,
  ): PolicyView {
    const before = this.policy(tenant, user, context).policy;
    check(before.version, expected);
    this.#policies.set(key(tenant, user, context), { ...policy, version: ++this.#version });
    return this.policy(tenant, user, context);
  }

  deletePolicy(tenant: string, user: string, context: string, expected: ExpectedVersion): void {
    const { version } = this.policy(tenant, user, context).policy;
    check(version, expected);
    if (version === 0) throw new TriptychError('not_found', 'there is no policy');
    this.#policies.delete(key(tenant, user, context));
  }

  rules(_tenant: string): StoredTenantRules {
    return this.#rules;
  }

  putRules(_tenant: string, rules: TenantRules, expected: ExpectedVersion): StoredTenantRules {
    check(this.#rules.version, expected);
    this.#rules = { ...rules, version: ++this.#version };
    return this.#rules;
  }

  recordEvents(tenant: string, events: readonly UserEvent[]): EventAck {
    let accepted = 0;
    for (const event of events) {
      const id = `${tenant}\0${event.eventId}`;
      if (this.events.has(id)) continue;
      this.events.set(id, event);
      accepted++;
    }
    return { accepted, duplicates: events.length - accepted };
  }

  records(tenant: string, user: string): ExportRecord[] {
    const prefix = key(tenant, user, '');
    const policies = [...this.#policies]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, policy]) => ({ kind: 'policy' as const, context: name.slice(prefix.length), policy }));
    const events = [...this.events]
      .filter(([id, event]) => id.startsWith(`${tenant}\0`) && event.user === user)
      .map(([, event]) => ({ kind: 'event' as const, event: { ...event, tenant, receivedAtMs: 1_000 } }));
    if (policies.length + events.length === 0) throw new TriptychError('user_not_found', 'nothing is known');
    const liked = events.filter(({ event }) => event.type === 'like');
    const state: ExportRecord = {
      kind: 'state',
      taste: liked.length > 0 ? Float32Array.of(1, 0, 0, 0) : null,
      learned: this.learned,
      seen: events.map(({ event }) => event.document),
      hidden: [],
      liked: liked.map(({ event }) => ({ id: event.document, affinity: 1 })),
    };
    return [...policies, state, ...events];
  }

  erase(tenant: string, user: string): void {
    this.records(tenant, user);
    for (const [id, event] of this.events)
      if (id.startsWith(`${tenant}\0`) && event.user === user) this.events.delete(id);
    for (const name of this.#policies.keys())
      if (name.startsWith(key(tenant, user, ''))) this.#policies.delete(name);
  }

  #declared(context: string): void {
    if (context !== defaultContext && !Object.hasOwn(this.#rules.contexts, context))
      throw new TriptychError('unknown_context', 'the context is not declared', {
        fields: [{ path: 'context', message: 'is not declared' }],
      });
  }
}

function key(tenant: string, user: string, context: string): string {
  return `${tenant}\0${user}\0${context}`;
}

function check(version: number, expected: ExpectedVersion): void {
  if (expected !== undefined && version !== (expected ?? 0))
    throw new TriptychError('precondition_failed', `the stored version is ${version}`);
}
