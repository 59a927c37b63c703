import { beforeEach, describe, expect, it } from 'vitest';
import { type Caller, CallerGone } from '../../src/http/exchange.ts';
import { Gate } from '../../src/http/gate.ts';
import { limits } from '../../src/limits.ts';
import { FakeClock } from '../support/fake-clock.ts';

const overloaded = expect.objectContaining({ code: 'overloaded', retryAfterSeconds: 1 });

/** A caller who hangs up when told to. */
class TestCaller implements Caller {
  readonly listeners = new Set<() => void>();

  whenGone(callback: () => void): () => void {
    this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  hangUp(): void {
    for (const listener of this.listeners) listener();
  }
}

const patient = new TestCaller();
const turns = () => new Promise((resolve) => setImmediate(resolve));

let clock: FakeClock;
beforeEach(() => {
  clock = new FakeClock();
});

/** Enters once it may, and writes its name down. */
function entering(gate: Gate, order: string[], name: string, places = 1) {
  const entered = gate.enter(patient, places);
  entered.then(
    () => order.push(name),
    () => order.push(`${name} refused`),
  );
  return entered;
}

describe('a gate', () => {
  it('lets no more in than it has places, and counts a way out once', async () => {
    const seen: number[] = [];
    const gate = new Gate(3, clock, { inside: (places) => seen.push(places) });
    const leave = await gate.enter(patient, 2);
    const other = await gate.enter(patient);
    const late = gate.enter(patient);
    await turns();
    expect([gate.inside, gate.waiting]).toEqual([3, 1]);
    other();
    other();
    await late;
    expect([gate.inside, gate.waiting]).toEqual([3, 0]);
    leave();
    leave();
    expect(gate.inside).toBe(1);
    expect(seen).toEqual([2, 3, 2, 3, 1]);
    expect([clock.waiting, patient.listeners.size]).toEqual([0, 0]);
  });

  it('frees its places when work fails', async () => {
    const gate = new Gate(1, clock);
    await expect(gate.pass(patient, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.pass(patient, async () => gate.inside)).toBe(1);
    expect(gate.inside).toBe(0);
  });

  it('lets in by the order of arrival, also the large ones', async () => {
    const gate = new Gate(2, clock);
    const order: string[] = [];
    const first = await gate.enter(patient);
    const large = entering(gate, order, 'large', 2);
    const small = entering(gate, order, 'small');
    await turns();
    // One place is free, but the large one was first.
    expect([gate.inside, order]).toEqual([1, []]);
    first();
    await turns();
    expect(order).toEqual(['large']);
    (await large)();
    (await small)();
    expect(order).toEqual(['large', 'small']);
  });

  it('turns away who waited too long, and lets in those behind him', async () => {
    const gate = new Gate(2, clock);
    const changes: number[] = [];
    const watched = new Gate(1, clock, { waiting: (change) => changes.push(change) });
    await watched.enter(patient);
    const refused = watched.enter(patient);
    const order: string[] = [];
    await gate.enter(patient);
    const large = entering(gate, order, 'large', 2);
    clock.advance(limits.admissionWaitMsMax - 1);
    entering(gate, order, 'small');
    await turns();
    expect(order).toEqual([]);
    clock.advance(1);
    await expect(large).rejects.toEqual(overloaded);
    await expect(refused).rejects.toEqual(overloaded);
    await turns();
    expect(order.sort()).toEqual(['large refused', 'small']);
    expect(changes).toEqual([1, -1]);
    expect([gate.inside, gate.waiting, clock.waiting]).toEqual([2, 0, 0]);
  });

  it('forgets a caller who has hung up', async () => {
    const gate = new Gate(1, clock);
    const leave = await gate.enter(patient);
    const caller = new TestCaller();
    const gone = gate.enter(caller);
    const next = gate.enter(patient);
    caller.hangUp();
    await expect(gone).rejects.toBeInstanceOf(CallerGone);
    expect([gate.waiting, caller.listeners.size]).toEqual([1, 0]);
    leave();
    (await next)();
    expect([gate.inside, clock.waiting]).toEqual([0, 0]);
  });

  it('has a queue with an end', async () => {
    const gate = new Gate(1, clock);
    await gate.enter(patient);
    const waiting = Array.from({ length: limits.admissionQueueMax }, () => gate.enter(patient));
    await expect(gate.enter(patient)).rejects.toEqual(overloaded);
    expect(gate.waiting).toBe(limits.admissionQueueMax);
    clock.advance(limits.admissionWaitMsMax);
    expect((await Promise.allSettled(waiting)).every(({ status }) => status === 'rejected')).toBe(true);
    expect(gate.waiting).toBe(0);
  });

  it('gives who needs more than there is all of it, and never makes him wait for himself', async () => {
    const gate = new Gate(3, clock);
    const places = await gate.pass(patient, () => gate.pass(patient, async () => gate.inside, 7, 1));
    expect(places).toBe(3);
    const single = new Gate(1, clock);
    expect(await single.pass(patient, () => single.pass(patient, async () => single.inside, 7, 1))).toBe(1);
    expect([gate.inside, single.inside]).toEqual([0, 0]);
  });

  it('ends the wait of two who hold what the other needs', async () => {
    const gate = new Gate(2, clock);
    const both = [1, 2].map(() =>
      gate.pass(patient, async () => {
        await turns();
        return gate.pass(patient, async () => 'done', 1, 1);
      }),
    );
    const settled = Promise.allSettled(both);
    await turns();
    await turns();
    expect(gate.waiting).toBe(2);
    clock.advance(limits.admissionWaitMsMax);
    expect((await settled).map(({ status }) => status)).toContain('rejected');
    expect([gate.inside, gate.waiting]).toEqual([0, 0]);
  });
});
