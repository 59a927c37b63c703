import { describe, expect, it } from 'vitest';
import type { UserEvent } from '../../src/domain/user-event.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type { EventBatch } from '../../src/ports/event-log.ts';
import { EventIntake } from '../../src/search/event-intake.ts';
import { RecordingMeter } from '../support/event-fixture.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { MemoryUserStore } from '../support/memory-user-store.ts';
import { eventOf } from '../support/user-states.ts';

/** An intake over a log whose commits wait until they are let through. */
function setUp() {
  const clock = new FakeClock();
  const store = new MemoryUserStore();
  const meter = new RecordingMeter();
  const commits: EventBatch[][] = [];
  const gates: (() => void)[] = [];
  const reported: string[] = [];
  let fault: ((batches: readonly EventBatch[]) => Error | null) | null = null;
  const intake = new EventIntake({
    log: {
      append: async (batches, receivedAtMs) => {
        commits.push([...batches]);
        await new Promise<void>((resolve) => gates.push(resolve));
        const error = fault?.(batches);
        if (error) throw error;
        return store.append(batches, receivedAtMs);
      },
    },
    clock,
    meter,
    onCommitted: (tenant, users) => reported.push(`${tenant}: ${[...users].join()}`),
  });
  /** Lets the commit that waits through, and those behind it in `count` steps. */
  const commit = async (count = 1) => {
    for (let i = 0; i < count; i++) {
      gates.shift()!();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const sizes = () => commits.map((batches) => batches.map(({ events }) => events.length));
  const failWith = (next: typeof fault) => {
    fault = next;
  };
  return { clock, store, meter, intake, commit, commits, sizes, reported, failWith };
}

let made = 0;
const events = (count: number, changes: Partial<UserEvent> = {}): UserEvent[] =>
  Array.from({ length: count }, () => eventOf(`made ${made++}`, changes));

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const soon = new Promise((resolve) => setImmediate(() => resolve(pending)));
  return (await Promise.race([promise.catch(() => undefined), soon])) === pending;
}

describe('the event intake', () => {
  it('answers after the commit, with what was new', async () => {
    const { intake, commit, store, meter, reported } = setUp();
    const [one, two] = events(2);
    const answer = intake.record('t', [one!, two!, one!]);
    expect(await isPending(answer)).toBe(true);
    expect(await store.events('t', 'u', null, 10)).toEqual([]);
    await commit();
    expect(await answer).toEqual({ accepted: 2, duplicates: 1 });
    expect(await store.events('t', 'u', null, 10)).toHaveLength(2);
    expect(meter.counts).toEqual({ events_accepted: 2, events_duplicate: 1 });
    expect(reported).toEqual(['t: u']);
    expect(await intake.record('t', [])).toEqual({ accepted: 0, duplicates: 0 });
  });

  it('commits together what arrives during a commit, each call with its own answer', async () => {
    const { intake, commit, sizes, reported } = setUp();
    const repeated = events(2, { user: 'a' });
    const answers = [
      intake.record('t', repeated),
      intake.record('t', [...repeated, ...events(1, { user: 'b' })]),
      intake.record('other', repeated),
      intake.record('t', events(3, { user: 'c' })),
    ];
    await commit(2);
    expect(await Promise.all(answers)).toEqual([
      { accepted: 2, duplicates: 0 },
      { accepted: 1, duplicates: 2 },
      { accepted: 2, duplicates: 0 },
      { accepted: 3, duplicates: 0 },
    ]);
    expect(sizes()).toEqual([[2], [3, 2, 3]]);
    expect(reported).toEqual(['t: a', 't: a,b,c', 'other: a']);
  });

  it('puts at most a batch of events into one commit, and never a call into two', async () => {
    const { intake, commit, sizes } = setUp();
    const max = limits.eventBatchMax;
    expect(max).toBeGreaterThanOrEqual(limits.eventsPerRequestMax);
    const answers = [1, max - 1, 2, max + 1, 1, 1].map((count) => intake.record('t', events(count)));
    await commit(5);
    expect((await Promise.all(answers)).map(({ accepted }) => accepted)).toEqual([
      1,
      max - 1,
      2,
      max + 1,
      1,
      1,
    ]);
    expect(sizes()).toEqual([[1], [max - 1], [2], [max + 1], [1, 1]]);
  });

  it('refuses what its queue has no place for, and takes again when there is', async () => {
    const { intake, commit } = setUp();
    const first = intake.record('t', events(1));
    const full = Array.from({ length: limits.eventQueueMax / limits.eventBatchMax }, () =>
      intake.record('t', events(limits.eventBatchMax)),
    );
    await expect(intake.record('t', events(1))).rejects.toMatchObject({
      code: 'overloaded',
      retryAfterSeconds: 1,
    });
    await commit();
    await first;
    const next = intake.record('t', events(1));
    await commit(full.length + 1);
    expect(await next).toEqual({ accepted: 1, duplicates: 0 });
    expect(await Promise.all(full)).toHaveLength(full.length);
  });

  it('holds times to five minutes from now', async () => {
    const { intake, clock, commit, store } = setUp();
    const latest = clock.epochMs() + limits.eventFutureMsMax;
    const times = [latest + 1, latest, latest - 1, -5, Number.MAX_VALUE];
    const answer = intake.record(
      't',
      times.map((atMs, i) => eventOf(`at ${i}`, { atMs })),
    );
    await commit();
    await answer;
    const stored = await store.events('t', 'u', null, 10);
    expect(stored.map(({ atMs }) => atMs)).toEqual([latest, latest, latest - 1, -5, latest]);
    expect(stored[0]!.receivedAtMs).toBe(clock.epochMs());
  });

  it('says what failed to all whose events it was, reports their users, and goes on', async () => {
    const { intake, commit, failWith, reported, meter } = setUp();
    failWith(() => new TriptychError('unavailable', 'gone'));
    const answers = Promise.allSettled([
      intake.record('t', events(1)),
      intake.record('t', events(1, { user: 'v' })),
    ]);
    await commit(2);
    expect((await answers).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(reported).toEqual(['t: u', 't: v']);
    expect(meter.counts).toEqual({});
    failWith(null);
    const next = intake.record('t', events(1));
    await commit();
    expect(await next).toEqual({ accepted: 1, duplicates: 0 });
  });

  it('does not let one call fail the others of its commit', async () => {
    const { intake, commit, failWith } = setUp();
    failWith((batches) =>
      batches.some((batch) => batch.tenant === 'bad') ? new TriptychError('invalid_request', 'NUL') : null,
    );
    const answers = Promise.allSettled([
      intake.record('t', events(1)),
      intake.record('t', events(2)),
      intake.record('bad', events(1)),
      intake.record('t', events(3)),
    ]);
    await commit(5);
    expect(await answers).toMatchObject([
      { value: { accepted: 1 } },
      { value: { accepted: 2 } },
      { reason: { code: 'invalid_request' } },
      { value: { accepted: 3 } },
    ]);
  });

  it('ends with everything it took committed', async () => {
    const { intake, commit } = setUp();
    const answers = [intake.record('t', events(1)), intake.record('t', events(1))];
    const closed = intake.close();
    await expect(intake.record('t', events(1))).rejects.toMatchObject({ code: 'not_ready' });
    expect(await isPending(closed)).toBe(true);
    await commit(2);
    await closed;
    expect(await Promise.all(answers)).toHaveLength(2);
  });
});
