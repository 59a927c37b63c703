import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyUserState } from '../../src/domain/user-state.ts';
import { limits } from '../../src/limits.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { eventEpochMs, eventOf } from '../support/user-states.ts';
import { unusualIds } from './document-store-subject.ts';
import { eventApplyTests } from './event-log-apply.ts';
import type { UserStores } from './policy-store.contract.ts';

/** The log under test, with tenants that nobody used. */
export class EventLogUnderTest {
  stores!: UserStores;
  #tenants = 0;

  get log(): EventLog {
    return this.stores.events;
  }

  newTenant(): string {
    return `event tenant ${this.#tenants++}`;
  }

  /** Users of one tenant with the ids of their pending events. */
  async pending(tenant: string): Promise<[string, string[]][]> {
    const pending = await this.log.pending(1_000);
    return pending
      .filter((one) => one.tenant === tenant)
      .map(({ user, events }) => [user, events.map(({ eventId }) => eventId)]);
  }

  /** Applies all that is pending anywhere, as nothing. */
  async drain(): Promise<void> {
    for (const { tenant, user, events } of await this.log.pending(10_000))
      await this.log.apply(
        tenant,
        user,
        events.map(({ eventId }) => eventId),
        emptyUserState,
      );
  }

  async stateVersion(tenant: string, user: string): Promise<number> {
    return (await this.stores.policies.head(tenant, user, 'default')).stateVersion;
  }
}

/** What every EventLog must do, sentence by sentence of the port. */
export function eventLogContract(name: string, open: () => Promise<UserStores>): void {
  describe(`EventLog: ${name}`, () => {
    const tested = new EventLogUnderTest();
    beforeAll(async () => {
      tested.stores = await open();
    }, 120_000);
    afterAll(() => tested.stores.close());

    appendTests(tested);
    orderTests(tested);
    eraseTests(tested);
    eventApplyTests(tested);
  });
}

function appendTests(tested: EventLogUnderTest): void {
  describe('append', () => {
    it('keeps events as they are', async () => {
      const tenant = tested.newTenant();
      const events = [
        eventOf('1', {
          type: 'rate',
          value: 4.5,
          context: 'kids',
          requestId: 'r-1',
          atMs: eventEpochMs - 0.5,
        }),
        eventOf('2', { document: `d'"\\{}\ufeff`, context: '', requestId: '', atMs: -1 }),
        eventOf('3', { type: 'impression', atMs: 0 }),
      ];
      expect(await tested.log.append([{ tenant, events }], 17.5)).toEqual([{ accepted: 3, duplicates: 0 }]);
      expect(await tested.log.events(tenant, 'u', null, 10)).toEqual(
        events.map((event) => ({ ...event, tenant, receivedAtMs: 17.5 })),
      );
    });

    it('counts an id once in a call, over calls, and over the batches of a call; the first one is kept', async () => {
      const tenant = tested.newTenant();
      const of = (...ids: string[]) => ids.map((id, i) => eventOf(id, { document: `${id}${i}` }));
      expect(await tested.log.append([{ tenant, events: of('a', 'b', 'a') }], 1)).toEqual([
        { accepted: 2, duplicates: 1 },
      ]);
      const batches = [of('b', 'c'), of('c', 'd', 'a'), []].map((events) => ({ tenant, events }));
      expect(await tested.log.append(batches, 2)).toEqual([
        { accepted: 1, duplicates: 1 },
        { accepted: 1, duplicates: 2 },
        { accepted: 0, duplicates: 0 },
      ]);
      const kept = await tested.log.events(tenant, 'u', null, 10);
      expect(kept.map(({ document, receivedAtMs }) => `${document}@${receivedAtMs}`)).toEqual([
        'a0@1',
        'b1@1',
        'c1@2',
        'd1@2',
      ]);
      expect(await tested.log.append([], 3)).toEqual([]);
    });

    it('counts ids within a tenant, whoever the user is', async () => {
      const [tenant, other] = [tested.newTenant(), tested.newTenant()];
      const batch = (of: string, user: string) => ({ tenant: of, events: [eventOf('same', { user })] });
      expect(await tested.log.append([batch(tenant, 'u'), batch(other, 'u'), batch(tenant, 'v')], 1)).toEqual(
        [
          { accepted: 1, duplicates: 0 },
          { accepted: 1, duplicates: 0 },
          { accepted: 0, duplicates: 1 },
        ],
      );
      expect(await tested.log.events(tenant, 'v', null, 10)).toEqual([]);
      expect(await tested.log.events(other, 'u', null, 10)).toHaveLength(1);
    });

    it('moves the state version of users with new events, and of nobody else', async () => {
      const tenant = tested.newTenant();
      const versions = () => Promise.all(['u', 'v', 'w'].map((user) => tested.stateVersion(tenant, user)));
      await tested.log.append([{ tenant, events: [eventOf('1'), eventOf('2', { user: 'v' })] }], 1);
      const first = await versions();
      expect(first[0]).toBeGreaterThan(0);
      expect(first[1]).toBeGreaterThan(0);
      expect(first[2]).toBe(0);
      await tested.log.append([{ tenant, events: [eventOf('1'), eventOf('3', { user: 'v' })] }], 1);
      const second = await versions();
      expect(second[0]).toBe(first[0]);
      expect(second[1]).toBeGreaterThan(first[1]!);
      expect(await tested.stateVersion(tested.newTenant(), 'u')).toBe(0);
    });

    it('keeps nothing of a call that fails, and says that the values were wrong', async () => {
      const tenant = tested.newTenant();
      if (!tested.stores.checksText) return;
      for (const bad of [{ document: 'a\0b' }, { user: '\ud800' }])
        await expect(
          tested.log.append([{ tenant, events: [eventOf('good'), eventOf('bad', bad)] }], 1),
        ).rejects.toMatchObject({ code: 'invalid_request' });
      expect(await tested.log.events(tenant, 'u', null, 10)).toEqual([]);
      expect(await tested.stateVersion(tenant, 'u')).toBe(0);
    });

    it('takes the same events from many callers at once', async () => {
      const tenant = tested.newTenant();
      const events = Array.from({ length: 20 }, (_, i) => eventOf(`e${i}`, { user: `u${i % 3}` }));
      const acks = await Promise.all(
        Array.from({ length: 6 }, () => tested.log.append([{ tenant, events }], 1)),
      );
      const accepted = acks.flat().reduce((sum, ack) => sum + ack.accepted, 0);
      expect(accepted).toBe(20);
      const users = await Promise.all(['u0', 'u1', 'u2'].map((u) => tested.log.events(tenant, u, null, 50)));
      expect(users.map(({ length }) => length)).toEqual([7, 7, 6]);
    });

    it('takes unusual ids', async () => {
      const tenant = tested.newTenant();
      const events = unusualIds.map((id) =>
        eventOf(id, { user: id, document: id, requestId: id, context: id }),
      );
      expect(await tested.log.append([{ tenant, events }], 1)).toEqual([
        { accepted: unusualIds.length, duplicates: 0 },
      ]);
      for (const event of events)
        expect(await tested.log.events(tenant, event.user, null, 2)).toEqual([
          { ...event, tenant, receivedAtMs: 1 },
        ]);
      expect(await tested.pending(tenant)).toEqual(unusualIds.map((id) => [id, [id]]));
    });
  });
}

