import { beforeEach, describe, expect, it } from 'vitest';
import { emptyPolicy, noTenantRules, type StoredTenantRules } from '../../src/domain/policy.ts';
import { emptyUserState, type UserState } from '../../src/domain/user-state.ts';
import { limits } from '../../src/limits.ts';
import type { UserHead } from '../../src/ports/policy-store.ts';
import { HeadBook } from '../../src/search/head-book.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryUserStore } from '../support/memory-user-store.ts';

interface Read {
  readonly what: string;
  /** Answers with what the store holds at this moment, as of this state version. */
  answer(version: number, state?: UserState): void;
  fail(): void;
}

const headOf = (stateVersion: number, state: UserState = emptyUserState): UserHead => ({
  policy: emptyPolicy,
  contextPolicy: null,
  stateVersion,
  pendingEvents: 0,
  pending: [],
  state,
});

let clock: FakeClock;
let reads: Read[];

/** A store whose reads of users are answered by hand; rules are there at once, with versions that count the reads. */
class ManualStore extends MemoryUserStore {
  rulesRead = 0;
  /** Contexts that the rules declare. */
  declared = ['kids'];

  override head(tenant: string, user: string, context: string): Promise<UserHead> {
    return new Promise((resolve, reject) => {
      reads.push({
        what: `${tenant} ${user} ${context}`,
        answer: (version, state) => resolve(headOf(version, state)),
        fail: () => reject(new Error('gone')),
      });
    });
  }

  override async rules(): Promise<StoredTenantRules> {
    const contexts = Object.fromEntries(
      this.declared.map((name) => [name, { description: '', rules: [], preferences: {} }]),
    );
    return { ...noTenantRules, contexts, version: ++this.rulesRead };
  }
}

let store: ManualStore;

beforeEach(() => {
  clock = new FakeClock();
  reads = [];
  store = new ManualStore();
});

const book = (soleWriter = true) => new HeadBook({ policies: store, clock, soleWriter });
const read = (heads: HeadBook, user = 'ann', context = 'default') => heads.read('acme', user, context);
const peek = (heads: HeadBook, user = 'ann', context = 'default') =>
  heads.peek('acme', user, context)?.user?.stateVersion ?? null;
const lastGood = (heads: HeadBook, user = 'ann') =>
  heads.lastGood('acme', user, 'default')?.user?.stateVersion ?? null;

/** Reads and answers at once. */
async function learn(
  heads: HeadBook,
  version: number,
  user = 'ann',
  context = 'default',
  state = emptyUserState,
): Promise<void> {
  const known = read(heads, user, context);
  reads.at(-1)!.answer(version, state);
  await known;
}

