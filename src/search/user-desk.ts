import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { eventProblems } from '../domain/event-check.ts';
import type { Policy, StoredPolicy, StoredTenantRules, TenantRules } from '../domain/policy.ts';
import { defaultContext, defaultLearningRate, emptyPolicy } from '../domain/policy.ts';
import { policyProblems, tenantRulesProblems } from '../domain/policy-check.ts';
import type { RuleProblem } from '../domain/rule-check.ts';
import { spaceKey } from '../domain/user-learning.ts';
import {
  affinitySeeds,
  hiddenIds,
  learnedPreferences,
  seenIds,
  tasteVector,
} from '../domain/user-signals.ts';
import type { UserState } from '../domain/user-state.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Cache } from '../ports/cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ExpectedVersion, PolicyStore } from '../ports/policy-store.ts';
import type { ExportRecord, PolicyView, Triptych } from '../ports/triptych.ts';
import type { LruMap } from '../std/lru-map.ts';
import { requireTemplate } from './asker.ts';
import type { CatalogueRegistry } from './catalogue-registry.ts';
import type { EventIntake } from './event-intake.ts';
import type { HeadBook } from './head-book.ts';
import { userPrefix } from './list-keys.ts';

export interface UserDeskParts {
  readonly policies: PolicyStore;
  readonly events: EventLog;
  readonly intake: EventIntake;
  readonly heads: HeadBook;
  readonly lists: Cache<unknown>;
  /** When users were erased lately (monotonic), by userPrefix. */
  readonly erasures: LruMap<number>;
  readonly clock: Clock;
  readonly registry: CatalogueRegistry;
  /** Of the deepest profile, because any may rank under a policy. */
  readonly rankDepthMax: number;
}

/**
 * Everything that is written and read about users and rules. Each change is followed by a drop of what is remembered,
 * before it is acknowledged, so that no later search answers from before.
 */
