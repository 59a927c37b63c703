import { describe, expect, it } from 'vitest';
import { eventProblems } from '../../src/domain/event-check.ts';
import type { UserEvent } from '../../src/domain/user-event.ts';
import { limits } from '../../src/limits.ts';

const good: UserEvent = {
  eventId: 'e',
  user: 'u',
  document: 'd',
  type: 'like',
  value: null,
  context: null,
  atMs: 0,
  requestId: null,
};

describe('eventProblems', () => {
  it('finds nothing wrong with what the wire would let pass', () => {
    expect(
      eventProblems([good, { ...good, type: 'rate', value: 4.5, context: 'kids', requestId: 'r' }]),
    ).toEqual([]);
  });

  it.each<[Partial<UserEvent>, string]>([
    [{ eventId: '' }, 'events[0].event_id'],
    [{ eventId: 'x'.repeat(limits.eventIdCharsMax + 1) }, 'events[0].event_id'],
    [{ eventId: 'a\0' }, 'events[0].event_id'],
    [{ user: '' }, 'events[0].user'],
    [{ document: '..' }, 'events[0].document'],
    [{ type: 'wave' as 'like' }, 'events[0].type'],
    [{ type: 'rate' }, 'events[0].value'],
    [{ type: 'rate', value: 6 }, 'events[0].value'],
    [{ type: 'rate', value: Number.NaN }, 'events[0].value'],
    [{ value: 3 }, 'events[0].value'],
    [{ context: '\0'.repeat(10_000) }, 'events[0].context'],
    [{ context: '' }, 'events[0].context'],
    [{ context: '__proto__' }, 'events[0].context'],
    [{ atMs: Number.NaN }, 'events[0].at'],
    [{ requestId: '' }, 'events[0].request_id'],
  ])('names what is wrong: %j', (change, path) => {
    expect(eventProblems([{ ...good, ...change }]).map((problem) => problem.path)).toEqual([path]);
  });

  it('bounds how many come at once and how many problems are told', () => {
    const many = Array<UserEvent>(limits.eventsPerRequestMax + 1).fill(good);
    expect(eventProblems(many)).toEqual([{ path: 'events', message: expect.stringContaining('1000') }]);
    expect(eventProblems(Array<UserEvent>(100).fill({ ...good, user: '' }))).toHaveLength(
      limits.errorFieldsMax,
    );
  });
});
