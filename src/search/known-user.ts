import type { StoredPolicy } from '../domain/policy.ts';
import { limits } from '../limits.ts';
import type { UserHead } from '../ports/policy-store.ts';

/** When something was read, and whether it was changed since, as far as this process knows. */
export interface Reading {
  readonly readAtMs: number;
  changed: boolean;
}

interface KnownPolicies extends Reading {
  readonly policy: StoredPolicy;
  readonly contextPolicy: StoredPolicy | null;
}

type KnownState = Pick<UserHead, 'state' | 'stateVersion' | 'pendingEvents' | 'pending'>;

/** What a user weighs of whom nothing is known, measured. */
const weightOfNobody = 10;

/** What was read of one user: policies by context, and one state for all contexts, because that is what is large. */
export class KnownUser {
  readonly #contexts = new Map<string, KnownPolicies>();
  #known: KnownState | null = null;

  /** The head as it is known, if what was read in that context is of use. */
  head(context: string, isOfUse: (reading: Reading) => boolean): UserHead | null {
    const policies = this.#contexts.get(context);
    if (this.#known === null || policies === undefined || !isOfUse(policies)) return null;
    const { policy, contextPolicy } = policies;
    return { policy, contextPolicy, ...this.#known };
  }

  keep(context: string, { policy, contextPolicy, ...state }: UserHead, readAtMs: number): void {
    if (this.#known === null || isNewer(state, this.#known)) this.#known = state;
    this.#contexts.delete(context);
    // One policy for all contexts, too, as long as it is the same.
    const same = [...this.#contexts.values()].find((other) => other.policy.version === policy.version);
    this.#contexts.set(context, { policy: same?.policy ?? policy, contextPolicy, readAtMs, changed: false });
    // At most one for each context there is, and `default`.
    if (this.#contexts.size > limits.contextsMax + 1)
      this.#contexts.delete(this.#contexts.keys().next().value!);
  }

  /** Something about the user was changed. */
  change(): void {
    for (const policies of this.#contexts.values()) policies.changed = true;
  }

  /** About 200 bytes each: documents, learned values, members of policies. */
  get weight(): number {
    const policies = [...this.#contexts.values()];
    const distinct = new Set(policies.flatMap(({ policy, contextPolicy }) => [policy, contextPolicy]));
    let weight = weightOfNobody + policies.length;
    for (const policy of distinct) weight += memberCount(policy);
    if (this.#known === null) return weight;
    const { documents, learned, taste } = this.#known.state;
    weight += this.#known.pending.length;
    for (const values of learned.values()) weight += values.size;
    // The sum in f64 and the vector in f32 that is made of it.
    return weight + documents.size + Math.ceil(((taste?.sum.length ?? 0) * 12) / 200);
  }
}

/**
 * Whether `a` was read later than `b`: versions grow, and between two versions events only become part of the state. Of
 * a user without a state the older one was erased.
 */
function isNewer(a: KnownState, b: KnownState): boolean {
  if (a.stateVersion === b.stateVersion) return a.pendingEvents <= b.pendingEvents;
  return a.stateVersion > b.stateVersion || a.stateVersion === 0;
}

/** Numbers, texts and other leaves of a value of JSON. */
export function memberCount(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  let count = 0;
  for (const member of Object.values(value)) count += memberCount(member);
  return count;
}
