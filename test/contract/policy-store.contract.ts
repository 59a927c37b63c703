import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyPolicy, noTenantRules, type Policy, type TenantRules } from '../../src/domain/policy.ts';
import { emptyUserState } from '../../src/domain/user-state.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import type { PolicyStore } from '../../src/ports/policy-store.ts';
import { eventOf } from '../support/user-states.ts';
import { unusualIds } from './document-store-subject.ts';

/** The stores of one truth. */
export interface UserStores {
  readonly policies: PolicyStore;
  readonly events: EventLog;
  /** false where texts that no database stores are taken all the same. */
  readonly checksText: boolean;
  close(): Promise<void>;
}

const likes = (genre: string): Policy => ({
  preferences: { genres: { [genre]: 0.5 } },
  constraints: [],
  learningRate: null,
  explorationRate: null,
});

const whole: Policy = {
  preferences: {
    tags: Object.fromEntries([['__proto__', -1] as const, ["d'Or", 0.1], ['\ufeffx', 1]]),
    genres: {},
  },
  constraints: [
    { kind: 'exclude', facet: 'genres', values: ['Horror', 'say "hi"', 'back\\slash'] },
    { kind: 'range', field: 'year', gte: 1990.5, missing: 'keep' },
  ],
  learningRate: 0.30000000000000004,
  explorationRate: 0,
};

const rulesWith = (id: string): TenantRules => ({
  rules: [{ kind: 'pin', id, rank: 1 }],
  contexts: {
    kids: {
      description: 'For "kids"',
      rules: [{ kind: 'hideSeen' }],
      preferences: { genres: { Family: 1 } },
    },
  },
});

const refused = { code: 'precondition_failed' };
let tenants = 0;