export class UserDesk
  implements
    Pick<
      Triptych,
      | 'policy'
      | 'putPolicy'
      | 'deletePolicy'
      | 'rules'
      | 'putRules'
      | 'recordEvents'
      | 'exportUser'
      | 'eraseUser'
    >
{
  readonly #parts: UserDeskParts;

  constructor(parts: UserDeskParts) {
    this.#parts = parts;
  }

  async policy(tenant: string, user: string, context: string): Promise<PolicyView> {
    await this.#requireContext(tenant, context);
    const [stored, learned] = await Promise.all([
      this.#parts.policies.policy(tenant, user, context),
      this.#learned(tenant, user, context),
    ]);
    return learned(stored ?? emptyPolicy);
  }

  async putPolicy(
    tenant: string,
    user: string,
    context: string,
    policy: Policy,
    expected: ExpectedVersion,
  ): Promise<PolicyView> {
    await this.#requireContext(tenant, context);
    refuse(policyProblems(this.#schemaOf(tenant), policy, this.#parts));
    // Read before: what is written must not look as if it had failed because something beside it cannot be read.
    const learned = await this.#learned(tenant, user, context);
    let stored: StoredPolicy;
    try {
      stored = await this.#parts.policies.putPolicy(tenant, user, context, policy, expected);
    } finally {
      // Also when it failed: a commit whose answer was lost has changed it all the same.
      this.#parts.heads.dropUser(tenant, user);
    }
    return learned(stored);
  }

  async deletePolicy(
    tenant: string,
    user: string,
    context: string,
    expected: ExpectedVersion,
  ): Promise<void> {
    let found: boolean;
    try {
      found = await this.#parts.policies.deletePolicy(tenant, user, context, expected);
    } finally {
      this.#parts.heads.dropUser(tenant, user);
    }
    if (!found) throw new TriptychError('not_found', 'There is no policy of this user in this context.');
  }

  rules(tenant: string): Promise<StoredTenantRules> {
    return this.#parts.policies.rules(tenant);
  }

  async putRules(tenant: string, rules: TenantRules, expected: ExpectedVersion): Promise<StoredTenantRules> {
    refuse(tenantRulesProblems(this.#schemaOf(tenant), rules, this.#parts));
    try {
      return await this.#parts.policies.putRules(tenant, rules, expected);
    } finally {
      this.#parts.heads.dropRules(tenant);
    }
  }

  async recordEvents(
    ...[tenant, events]: Parameters<Triptych['recordEvents']>
  ): ReturnType<Triptych['recordEvents']> {
    refuse(eventProblems(events).map((problem) => ({ ...problem, code: 'invalid_request' as const })));
    return this.#parts.intake.record(tenant, events);
  }

  async *exportUser(tenant: string, user: string): AsyncGenerator<ExportRecord> {
    const { policies, events } = this.#parts;
    const [stored, state, first] = await Promise.all([
      policies.policies(tenant, user),
      events.state(tenant, user),
      events.events(tenant, user, null, limits.exportPageEvents),
    ]);
    if (stored.size === 0 && first.length === 0) throw unknownUser();
    for (const [context, policy] of stored) yield { kind: 'policy', context, policy };
    yield this.#stateRecord(tenant, state, stored.get(defaultContext) ?? null);
    for (let page = first; page.length > 0; ) {
      for (const event of page) yield { kind: 'event', event };
      page = await events.events(tenant, user, page.at(-1)!.eventId, limits.exportPageEvents);
    }
  }

  async eraseUser(tenant: string, user: string): Promise<void> {
    const { events, heads, lists, erasures, clock } = this.#parts;
    let found: boolean;
    try {
      found = await events.erase(tenant, user);
    } finally {
      heads.forgetUser(tenant, user);
      // Searches that are under way must not keep a list of somebody who is forgotten.
      erasures.set(userPrefix(tenant, user), clock.nowMs());
      await lists.deletePrefix(userPrefix(tenant, user));
    }
    if (!found) throw unknownUser();
  }

  #stateRecord(tenant: string, state: UserState, policy: StoredPolicy | null): ExportRecord {
    const schema = this.#parts.registry.find(tenant)?.schema;
    return {
      kind: 'state',
      taste: schema === undefined ? null : tasteVector(state, spaceKey(schema.embedding)),
      learned: learnedPreferences(state, policy?.learningRate ?? defaultLearningRate),
      seen: seenIds(state),
      hidden: hiddenIds(state),
      liked: affinitySeeds(state, Number.POSITIVE_INFINITY).map(({ id, weight }) => ({
        id,
        affinity: weight,
      })),
    };
  }

  /** Shows a policy of that context with what is learned beside it. */
  async #learned(
    tenant: string,
    user: string,
    context: string,
  ): Promise<(policy: StoredPolicy) => PolicyView> {
    const { policies, events } = this.#parts;
    const [wider, state] = await Promise.all([
      context === defaultContext ? null : policies.policy(tenant, user, defaultContext),
      events.state(tenant, user),
    ]);
    return (policy) => {
      const learningRate = policy.learningRate ?? wider?.learningRate ?? defaultLearningRate;
      return { policy, learned: learnedPreferences(state, learningRate) };
    };
  }

  async #requireContext(tenant: string, context: string): Promise<void> {
    if (context === defaultContext) return;
    requireTemplate(await this.#parts.policies.rules(tenant), context);
  }

  /** @throws TriptychError no_catalogue */
  #schemaOf(tenant: string): CatalogueSchema {
    return this.#parts.registry.active(tenant).schema;
  }
}

/** @throws TriptychError invalid_request | unknown_field, with paths */
function refuse(problems: readonly RuleProblem[]): void {
  const first = problems[0];
  if (first === undefined) return;
  const fields = problems.map(({ path, message }) => ({ path, message }));
  throw new TriptychError(first.code, `${first.path}: ${first.message}`, { fields });
}

function unknownUser(): TriptychError {
  return new TriptychError('user_not_found', 'Nothing is known about this user.');
}