function orderTests(tested: EventLogUnderTest): void {
  describe('order', () => {
    it('of the events of a user is that of their arrival, in pages', async () => {
      const tenant = tested.newTenant();
      const ids = Array.from({ length: 25 }, (_, i) => `e${(i * 7) % 25}`);
      for (const id of ids)
        await tested.log.append(
          [
            {
              tenant,
              events: [eventOf(id, { atMs: -Number(id.slice(1)) }), eventOf(`other ${id}`, { user: 'v' })],
            },
          ],
          1,
        );
      const seen: string[] = [];
      for (;;) {
        const page = await tested.log.events(tenant, 'u', seen.at(-1) ?? null, 4);
        expect(page.length).toBeLessThanOrEqual(4);
        if (page.length === 0) break;
        seen.push(...page.map(({ eventId }) => eventId));
      }
      expect(seen).toEqual(ids);
      expect(await tested.log.events(tenant, 'u', 'other e0', 4)).toEqual([]);
      expect(await tested.log.events(tenant, 'u', 'unknown', 4)).toEqual([]);
      expect((await tested.log.events(tenant, 'u', null, 1_000_000)).length).toBe(25);
    });

    it('of pending users is that of who waits longest, of their events that of their arrival', async () => {
      const tenant = tested.newTenant();
      const user = (name: string, ...ids: string[]) => ids.map((id) => eventOf(id, { user: name }));
      await tested.log.append([{ tenant, events: [...user('b', '9', '1'), ...user('a', '8')] }], 1);
      await tested.log.append([{ tenant, events: [...user('c', '2'), ...user('b', '3')] }], 1);
      expect(await tested.pending(tenant)).toEqual([
        ['b', ['9', '1', '3']],
        ['a', ['8']],
        ['c', ['2']],
      ]);
      await tested.log.apply(tenant, 'b', ['9', '1'], emptyUserState);
      expect(await tested.pending(tenant)).toEqual([
        ['a', ['8']],
        ['c', ['2']],
        ['b', ['3']],
      ]);
    });

    it('ends after as many events as asked for, and passes over tenants and users', async () => {
      await tested.drain();
      expect(await tested.log.pending(5)).toEqual([]);
      const [tenant, other] = [tested.newTenant(), tested.newTenant()];
      const events = (user: string) => ['1', '2', '3'].map((id) => eventOf(`${user}${id}`, { user }));
      await tested.log.append([{ tenant, events: events('a') }], 1);
      await tested.log.append([{ tenant: other, events: events('b') }], 1);
      const shape = (pending: Awaited<ReturnType<EventLog['pending']>>) =>
        pending.map((one) => [one.tenant, one.user, one.events.length]);
      expect(shape(await tested.log.pending(5))).toEqual([
        [tenant, 'a', 3],
        [other, 'b', 2],
      ]);
      const except = (tenants: string[], users: { tenant: string; user: string }[] = []) =>
        tested.log.pending(5, { tenants, users });
      expect(shape(await except([tenant]))).toEqual([[other, 'b', 3]]);
      expect(await except([other, tenant])).toEqual([]);
      const [a, b] = [
        { tenant, user: 'a' },
        { tenant: other, user: 'b' },
      ];
      expect(shape(await except([], [a]))).toEqual([[other, 'b', 3]]);
      expect(shape(await except([tenant], [b]))).toEqual([]);
      expect(await except([], [a, b])).toEqual([]);
      // Both names count.
      expect(
        shape(
          await except(
            [],
            [
              { tenant, user: 'b' },
              { tenant: other, user: 'a' },
            ],
          ),
        ),
      ).toHaveLength(2);
      const [first] = await tested.log.pending(1);
      expect(first).toEqual({
        tenant,
        user: 'a',
        events: [{ ...eventOf('a1', { user: 'a' }), tenant, receivedAtMs: 1 }],
      });
    });

    it('of a page is never longer than an export page', async () => {
      const tenant = tested.newTenant();
      const events = Array.from({ length: limits.exportPageEvents + 3 }, (_, i) => eventOf(`e${i}`));
      await tested.log.append([{ tenant, events }], 1);
      expect(await tested.log.events(tenant, 'u', null, 1e9)).toHaveLength(limits.exportPageEvents);
      expect(await tested.log.events(tenant, 'u', `e${limits.exportPageEvents - 1}`, 1e9)).toHaveLength(3);
      await tested.drain();
    });
  });
}

