import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UserEvent } from '../../src/domain/user-event.ts';
import { learnFrom, mergeStates } from '../../src/domain/user-learning.ts';
import { learnedPreferences, tasteVector } from '../../src/domain/user-signals.ts';
import { emptyUserState, type UserState } from '../../src/domain/user-state.ts';
import {
  expectSameState,
  lookupTestDocument,
  testSpace,
  userEventsArbitrary,
} from '../support/user-states.ts';

const learn = (events: readonly UserEvent[]): UserState => learnFrom(events, lookupTestDocument, testSpace);

/** Events, the same in another order, and where to cut that order into batches. */
const shuffled = userEventsArbitrary.chain((events) =>
  fc.record({
    events: fc.constant(events),
    moved: fc.shuffledSubarray(events, { minLength: events.length }),
    cuts: fc.array(fc.nat(events.length), { maxLength: 6 }),
  }),
);

function batches(events: readonly UserEvent[], cuts: readonly number[]): UserEvent[][] {
  const ends = [...cuts, events.length].sort((a, b) => a - b);
  return ends.map((end, i) => events.slice(ends[i - 1] ?? 0, end));
}

describe('learning', () => {
  it('comes to the same state in any order and any batches', () => {
    fc.assert(
      fc.property(shuffled, ({ events, moved, cuts }) => {
        const whole = learn(events);
        const states = batches(moved, cuts).map(learn);
        expectSameState(states.reduce(mergeStates, emptyUserState), whole);
        // Bracketed the other way.
        expectSameState(
          states.reduceRight((sum, state) => mergeStates(state, sum), emptyUserState),
          whole,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('merges two states alike from both sides', () => {
    fc.assert(
      fc.property(userEventsArbitrary, userEventsArbitrary, (first, second) => {
        const [a, b] = [learn(first), learn(second)];
        expectSameState(mergeStates(a, b), mergeStates(b, a));
      }),
    );
  });

  it('never moves the taste by what is not positive', () => {
    fc.assert(
      fc.property(userEventsArbitrary, (events) => {
        const negative = new Set(['dislike', 'hide', 'skip', 'impression']);
        const positive = events.filter(
          ({ type, value }) => !negative.has(type) && (type !== 'rate' || value! > 3),
        );
        expect(learn(events).taste).toEqual(learn(positive).taste);
      }),
    );
  });

  it('reads within bounds: a unit taste, preferences in -1..1 for every rate', () => {
    fc.assert(
      fc.property(userEventsArbitrary, fc.double({ min: 0, max: 1, noNaN: true }), (events, rate) => {
        const state = learn(events);
        const taste = tasteVector(state, testSpace);
        if (taste !== null) expect(Math.hypot(...taste)).toBeCloseTo(1, 6);
        for (const values of Object.values(learnedPreferences(state, rate)))
          for (const preference of Object.values(values)) {
            expect(preference).toBeGreaterThanOrEqual(-1);
            expect(preference).toBeLessThanOrEqual(1);
          }
      }),
    );
  });
});
