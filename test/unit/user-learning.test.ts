import { describe, expect, it } from 'vitest';
import type { UserEvent } from '../../src/domain/user-event.ts';
import { learnFrom, mergeStates, spaceKey } from '../../src/domain/user-learning.ts';
import {
  affinitySeeds,
  hiddenIds,
  learnedPreferences,
  seenIds,
  tasteVector,
} from '../../src/domain/user-signals.ts';
import { emptyUserState, type LearnedValue, type UserState } from '../../src/domain/user-state.ts';
import { limits } from '../../src/limits.ts';
import { eventEpochMs, eventOf, lookupTestDocument, testSpace } from '../support/user-states.ts';

const learn = (...events: UserEvent[]): UserState => learnFrom(events, lookupTestDocument, testSpace);
const daysAgo = (days: number) => eventEpochMs - days * 86_400_000;
/** a is (1, 0, 0, 0) with Drama, war and robot; b is (.6, .8, 0, 0) with Drama and Comedy. */
const example = () =>
  learn(
    eventOf('1', { document: 'a', type: 'like', atMs: daysAgo(90) }),
    eventOf('2', { document: 'b', type: 'complete' }),
    eventOf('3', { document: 'a', type: 'rate', value: 2, atMs: daysAgo(180) }),
    eventOf('4', { document: 'b', type: 'impression', atMs: daysAgo(-1) }),
  );

describe('what events amount to', () => {
  it('is as computed by hand', () => {
    const state = example();
    expect(state.newestMs).toBe(eventEpochMs);
    expect(state.taste?.refMs).toBe(eventEpochMs);
    // 1 * 1/2 * a + .6 * b
    const taste = [0.5 + 0.6 * Math.fround(0.6), 0.6 * Math.fround(0.8), 0, 0];
    for (const [i, component] of taste.entries()) expect(state.taste!.sum[i]).toBeCloseTo(component, 12);
    const drama = state.learned.get('genres')!.get('Drama')!;
    // like 1/2, complete .6, rate 2 is -1/2 * 1/4
    expect(drama.rewards).toBeCloseTo(0.5 + 0.6 - 0.125, 12);
    expect(drama.evidence).toBeCloseTo(0.5 + 0.6 + 0.125, 12);
    expect(drama.refMs).toBe(eventEpochMs);
    // Comedy has b's event alone, war a's two, as they stood at the newer of them.
    expect(state.learned.get('genres')!.get('Comedy')).toEqual({
      rewards: 0.6,
      evidence: 0.6,
      refMs: eventEpochMs,
    });
    expect(state.learned.get('tags')!.get('war')).toEqual({
      rewards: 1 - 0.25,
      evidence: 1.25,
      refMs: daysAgo(90),
    });
    expect(state.documents).toEqual(
      new Map([
        ['a', { seen: true, hidden: false, affinity: { sum: 1, refMs: daysAgo(90) } }],
        ['b', { seen: true, hidden: false, affinity: { sum: 0.6, refMs: eventEpochMs } }],
      ]),
    );
  });

  it('of an unknown document is that it was seen or hidden', () => {
    const state = learn(
      eventOf('1', { document: 'gone', type: 'like' }),
      eventOf('2', { document: 'away', type: 'hide', atMs: daysAgo(1) }),
      eventOf('3', { document: 'lost', type: 'click', atMs: daysAgo(1) }),
    );
    expect(state).toEqual({
      newestMs: eventEpochMs,
      taste: null,
      learned: new Map(),
      documents: new Map([
        ['gone', { seen: true, hidden: false, affinity: null }],
        ['away', { seen: false, hidden: true, affinity: null }],
      ]),
    });
  });

  it('is nothing for no events', () => {
    expect(learn()).toEqual(emptyUserState);
  });

  it('in two embedding spaces keeps the taste of the later one', () => {
    const [old, young] = [learn(eventOf('1')), learnFrom([eventOf('2')], lookupTestDocument, 'other')];
    expect(mergeStates(old, young).taste?.space).toBe('other');
    expect(mergeStates(young, old).taste?.space).toBe(testSpace);
    expect(mergeStates(young, emptyUserState).taste?.space).toBe('other');
    expect(spaceKey({ model: 'test', dimension: 4 })).toBe(testSpace);
  });
});

