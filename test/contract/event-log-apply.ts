import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UserEvent } from '../../src/domain/user-event.ts';
import { learnFrom, mergeStates } from '../../src/domain/user-learning.ts';
import { emptyUserState, type UserDocument, type UserState } from '../../src/domain/user-state.ts';
import { limits } from '../../src/limits.ts';
import type { EventDelta } from '../../src/ports/event-log.ts';
import {
  eventEpochMs,
  eventOf,
  expectSameState,
  lookupTestDocument,
  testSpace,
  userEventsArbitrary,
} from '../support/user-states.ts';
import { unusualIds } from './document-store-subject.ts';
import type { EventLogUnderTest } from './event-log.contract.ts';

const learn = (events: readonly UserEvent[]): UserState => learnFrom(events, lookupTestDocument, testSpace);
const idsOf = (events: readonly UserEvent[]): string[] => events.map(({ eventId }) => eventId);

/** Events, and how many of them each step appends or applies. */
const histories = fc.record({
  events: userEventsArbitrary,
  steps: fc.array(fc.record({ append: fc.nat(6), apply: fc.nat(6) }), { maxLength: 6 }),
});

export function eventApplyTests(tested: EventLogUnderTest): void {
  describe('apply', () => {
    it('adds up to what all applied events amount to, and counts what is left', async () => {
      await fc.assert(
        fc.asyncProperty(histories, async ({ events, steps }) => {
          const tenant = tested.newTenant();
          const applied: UserEvent[] = [];
          const waiting: UserEvent[] = [];
          let at = 0;
          for (const step of [...steps, { append: events.length, apply: events.length }]) {
            const arriving = events.slice(at, at + step.append);
            at += arriving.length;
            await tested.log.append([{ tenant, events: arriving }], 1);
            waiting.push(...arriving);
            const next = waiting.splice(0, step.apply);
            applied.push(...next);
            expect(await tested.log.apply(tenant, 'u', idsOf(next), learn(next))).toBe(true);
            const head = await tested.stores.policies.head(tenant, 'u', 'default');
            expect(head.pendingEvents).toBe(waiting.length);
            expect(head.pending).toEqual(
              waiting.map(({ document, type, value, atMs }) => ({ document, type, value, atMs })),
            );
            expectSameState(head.state, learn(applied));
            expectSameState(await tested.log.state(tenant, 'u'), learn(applied));
          }
          expect(await tested.pending(tenant)).toEqual([]);
        }),
        { numRuns: 40 },
      );
    });

    it('applies each event once, whoever tries at the same time', async () => {
      const tenant = tested.newTenant();
      const events = Array.from({ length: 12 }, (_, i) => eventOf(`e${i}`, { document: 'abcd'[i % 4]! }));
      await tested.log.append([{ tenant, events }], 1);
      const [first, second, third] = [events.slice(0, 6), events.slice(6), events.slice(3, 9)];
      const outcomes = await Promise.all(
        [first, second, third, first, third, second].map(async (part) =>
          (await tested.log.apply(tenant, 'u', idsOf(part), learn(part))) ? part : [],
        ),
      );
      const applied = outcomes.flat();
      expect(new Set(idsOf(applied)).size).toBe(applied.length);
      expectSameState(await tested.log.state(tenant, 'u'), learn(applied));
      const head = await tested.stores.policies.head(tenant, 'u', 'default');
      expect(head.pendingEvents).toBe(12 - applied.length);
    });

    it('changes nothing where one of the events is applied, unknown or of somebody else', async () => {
      const [tenant, other] = [tested.newTenant(), tested.newTenant()];
      const events = [eventOf('1'), eventOf('2'), eventOf('3', { user: 'v' })];
      await tested.log.append([{ tenant, events }], 1);
      await tested.log.append([{ tenant: other, events: [eventOf('4')] }], 1);
      expect(await tested.log.apply(tenant, 'u', ['1'], learn([events[0]!]))).toBe(true);
      const version = await tested.stateVersion(tenant, 'u');
      for (const ids of [
        ['1', '2'],
        ['2', 'unknown'],
        ['2', '3'],
        ['2', '4'],
        ['2', '1'],
      ])
        expect(await tested.log.apply(tenant, 'u', ids, learn(events))).toBe(false);
      expect(await tested.log.apply(tenant, 'nobody', ['2'], learn(events))).toBe(false);
      expectSameState(await tested.log.state(tenant, 'u'), learn([events[0]!]));
      expect(await tested.log.state(tenant, 'nobody')).toEqual(emptyUserState);
      expect(await tested.pending(tenant)).toEqual([
        ['u', ['2']],
        ['v', ['3']],
      ]);
      expect(await tested.stateVersion(tenant, 'u')).toBe(version);
    });

    it('changes nothing after the user was erased', async () => {
      const tenant = tested.newTenant();
      for (let i = 0; i < 10; i++) {
        const event = eventOf(`e${i}`);
        await tested.log.append([{ tenant, events: [event] }], 1);
        const [, applied] = await Promise.all([
          tested.log.erase(tenant, 'u'),
          tested.log.apply(tenant, 'u', [event.eventId], learn([event])),
        ]);
        // Either the event was applied and erased with everything else, or it was not there any more.
        expect([true, false]).toContain(applied);
        expect(await tested.log.apply(tenant, 'u', [event.eventId], learn([event]))).toBe(false);
        expect(await tested.log.state(tenant, 'u')).toEqual(emptyUserState);
        expect(await tested.log.events(tenant, 'u', null, 5)).toEqual([]);
      }
    });

    it('keeps users and tenants apart, also with unusual names', async () => {
      const tenant = tested.newTenant();
      const delta: UserState = {
        newestMs: eventEpochMs,
        taste: { space: 'a "space"', sum: Float64Array.of(0.1, -1e-300, 5e-150, 0), refMs: 1.5 },
        learned: new Map([
          [
            'genres',
            new Map(unusualIds.map((id, i) => [id, { rewards: -0.1 * i, evidence: i + 1, refMs: i }])),
          ],
        ]),
        documents: new Map(
          unusualIds.map((id, i): [string, UserDocument] => [
            id,
            { seen: i % 2 === 0, hidden: i % 3 === 0, affinity: { sum: i + 1, refMs: 1 - i } },
          ]),
        ),
      };
      const events = unusualIds.map((id) => eventOf(id, { user: id }));
      await tested.log.append([{ tenant, events }], 1);
      for (const id of unusualIds.slice(1))
        expect(await tested.log.apply(tenant, id, [id], delta)).toBe(true);
      for (const id of unusualIds.slice(1)) expectSameState(await tested.log.state(tenant, id), delta);
      expect(await tested.log.state(tenant, unusualIds[0]!)).toEqual(emptyUserState);
      expect(await tested.log.state(tested.newTenant(), unusualIds[1]!)).toEqual(emptyUserState);
    });

    it('lets the later embedding space have the taste', async () => {
      const tenant = tested.newTenant();
      const events = [eventOf('1'), eventOf('2'), eventOf('3', { type: 'dislike' })];
      const deltas = [
        learn([events[0]!]),
        learnFrom([events[1]!], lookupTestDocument, 'other'),
        learn([events[2]!]),
      ];
      await tested.log.append([{ tenant, events }], 1);
      for (const [i, delta] of deltas.entries())
        await tested.log.apply(tenant, 'u', [events[i]!.eventId], delta);
      const state = await tested.log.state(tenant, 'u');
      expect(state.taste?.space).toBe('other');
      expectSameState(state, deltas.reduce(mergeStates));
    });

    it('survives amounts at the ends of their range', async () => {
      const tenant = tested.newTenant();
      const events = Array.from({ length: 6 }, (_, i) => eventOf(`e${i}`));
      await tested.log.append([{ tenant, events }], 1);
      const years = 31_557_600_000;
      const states = events.map((_, i): UserState => {
        const refMs = i * 40 * years * (i % 2 === 0 ? 1 : -1);
        return {
          newestMs: refMs,
          taste: { space: testSpace, sum: Float64Array.of(10 ** (-60 * i), 1, 1e-299, 0), refMs },
          learned: new Map([['tags', new Map([['x', { rewards: 1e-190, evidence: 1, refMs }]])]]),
          documents: new Map([['a', { seen: true, hidden: false, affinity: { sum: 1e-180, refMs } }]]),
        };
      });
      for (const [i, state] of states.entries())
        expect(await tested.log.apply(tenant, 'u', [`e${i}`], state)).toBe(true);
      expectSameState(await tested.log.state(tenant, 'u'), states.reduce(mergeStates));
    });

    it('reads hidden documents first, then those met last, within the bound', async () => {
      const tenant = tested.newTenant();
      const events = ['1', '2', '3', '4'].map((id) => eventOf(id));
      await tested.log.append([{ tenant, events }], 1);
      const of = (ids: readonly string[], hidden: boolean): UserState => ({
        ...emptyUserState,
        documents: new Map(ids.map((id) => [id, { seen: true, hidden, affinity: null }])),
      });
      const many = Array.from({ length: limits.userDocumentsMax - 3 }, (_, i) => `d${i}`);
      await tested.log.apply(tenant, 'u', ['1'], of(['hidden'], true));
      await tested.log.apply(tenant, 'u', ['2'], of(['old', 'again'], false));
      await tested.log.apply(tenant, 'u', ['3'], of(many, false));
      await tested.log.apply(tenant, 'u', ['4'], of(['new', 'again'], false));
      const { documents } = await tested.log.state(tenant, 'u');
      expect(documents.size).toBe(limits.userDocumentsMax);
      for (const id of ['hidden', 'again', 'new', ...many]) expect(documents.has(id)).toBe(true);
      expect(documents.has('old')).toBe(false);
    });
  });

  applyAllTests(tested);
}