/** What every PolicyStore must do, sentence by sentence of the port. */
export function policyStoreContract(name: string, open: () => Promise<UserStores>): void {
  describe(`PolicyStore: ${name}`, () => {
    let stores: UserStores;
    let store: PolicyStore;
    beforeAll(async () => {
      stores = await open();
      store = stores.policies;
    }, 120_000);
    afterAll(() => stores.close());
    const newTenant = () => `policy tenant ${tenants++}`;

    it('gives back what was put, with its version', async () => {
      const tenant = newTenant();
      const put = await store.putPolicy(tenant, 'u', 'default', whole, undefined);
      expect(put).toEqual({ ...whole, version: put.version });
      const read = await store.policy(tenant, 'u', 'default');
      expect(read).toEqual(put);
      expect(Object.keys(read!.preferences)).toEqual(['tags', 'genres']);
      expect(Object.hasOwn(read!.preferences.tags!, '__proto__')).toBe(true);
      const rules = await store.putRules(tenant, rulesWith('7'), undefined);
      expect(rules).toEqual({ ...rulesWith('7'), version: rules.version });
      expect(await store.rules(tenant)).toEqual(rules);
    });

    it('knows nothing of what was never put', async () => {
      const tenant = newTenant();
      expect(await store.policy(tenant, 'u', 'default')).toBeNull();
      expect(await store.policies(tenant, 'u')).toEqual(new Map());
      expect(await store.rules(tenant)).toEqual(noTenantRules);
      expect(await store.head(tenant, 'u', 'kids')).toEqual({
        policy: emptyPolicy,
        contextPolicy: emptyPolicy,
        stateVersion: 0,
        pendingEvents: 0,
        pending: [],
        state: emptyUserState,
      });
    });

    it('writes over any version, over one, or only where nothing is', async () => {
      const tenant = newTenant();
      const put = (genre: string, expected: number | null | undefined) =>
        store.putPolicy(tenant, 'u', 'default', likes(genre), expected);
      await expect(put('A', 1)).rejects.toMatchObject(refused);
      const first = await put('A', null);
      await expect(put('B', null)).rejects.toMatchObject(refused);
      await expect(put('B', null)).rejects.toThrow(String(first.version));
      await expect(put('B', 0)).rejects.toMatchObject(refused);
      await expect(put('B', first.version + 1)).rejects.toMatchObject(refused);
      expect(await store.policy(tenant, 'u', 'default')).toEqual(first);
      const second = await put('B', first.version);
      expect(second.version).toBeGreaterThan(first.version);
      await expect(put('C', first.version)).rejects.toThrow(String(second.version));
      const third = await put('C', undefined);
      expect(third.version).toBeGreaterThan(second.version);
      expect(await store.policy(tenant, 'u', 'default')).toEqual({ ...likes('C'), version: third.version });
      expect((await store.putPolicy(tenant, 'u', 'new', likes('D'), 0)).version).toBeGreaterThan(
        third.version,
      );
    });

    it('writes rules by the same conditions', async () => {
      const tenant = newTenant();
      await expect(store.putRules(tenant, rulesWith('1'), 5)).rejects.toMatchObject(refused);
      const first = await store.putRules(tenant, rulesWith('1'), null);
      await expect(store.putRules(tenant, rulesWith('2'), null)).rejects.toMatchObject(refused);
      const second = await store.putRules(tenant, rulesWith('2'), first.version);
      expect(second.version).toBeGreaterThan(first.version);
      await expect(store.putRules(tenant, rulesWith('3'), first.version)).rejects.toThrow(
        String(second.version),
      );
      expect(await store.rules(tenant)).toEqual(second);
    });

    it('lets one of many writers over the same version win', async () => {
      const tenant = newTenant();
      for (const expected of [
        null,
        (await store.putPolicy(tenant, 'other', 'default', likes('A'), null)).version,
      ]) {
        const user = expected === null ? 'u' : 'other';
        const writers = await Promise.allSettled(
          ['a', 'b', 'c', 'd'].map((genre) =>
            store.putPolicy(tenant, user, 'default', likes(genre), expected),
          ),
        );
        expect(writers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      }
    });

    it('deletes by the same conditions and says whether there was something', async () => {
      const tenant = newTenant();
      const remove = (expected: number | null | undefined) =>
        store.deletePolicy(tenant, 'u', 'default', expected);
      expect(await remove(undefined)).toBe(false);
      expect(await remove(null)).toBe(false);
      await expect(remove(3)).rejects.toMatchObject(refused);
      const { version } = await store.putPolicy(tenant, 'u', 'default', likes('A'), undefined);
      await store.putPolicy(tenant, 'u', 'kids', likes('B'), undefined);
      await expect(remove(null)).rejects.toMatchObject(refused);
      await expect(remove(version + 1)).rejects.toThrow(String(version));
      expect(await remove(version)).toBe(true);
      expect(await store.policy(tenant, 'u', 'default')).toBeNull();
      expect((await store.policy(tenant, 'u', 'kids'))?.preferences).toEqual(likes('B').preferences);
      await expect(remove(version)).rejects.toMatchObject(refused);
      expect(await remove(undefined)).toBe(false);
    });

    it('never gives a version twice, whatever was deleted or erased in between', async () => {
      const tenant = newTenant();
      const versions: number[] = [];
      const note = (version: number) => versions.push(version);
      for (let round = 0; round < 3; round++) {
        note((await store.putPolicy(tenant, 'u', 'default', likes('A'), undefined)).version);
        await store.deletePolicy(tenant, 'u', 'default', undefined);
        note((await store.putPolicy(tenant, 'u', 'default', likes('A'), undefined)).version);
        note((await store.putRules(tenant, rulesWith('1'), undefined)).version);
        await stores.events.append([{ tenant, events: [eventOf(`e${round}`)] }], 1);
        note((await store.head(tenant, 'u', 'default')).stateVersion);
        await stores.events.erase(tenant, 'u');
      }
      expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
      expect(versions[0]).toBeGreaterThan(0);
    });

    it('keeps contexts, users and tenants apart, also with unusual names', async () => {
      const [tenant, other] = [newTenant(), newTenant()];
      for (const id of unusualIds) {
        await store.putPolicy(tenant, id, 'default', likes(`of ${id}`), null);
        await store.putPolicy(tenant, 'everybody', id, likes(`in ${id}`), null);
      }
      for (const id of unusualIds) {
        expect((await store.policy(tenant, id, 'default'))?.preferences).toEqual(
          likes(`of ${id}`).preferences,
        );
        expect((await store.head(tenant, id, 'default')).policy.preferences).toEqual(
          likes(`of ${id}`).preferences,
        );
        expect((await store.head(tenant, 'everybody', id)).contextPolicy?.preferences).toEqual(
          likes(`in ${id}`).preferences,
        );
        expect(await store.policy(other, id, 'default')).toBeNull();
      }
      const all = await store.policies(tenant, 'everybody');
      expect([...all.keys()].sort()).toEqual([...unusualIds].sort());
      expect(all.get('\ufeff')?.preferences).toEqual(likes('in \ufeff').preferences);
      expect(await store.policies(other, 'everybody')).toEqual(new Map());
    });

    it('gives both policies of a head, and none twice', async () => {
      const tenant = newTenant();
      const own = await store.putPolicy(tenant, 'u', 'default', likes('A'), null);
      expect(await store.head(tenant, 'u', 'kids')).toMatchObject({
        policy: own,
        contextPolicy: emptyPolicy,
      });
      const kids = await store.putPolicy(tenant, 'u', 'kids', whole, null);
      expect(await store.head(tenant, 'u', 'kids')).toMatchObject({ policy: own, contextPolicy: kids });
      expect(await store.head(tenant, 'u', 'default')).toMatchObject({ policy: own, contextPolicy: null });
    });
  });
}
