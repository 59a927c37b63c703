import type { StoredTenantRules } from '../domain/policy.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { PolicyStore, UserHead } from '../ports/policy-store.ts';
import { LruMap } from '../std/lru-map.ts';

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

/**
 * Remembers rules, policies and user states. `peek` gives what is known to be true now; `read` asks the store; `lastGood`
 * is for a store that does not answer. Whoever changes something here or in the store says so with a `drop`, after its
 * commit and before its acknowledgement, so that no later search sees what was before.
 */
export class HeadBook {
  readonly #parts: HeadBookParts;
  readonly #rules: Remembered<StoredTenantRules>;
  readonly #users: Remembered<UserHead>;

  constructor(parts: HeadBookParts) {
    this.#parts = parts;
    this.#rules = new Remembered(parts);
    this.#users = new Remembered(parts);
  }

  /** Without I/O; null where something must be read. */
  peek(tenant: string, user: string | null, context: string): Head | null {
    const rules = this.#rules.current(tenant, '');
    if (rules === null) return null;
    if (user === null) return { rules, user: null };
    const known = this.#users.current(userKey(tenant, user), context);
    return known === null ? null : { rules, user: known };
  }

  async read(tenant: string, user: string | null, context: string): Promise<Head> {
    const { policies } = this.#parts;
    const [rules, head] = await Promise.all([
      this.#rules.load(tenant, '', () => policies.rules(tenant)),
      user === null
        ? null
        : this.#users.load(userKey(tenant, user), context, () => policies.head(tenant, user, context)),
    ]);
    return { rules, user: head };
  }

  /** What the store said last, at most limits.policyStaleMsMax ago; null where that is not all that is needed. */
  lastGood(tenant: string, user: string | null, context: string): Head | null {
    const rules = this.#rules.lastGood(tenant, '');
    if (rules === null) return null;
    if (user === null) return { rules, user: null };
    const head = this.#users.lastGood(userKey(tenant, user), context);
    return head === null ? null : { rules, user: head };
  }

  dropRules(tenant: string): void {
    this.#rules.drop(tenant);
  }

  dropUser(tenant: string, user: string): void {
    this.#users.drop(userKey(tenant, user));
  }

  /** Drops the last good copy too. */
  forgetUser(tenant: string, user: string): void {
    this.#users.forget(userKey(tenant, user));
  }
}

function userKey(tenant: string, user: string): string {
  return `${tenant}\0${user}`;
}

interface Entry<V> {
  readonly value: V;
  readonly readAtMs: number;
  current: boolean;
}

interface Loading<V> {
  readonly part: string;
  readonly promise: Promise<V>;
  /** Dropped since it began: its answer is for those who asked before that, and is not kept. */
  dropped: boolean;
}

/** Values by key and part (a user's contexts), the least recently used keys forgotten first. */
class Remembered<V> {
  readonly #clock: Clock;
  readonly #trusted: boolean;
  readonly #entries = new LruMap<Map<string, Entry<V>>>(limits.headCacheEntries);
  readonly #loading = new Map<string, Set<Loading<V>>>();

  /** @param soleWriter whether what is remembered need not be read again until it is dropped */
  constructor({ clock, soleWriter }: Pick<HeadBookParts, 'clock' | 'soleWriter'>) {
    this.#clock = clock;
    this.#trusted = soleWriter;
  }

  current(key: string, part: string): V | null {
    const entry = this.#entries.get(key)?.get(part);
    return this.#trusted && entry?.current === true ? entry.value : null;
  }

  lastGood(key: string, part: string): V | null {
    const entry = this.#entries.get(key)?.get(part);
    if (entry === undefined) return null;
    const young = this.#clock.nowMs() - entry.readAtMs <= limits.policyStaleMsMax;
    return young || (this.#trusted && entry.current) ? entry.value : null;
  }

  load(key: string, part: string, read: () => Promise<V>): Promise<V> {
    const known = this.current(key, part);
    if (known !== null) return Promise.resolve(known);
    const under = this.#loading.get(key) ?? new Set();
    // Without trust every search reads for itself: one that began earlier may have read before somebody else wrote.
    const same = this.#trusted ? [...under].find((other) => other.part === part) : undefined;
    if (same !== undefined) return same.promise;
    const loading: Loading<V> = { part, promise: this.#read(key, part, read, () => loading), dropped: false };
    this.#loading.set(key, under.add(loading));
    return loading.promise;
  }

  drop(key: string): void {
    for (const entry of this.#entries.get(key)?.values() ?? []) entry.current = false;
    for (const loading of this.#loading.get(key) ?? []) loading.dropped = true;
    this.#loading.delete(key);
  }

  forget(key: string): void {
    this.drop(key);
    this.#entries.delete(key);
  }

  async #read(key: string, part: string, read: () => Promise<V>, own: () => Loading<V>): Promise<V> {
    try {
      const value = await read();
      const loading = own();
      if (!loading.dropped) this.#keep(key, part, { value, readAtMs: this.#clock.nowMs(), current: true });
      return value;
    } finally {
      const under = this.#loading.get(key);
      under?.delete(own());
      if (under?.size === 0) this.#loading.delete(key);
    }
  }

  #keep(key: string, part: string, entry: Entry<V>): void {
    let parts = this.#entries.get(key);
    if (parts === undefined) {
      parts = new Map();
      this.#entries.set(key, parts);
    }
    // At most one part for each context there is.
    if (!parts.has(part) && parts.size > limits.contextsMax) parts.delete(parts.keys().next().value!);
    parts.set(part, entry);
  }
}