describe('the taste', () => {
  it('is the direction of the sum', () => {
    const length = Math.hypot(0.5 + 0.36, 0.48);
    const taste = tasteVector(example(), testSpace)!;
    expect(taste).toBeInstanceOf(Float32Array);
    expect(taste[0]).toBeCloseTo(0.86 / length, 6);
    expect(taste[1]).toBeCloseTo(0.48 / length, 6);
  });

  it('is none before a positive event, in another space, and where likings cancel out', () => {
    expect(tasteVector(emptyUserState, testSpace)).toBeNull();
    expect(tasteVector(learn(eventOf('1', { type: 'dislike' })), testSpace)).toBeNull();
    expect(tasteVector(example(), 'other')).toBeNull();
    const opposite = { refMs: 0, space: testSpace, sum: Float64Array.of(1e-17, 0, -1e-17, 0) };
    expect(tasteVector({ ...emptyUserState, taste: opposite }, testSpace)).toBeNull();
  });
});

describe('learned preferences', () => {
  const withValues = (values: [string, LearnedValue][]): UserState => ({
    ...emptyUserState,
    newestMs: eventEpochMs,
    learned: new Map([['tags', new Map(values)]]),
  });
  const value = (rewards: number, evidence: number, refMs = eventEpochMs): LearnedValue => ({
    rewards,
    evidence,
    refMs,
  });

  it('move by exactly the learning rate for one like', () => {
    for (const rate of [0.05, 0.1, 0.5, 1]) {
      const { genres } = learnedPreferences(learn(eventOf('1')), rate);
      expect(genres!.Drama).toBeCloseTo(rate, 12);
    }
    expect(learnedPreferences(learn(eventOf('1', { type: 'dislike' })), 0.1).tags!.war).toBeCloseTo(-0.1, 12);
    expect(learnedPreferences(learn(eventOf('1')), 0)).toEqual({});
  });

  it('are the mean reward, drawn to 0, as of the newest event', () => {
    const state = withValues([['x', value(2, 4, daysAgo(90))]]);
    expect(learnedPreferences(state, 0.2).tags!.x).toBeCloseTo(0.2 / (0.2 * 2 + 0.8), 12);
  });

  it('keep the strongest, then facet and value in the order of their bytes', () => {
    const many = Array.from({ length: limits.learnedPreferencesMax + 5 }, (_, i) => `v${i}`);
    const state = withValues([
      ...many.map((name): [string, LearnedValue] => [name, value(0.1, 1)]),
      ['\u{1f600}', value(-1, 1)],
      ['\ufffd', value(1, 1)],
      ['__proto__', value(3, 3)],
    ]);
    const { tags } = learnedPreferences(state, 0.5);
    expect(Object.keys(tags!)).toHaveLength(limits.learnedPreferencesMax);
    expect(Object.keys(tags!).slice(0, 3)).toEqual(['__proto__', '\ufffd', '\u{1f600}']);
    expect(Object.hasOwn(tags!, 'v0')).toBe(true);
    expect(Object.hasOwn(tags!, 'v999')).toBe(false);
  });

  it('are silent about what has decayed to nothing', () => {
    expect(learnedPreferences(withValues([['x', value(1, 1, daysAgo(90 * 400))]]), 1)).toEqual({});
  });
});

describe('documents of a user', () => {
  const state = learn(
    eventOf('1', { document: 'a', type: 'like', atMs: daysAgo(90) }),
    eventOf('2', { document: 'b', type: 'click' }),
    eventOf('3', { document: 'd', type: 'like' }),
    eventOf('4', { document: 'c', type: 'like', atMs: daysAgo(1) }),
    eventOf('5', { document: 'c', type: 'hide' }),
  );

  it('start the graph where they are liked and not hidden, strongest first', () => {
    const seeds = affinitySeeds(state, 10);
    expect(seeds.map(({ id }) => id)).toEqual(['d', 'a', 'b']);
    expect(seeds.map(({ weight }) => weight)).toEqual([1, 0.5, 0.2]);
    expect(affinitySeeds(state, 1)).toEqual([{ id: 'd', weight: 1 }]);
    expect(affinitySeeds(emptyUserState, 10)).toEqual([]);
  });

  it('start the graph in the order of their ids where they are liked alike', () => {
    const alike = learn(eventOf('1', { document: 'b' }), eventOf('2', { document: 'a' }));
    expect(affinitySeeds(alike, 2).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('are seen and hidden', () => {
    expect(seenIds(state).sort()).toEqual(['a', 'c', 'd']);
    expect(hiddenIds(state)).toEqual(['c']);
  });
});
