import fc from 'fast-check';
import { expect } from 'vitest';
import { eventTypes, type UserEvent } from '../../src/domain/user-event.ts';
import type { DocumentLookup, LearnableDocument } from '../../src/domain/user-learning.ts';
import type { UserState } from '../../src/domain/user-state.ts';

export const testSpace = '4:test';

/** The wall clock of the tests that make events. */
export const eventEpochMs = Date.parse('2026-03-01');

const documents: Readonly<Record<string, LearnableDocument>> = {
  a: { embedding: Float32Array.of(1, 0, 0, 0), facets: { genres: ['Drama'], tags: ['war', 'robot'] } },
  b: { embedding: Float32Array.of(0.6, 0.8, 0, 0), facets: { genres: ['Drama', 'Comedy'] } },
  c: { embedding: Float32Array.of(0, 0, 0.6, -0.8), facets: { tags: ['__proto__'], genres: [] } },
  d: { embedding: Float32Array.of(-0.5, 0.5, -0.5, 0.5), facets: { genres: ['Drama', "d'Or"] } },
};

/** Four documents; every other id is unknown. */
export const lookupTestDocument: DocumentLookup = (id) =>
  Object.hasOwn(documents, id) ? documents[id]! : null;

export function eventOf(eventId: string, changes: Partial<UserEvent> = {}): UserEvent {
  return {
    eventId,
    user: 'u',
    document: 'a',
    type: 'like',
    value: changes.type === 'rate' ? 4 : null,
    context: null,
    atMs: eventEpochMs,
    requestId: null,
    ...changes,
  };
}

const dayMs = 86_400_000;

/** What one user does: days and decades apart, with documents that are unknown among them. */
export const userEventsArbitrary: fc.Arbitrary<UserEvent[]> = fc
  .array(
    fc.record({
      document: fc.constantFrom('a', 'b', 'c', 'd', 'gone'),
      type: fc.constantFrom(...eventTypes),
      stars: fc.constantFrom(1, 2, 3, 4, 5),
      agoDays: fc.oneof(
        { weight: 5, arbitrary: fc.double({ min: 0, max: 400, noNaN: true }) },
        { weight: 1, arbitrary: fc.double({ min: 0, max: 60_000, noNaN: true }) },
      ),
    }),
    { maxLength: 30 },
  )
  .map((drafts) =>
    drafts.map(({ document, type, stars, agoDays }, i) =>
      eventOf(`e${i}`, {
        document,
        type,
        value: type === 'rate' ? stars : null,
        atMs: eventEpochMs - Math.round(agoDays * dayMs),
      }),
    ),
  );

/** Expects the same state up to 1e-9 of what went into each number. */
export function expectSameState(actual: UserState, expected: UserState): void {
  expect(actual.newestMs).toBe(expected.newestMs);
  expect(actual.taste === null).toBe(expected.taste === null);
  if (actual.taste !== null && expected.taste !== null) {
    expect(actual.taste.space).toBe(expected.taste.space);
    expect(actual.taste.refMs).toBe(expected.taste.refMs);
    expect(actual.taste.sum).toHaveLength(expected.taste.sum.length);
    const scale = Math.max(1, ...expected.taste.sum.map(Math.abs));
    for (const [i, component] of actual.taste.sum.entries())
      expectNear(component, expected.taste.sum[i]!, scale);
  }
  expectSameLearned(actual, expected);
  expect([...actual.documents.keys()].sort()).toEqual([...expected.documents.keys()].sort());
  for (const [id, { seen, hidden, affinity }] of actual.documents) {
    const other = expected.documents.get(id)!;
    expect({ id, seen, hidden, refMs: affinity?.refMs }).toEqual({
      id,
      seen: other.seen,
      hidden: other.hidden,
      refMs: other.affinity?.refMs,
    });
    expectNear(affinity?.sum ?? 0, other.affinity?.sum ?? 0, other.affinity?.sum ?? 0);
  }
}

function expectSameLearned(actual: UserState, expected: UserState): void {
  const names = ({ learned }: UserState) =>
    [...learned].flatMap(([facet, values]) => [...values.keys()].map((value) => `${facet}: ${value}`)).sort();
  expect(names(actual)).toEqual(names(expected));
  for (const [facet, values] of actual.learned)
    for (const [value, { rewards, evidence, refMs }] of values) {
      const other = expected.learned.get(facet)!.get(value)!;
      expect(refMs).toBe(other.refMs);
      expectNear(evidence, other.evidence, other.evidence);
      expectNear(rewards, other.rewards, other.evidence);
    }
}

function expectNear(actual: number, expected: number, scale: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * scale);
}