function eraseTests(tested: EventLogUnderTest): void {
  describe('erase', () => {
    it('leaves nothing of the user, and everything of others', async () => {
      const [tenant, other] = [tested.newTenant(), tested.newTenant()];
      const { policies } = tested.stores;
      const policy = { preferences: {}, constraints: [], learningRate: 1, explorationRate: null };
      const learned = { ...emptyUserState, newestMs: 5 };
      for (const [of, user] of [
        [tenant, 'u'],
        [tenant, 'v'],
        [other, 'u'],
      ] as const) {
        await policies.putPolicy(of, user, 'default', policy, null);
        await tested.log.append([{ tenant: of, events: [eventOf(`1${user}`, { user })] }], 1);
        await tested.log.apply(of, user, [`1${user}`], learned);
        await tested.log.append([{ tenant: of, events: [eventOf(`2${user}`, { user })] }], 1);
      }
      expect(await tested.log.erase(tenant, 'u')).toBe(true);
      expect(await tested.log.erase(tenant, 'u')).toBe(false);
      expect(await policies.head(tenant, 'u', 'default')).toMatchObject({
        policy: { version: 0 },
        stateVersion: 0,
        pendingEvents: 0,
        pending: [],
        state: emptyUserState,
      });
      expect(await tested.log.events(tenant, 'u', null, 10)).toEqual([]);
      expect(await policies.policies(tenant, 'u')).toEqual(new Map());
      expect(await tested.pending(tenant)).toEqual([['v', ['2v']]]);
      for (const [of, user] of [
        [tenant, 'v'],
        [other, 'u'],
      ] as const) {
        expect(await tested.log.state(of, user)).toEqual(learned);
        expect(await tested.log.events(of, user, null, 10)).toHaveLength(2);
        expect(await policies.policy(of, user, 'default')).not.toBeNull();
      }
      await tested.drain();
    });

    it('says whether there was anything, be it a policy alone', async () => {
      const tenant = tested.newTenant();
      const policy = { preferences: {}, constraints: [], learningRate: 1, explorationRate: null };
      expect(await tested.log.erase(tenant, 'u')).toBe(false);
      await tested.stores.policies.putPolicy(tenant, 'u', 'kids', policy, null);
      expect(await tested.log.erase(tenant, 'u')).toBe(true);
    });

    it('makes room for the same events again', async () => {
      const tenant = tested.newTenant();
      const append = () => tested.log.append([{ tenant, events: [eventOf('1')] }], 1);
      await append();
      const before = await tested.stateVersion(tenant, 'u');
      await tested.log.erase(tenant, 'u');
      expect(await append()).toEqual([{ accepted: 1, duplicates: 0 }]);
      expect(await tested.stateVersion(tenant, 'u')).toBeGreaterThan(before);
    });
  });
}