function applyAllTests(tested: EventLogUnderTest): void {
  describe('applyAll', () => {
    const deltaOf = (tenant: string, events: readonly UserEvent[]): EventDelta => ({
      tenant,
      user: events[0]!.user,
      eventIds: idsOf(events),
      delta: learn(events),
    });

    it('does for all users what apply does for each', async () => {
      await fc.assert(
        fc.asyncProperty(userEventsArbitrary, fc.nat(3), async (made, others) => {
          const tenants = [tested.newTenant(), tested.newTenant()];
          const users = Array.from({ length: others + 1 }, (_, i) => `u${i}`);
          const events = made.map((event, i) => ({ ...event, user: users[i % users.length]! }));
          await tested.log.append(
            tenants.map((tenant) => ({ tenant, events })),
            1,
          );
          const of = (user: string) => events.filter((event) => event.user === user);
          const [first, second] = [0, 1].map((half) =>
            tenants.flatMap((tenant) =>
              users.flatMap((user) => {
                const part = of(user).filter((_, i) => i % 2 === half);
                return part.length === 0 ? [] : [deltaOf(tenant, part)];
              }),
            ),
          );
          for (const deltas of [first!, [...second!].reverse()])
            expect(await tested.log.applyAll(deltas)).toBe(true);
          for (const tenant of tenants)
            for (const user of users) {
              const head = await tested.stores.policies.head(tenant, user, 'default');
              expect(head.pendingEvents).toBe(0);
              expectSameState(head.state, learn(of(user)));
            }
        }),
        { numRuns: 20 },
      );
      expect(await tested.log.applyAll([])).toBe(true);
    });

    it('changes nothing of anybody where one cannot be applied', async () => {
      const tenant = tested.newTenant();
      const [u, v] = [eventOf('1'), eventOf('2', { user: 'v' })];
      await tested.log.append([{ tenant, events: [u, v, eventOf('3')] }], 1);
      expect(await tested.log.apply(tenant, 'u', ['3'], learn([eventOf('3')]))).toBe(true);
      const before = await tested.log.state(tenant, 'u');
      for (const bad of [
        { ...deltaOf(tenant, [u]), eventIds: ['1', '3'] },
        { ...deltaOf(tenant, [u]), eventIds: ['1', 'unknown'] },
        { ...deltaOf(tenant, [u]), user: 'nobody' },
      ]) {
        expect(await tested.log.applyAll([deltaOf(tenant, [v]), bad])).toBe(false);
        expect(await tested.log.applyAll([bad, deltaOf(tenant, [v])])).toBe(false);
      }
      expect(await tested.log.state(tenant, 'v')).toEqual(emptyUserState);
      expectSameState(await tested.log.state(tenant, 'u'), before);
      expect(await tested.pending(tenant)).toEqual([
        ['u', ['1']],
        ['v', ['2']],
      ]);
      expect(await tested.log.applyAll([deltaOf(tenant, [v]), deltaOf(tenant, [u])])).toBe(true);
      expect(await tested.log.applyAll([deltaOf(tenant, [v]), deltaOf(tenant, [u])])).toBe(false);
    });

    it('applies each event once, whoever tries at the same time and in whatever order', async () => {
      const tenant = tested.newTenant();
      const users = Array.from({ length: 8 }, (_, i) => `u${i}`);
      const events = users.map((user) => eventOf(`of ${user}`, { user }));
      await tested.log.append([{ tenant, events }], 1);
      const deltas = events.map((event) => deltaOf(tenant, [event]));
      const outcomes = await Promise.all([
        tested.log.applyAll(deltas),
        tested.log.applyAll([...deltas].reverse()),
        tested.log.applyAll(deltas.slice(2, 5)),
        tested.log.apply(tenant, 'u3', deltas[3]!.eventIds, deltas[3]!.delta),
      ]);
      for (const delta of deltas) if (!outcomes[0] && !outcomes[1]) await tested.log.applyAll([delta]);
      for (const [i, user] of users.entries())
        expectSameState(await tested.log.state(tenant, user), learn([events[i]!]));
    });
  });
}