describe('the only writer of the store', () => {
  it('reads once, and knows it until it is told of a change', async () => {
    const heads = book();
    expect(peek(heads)).toBeNull();
    await learn(heads, 1);
    expect(peek(heads)).toBe(1);
    expect((await read(heads)).user!.stateVersion).toBe(1);
    expect(reads).toHaveLength(1);
    heads.dropUser('acme', 'ann');
    expect(peek(heads)).toBeNull();
    await learn(heads, 2);
    expect([peek(heads), reads.length]).toEqual([2, 2]);
  });

  it('shares a read that is under way', async () => {
    const heads = book();
    const all = Array.from({ length: 10 }, () => read(heads));
    expect(reads.map(({ what }) => what)).toEqual(['acme ann default']);
    reads[0]!.answer(3);
    expect((await Promise.all(all)).map(({ user }) => user!.stateVersion)).toEqual(Array(10).fill(3));
    expect(store.rulesRead).toBe(1);
  });

  it('does not keep, or share with later searches, what was being read when something changed', async () => {
    const heads = book();
    const before = read(heads);
    heads.dropUser('acme', 'ann');
    const after = read(heads);
    expect(reads).toHaveLength(2);
    reads[1]!.answer(2);
    expect((await after).user!.stateVersion).toBe(2);
    // The earlier read comes last, and must not overwrite what is newer.
    reads[0]!.answer(1);
    expect((await before).user!.stateVersion).toBe(1);
    expect([peek(heads), lastGood(heads)]).toEqual([2, 2]);
  });

  it('keeps nothing of a read that failed, and reads again', async () => {
    const heads = book();
    const failing = [read(heads), read(heads)];
    reads[0]!.fail();
    expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([peek(heads), lastGood(heads)]).toEqual([null, null]);
    await learn(heads, 1);
    expect(peek(heads)).toBe(1);
  });

  it('tells users, tenants and contexts apart', async () => {
    const heads = book();
    await learn(heads, 1);
    await learn(heads, 2, 'bob');
    await learn(heads, 3, 'ann', 'kids');
    expect([peek(heads), peek(heads, 'bob'), peek(heads, 'ann', 'kids')]).toEqual([3, 2, 3]);
    expect(heads.peek('globex', 'ann', 'default')).toBeNull();
    heads.dropUser('acme', 'ann');
    expect([peek(heads), peek(heads, 'bob'), peek(heads, 'ann', 'kids')]).toEqual([null, 2, null]);
    heads.dropRules('acme');
    expect([peek(heads, 'bob'), heads.peek('acme', null, 'default')]).toEqual([null, null]);
  });

  it('keeps nothing in contexts that the rules do not declare, and loses nothing by them', async () => {
    const heads = book();
    await learn(heads, 1);
    for (let i = 0; i < 2 * limits.contextsMax; i++) {
      await learn(heads, 2, 'ann', `made up ${i}`);
      expect(peek(heads, 'ann', `made up ${i}`)).toBeNull();
    }
    expect(peek(heads)).toBe(1);
  });

  it('keeps as many contexts of a user as there can be', async () => {
    const heads = book();
    store.declared = Array.from({ length: limits.contextsMax + 5 }, (_, i) => `c${i}`);
    for (const [i, context] of store.declared.entries()) await learn(heads, i, 'ann', context);
    const known = store.declared.filter((context) => peek(heads, 'ann', context) !== null);
    expect(known).toEqual(store.declared.slice(-limits.contextsMax - 1));
  });

  it('has one state for all contexts of a user: the one read last', async () => {
    const heads = book(false);
    const stateIn = (context: string) => heads.lastGood('acme', 'ann', context)!.user!;
    const [older, newer, late] = [read(heads), read(heads, 'ann', 'kids'), read(heads, 'ann', 'kids')];
    reads[0]!.answer(1);
    await older;
    reads[1]!.answer(2);
    await newer;
    expect(stateIn('default')).toMatchObject({ stateVersion: 2 });
    expect(stateIn('default').state).toBe(stateIn('kids').state);
    reads[2]!.answer(1);
    await late;
    expect(stateIn('kids')).toMatchObject({ stateVersion: 2 });
    // Of a user who has none any more it was erased.
    await learn(heads, 0);
    expect([stateIn('default').stateVersion, stateIn('kids').stateVersion]).toEqual([0, 0]);
  });

  it('keeps the users that were asked for last, as many as their states leave room for', async () => {
    const heads = book();
    const documents = limits.headCacheWeightMax / 4 - 100;
    const state = {
      ...emptyUserState,
      documents: new Map(
        Array.from({ length: documents }, (_, i) => [`d${i}`, { seen: true, hidden: false, affinity: null }]),
      ),
    };
    for (const user of ['a', 'b', 'c', 'd']) await learn(heads, 1, user, 'default', state);
    expect(peek(heads, 'a')).toBe(1);
    await learn(heads, 1, 'e', 'default', state);
    expect(['a', 'b', 'c', 'd', 'e'].map((user) => peek(heads, user))).toEqual([1, null, 1, 1, 1]);
    await learn(heads, 2, 'c', 'kids', state);
    expect(['a', 'c', 'd', 'e'].map((user) => peek(heads, user))).toEqual([1, 2, 1, 1]);
  });

  it('knows the rules also where the head failed first', async () => {
    const heads = book();
    let arrive = (): void => undefined;
    const { rules } = store;
    store.rules = async () => {
      await new Promise<void>((resolve) => {
        arrive = resolve;
      });
      return rules.call(store);
    };
    const failing = read(heads, 'ann', 'kids');
    reads[0]!.fail();
    await new Promise((resolve) => setImmediate(resolve));
    arrive();
    await expect(failing).rejects.toThrow('gone');
    expect(heads.lastGood('acme', null, 'default')?.rules.version).toBe(1);
    expect(peek(heads)).toBeNull();
  });
});

describe('one of several writers', () => {
  it('reads for every search, and shares none', async () => {
    const heads = book(false);
    await learn(heads, 1);
    expect(peek(heads)).toBeNull();
    const both = [read(heads), read(heads)];
    expect(reads).toHaveLength(3);
    for (const one of reads) one.answer(2);
    await Promise.all(both);
    expect(lastGood(heads)).toBe(2);
  });
});

describe('the last good copy', () => {
  it.each([true, false])('is good for ten minutes where sole writer is %s', async (soleWriter) => {
    const heads = book(soleWriter);
    expect(lastGood(heads)).toBeNull();
    await learn(heads, 1);
    clock.hold(limits.policyStaleMsMax);
    expect(lastGood(heads)).toBe(1);
    clock.hold(1);
    // Nobody else writes: what was not dropped is not old.
    expect(lastGood(heads)).toBe(soleWriter ? 1 : null);
  });

  it('stays after a change, which it is older than, for its ten minutes', async () => {
    const heads = book();
    await learn(heads, 1);
    heads.dropUser('acme', 'ann');
    expect([peek(heads), lastGood(heads)]).toEqual([null, 1]);
    clock.hold(limits.policyStaleMsMax + 1);
    expect(lastGood(heads)).toBeNull();
  });

  it.each([true, false])(
    'of an erased user is gone, also where reads were under way; sole writer: %s',
    async (soleWriter) => {
      const heads = book(soleWriter);
      await learn(heads, 1);
      const under = [read(heads, 'ann', 'kids'), read(heads), read(heads)];
      heads.forgetUser('acme', 'ann');
      for (const one of reads) one.answer(1);
      await Promise.all(under);
      expect([peek(heads), lastGood(heads), heads.lastGood('acme', 'ann', 'kids')]).toEqual([
        null,
        null,
        null,
      ]);
    },
  );

  it('needs the rules and the user', async () => {
    const heads = book(false);
    await heads.read('acme', null, 'default');
    expect(heads.lastGood('acme', null, 'default')).toMatchObject({ user: null });
    expect(lastGood(heads)).toBeNull();
  });
});
