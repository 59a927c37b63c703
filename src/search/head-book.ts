import { defaultContext, type StoredTenantRules } from '../domain/policy.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { PolicyStore, UserHead } from '../ports/policy-store.ts';
import { LruMap } from '../std/lru-map.ts';
import { DroppableReads } from './droppable-reads.ts';
import { KnownUser, memberCount, type Reading } from './known-user.ts';

/** What a search must know before it may rank: the tenant's rules, and who is asking. */
export interface Head {
  readonly rules: StoredTenantRules;
  /** null: nobody in particular. */
  readonly user: UserHead | null;
}

export interface HeadBookParts {
  readonly policies: PolicyStore;
  readonly clock: Clock;
  /** Whether this process alone writes the store: then what it remembers is true until it writes itself. */
  readonly soleWriter: boolean;
}

interface KnownRules extends Reading {
  readonly rules: StoredTenantRules;
}

/**
 * Remembers rules, policies and user states, those asked for last, within limits.headCacheWeightMax. `peek` gives what is
 * known to be true now; `read` asks the store; `lastGood` is for a store that does not answer. Whoever changes something
 * here or in the store says so with a `drop`, after its commit and before its acknowledgement, so that no later search
 * sees what was before.
 */
export class HeadBook {
  readonly #parts: HeadBookParts;
  readonly #rules = new LruMap<KnownRules>(limits.headCacheWeightMax);
  readonly #users = new LruMap<KnownUser>(limits.headCacheWeightMax);
  readonly #rulesReads: DroppableReads<StoredTenantRules>;
  readonly #userReads: DroppableReads<UserHead>;

  constructor(parts: HeadBookParts) {
    this.#parts = parts;
    this.#rulesReads = new DroppableReads(parts.soleWriter);
    this.#userReads = new DroppableReads(parts.soleWriter);
  }

  /** Without I/O; null where something must be read. */
  peek(tenant: string, user: string | null, context: string): Head | null {
    return this.#find(tenant, user, context, this.#isTrue);
  }

  /** Fails with the head alone only after the rules were read, so that `lastGood` knows those. */
  async read(tenant: string, user: string | null, context: string): Promise<Head> {
    const rules = this.#readRules(tenant);
    const head = user === null ? null : this.#readUser(tenant, user, context, rules);
    // Its failure is not unheard of: it is waited for below.
    head?.catch(() => undefined);
    return { rules: await rules, user: await head };
  }

  /** What the store said last, at most limits.policyStaleMsMax ago; null where that is not all that is needed. */
  lastGood(tenant: string, user: string | null, context: string): Head | null {
    const youngestMs = this.#parts.clock.nowMs() - limits.policyStaleMsMax;
    return this.#find(tenant, user, context, (one) => one.readAtMs >= youngestMs || this.#isTrue(one));
  }

  dropRules(tenant: string): void {
    const known = this.#rules.get(tenant);
    if (known !== undefined) known.changed = true;
    this.#rulesReads.drop(tenant);
  }

  dropUser(tenant: string, user: string): void {
    const key = userKey(tenant, user);
    this.#users.get(key)?.change();
    this.#userReads.drop(key);
  }

  /** Drops the last good copy too. */
  forgetUser(tenant: string, user: string): void {
    const key = userKey(tenant, user);
    this.#users.delete(key);
    this.#userReads.drop(key);
  }

  /** Whether what was read must still be so: nobody else writes, and this process has not. */
  readonly #isTrue = ({ changed }: Reading): boolean => this.#parts.soleWriter && !changed;

  #find(
    tenant: string,
    user: string | null,
    context: string,
    isOfUse: (reading: Reading) => boolean,
  ): Head | null {
    const known = this.#rules.get(tenant);
    if (known === undefined || !isOfUse(known)) return null;
    const { rules } = known;
    if (user === null) return { rules, user: null };
    const head = this.#users.get(userKey(tenant, user))?.head(context, isOfUse) ?? null;
    return head === null ? null : { rules, user: head };
  }

  #readRules(tenant: string): Promise<StoredTenantRules> {
    const { policies, clock } = this.#parts;
    const known = this.#rules.get(tenant);
    if (known !== undefined && this.#isTrue(known)) return Promise.resolve(known.rules);
    return this.#rulesReads.read(
      tenant,
      '',
      () => policies.rules(tenant),
      (rules) =>
        this.#rules.set(tenant, { rules, readAtMs: clock.nowMs(), changed: false }, memberCount(rules) + 1),
    );
  }

  async #readUser(
    tenant: string,
    user: string,
    context: string,
    rules: Promise<StoredTenantRules>,
  ): Promise<UserHead> {
    const { policies, clock } = this.#parts;
    const key = userKey(tenant, user);
    const still = this.#users.get(key)?.head(context, this.#isTrue);
    if (still != null) return still;
    let declared = context === defaultContext;
    return this.#userReads.read(
      key,
      context,
      async () => {
        const head = await policies.head(tenant, user, context);
        // Names that somebody made up must not push out what is asked for.
        if (!declared)
          declared = await rules.then(
            (known) => Object.hasOwn(known.contexts, context),
            () => false,
          );
        return head;
      },
      (head) => {
        if (!declared) return;
        const known = this.#users.get(key) ?? new KnownUser();
        known.keep(context, head, clock.nowMs());
        this.#users.set(key, known, known.weight);
      },
    );
  }
}

function userKey(tenant: string, user: string): string {
  return `${tenant}\0${user}`;
}
