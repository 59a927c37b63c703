import { expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { heldAttempt, openCaller, turn } from '../support/store-caller-fixture.ts';

const search = { operation: 'search', timeoutMs: 200 };
const never = () => new Promise<never>(() => {});
const refused = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }));
const broken = () => Promise.reject(new Error('server exploded at 10.0.0.7'));

type Opened = ReturnType<typeof openCaller>;

/** Fails calls until the breaker opens; how many it took. */
async function openBreaker({ caller }: Opened): Promise<number> {
  let calls = 0;
  while (caller.state === 'closed' && calls < 50) {
    await caller.call(search, broken).catch(() => {});
    calls++;
  }
  return calls;
}

it('hands the answer and the time on', async () => {
  const { caller, meter, clock } = openCaller();
  const given: number[] = [];
  const answer = caller.call(search, async (timeoutMs) => {
    given.push(timeoutMs);
    await clock.sleep(30);
    return 'hits';
  });
  expect(await clock.run(answer)).toBe('hits');
  expect(given).toEqual([200]);
  expect(meter.calls).toEqual([{ operation: 'search', outcome: 'ok', ms: 30 }]);
});

it('costs a hung call exactly its time, and swallows what comes later', async () => {
  const { caller, meter, clock } = openCaller();
  const late = heldAttempt<string>();
  const startMs = clock.nowMs();
  const call = caller.call(search, late.attempt);
  await expect(clock.run(call)).rejects.toMatchObject({ code: 'deadline_exceeded' });
  expect(clock.nowMs() - startMs).toBe(200);
  expect(meter.abandoned).toBe(1);
  late.reject(new Error('too late'));
  await turn();
  expect(meter.abandoned).toBe(0);
  expect(meter.outcomes).toEqual(['late']);
  expect(clock.waiting).toBe(0);
});

it('takes an answer that came while the event loop was held', async () => {
  const { caller, clock, meter } = openCaller();
  const held = heldAttempt<string>();
  const call = caller.call(search, held.attempt);
  clock.hold(500);
  // The timer is overdue and runs first; the answer is read in the same turn, after it.
  clock.after(0, () => held.resolve('there'));
  expect(await clock.run(call)).toBe('there');
  const hung = caller.call(search, never);
  clock.hold(500);
  await expect(clock.run(hung)).rejects.toMatchObject({ code: 'deadline_exceeded' });
  expect(meter.outcomes).toEqual(['ok', 'late']);
});

it.each([0, -1, Number.NaN])('asks nothing when %d ms are left', async (timeoutMs) => {
  const { caller } = openCaller();
  let asked = false;
  const call = caller.call({ operation: 'search', timeoutMs }, async () => {
    asked = true;
  });
  await expect(call).rejects.toMatchObject({ code: 'deadline_exceeded' });
  expect(asked).toBe(false);
});

it('says that a store could not answer, and keeps what its driver said to the cause', async () => {
  const { caller, meter } = openCaller();
  const error: unknown = await caller.call(search, broken).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'unavailable', message: 'milvus could not answer' });
  expect((error as Error).cause).toMatchObject({ message: 'server exploded at 10.0.0.7' });
  expect(meter.outcomes).toEqual(['failed']);
});

it('takes an attempt that throws for one that rejects', async () => {
  const { caller } = openCaller();
  const call = caller.call(search, () => {
    throw new Error('no client');
  });
  await expect(call).rejects.toMatchObject({ code: 'unavailable' });
});

it('hands refusals on as they are; they say that the store is well', async () => {
  const opened = openCaller();
  const { caller, meter } = opened;
  const refusal = new TriptychError('unknown_field', 'no such field');
  for (let i = 0; i < 20; i++)
    await expect(caller.call(search, () => Promise.reject(refusal))).rejects.toBe(refusal);
  expect(caller.state).toBe('closed');
  expect(new Set(meter.outcomes)).toEqual(new Set(['refused']));
});

it('ends a call when it is aborted, which says nothing about the store', async () => {
  const { caller, meter } = openCaller();
  const reason = new Error('nobody waits');
  for (let i = 0; i < 20; i++) {
    const controller = new AbortController();
    const held = heldAttempt<never>();
    const call = caller.call({ ...search, signal: controller.signal }, held.attempt);
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(meter.abandoned).toBe(1);
    held.reject(new Error('cancelled'));
    await turn();
  }
  expect(caller.state).toBe('closed');
  expect(meter.abandoned).toBe(0);
  expect(new Set(meter.outcomes)).toEqual(new Set(['aborted']));
  const aborted = AbortSignal.abort(reason);
  await expect(caller.call({ ...search, signal: aborted }, never)).rejects.toBe(reason);
});

it('counts silence for the whole time, also where the caller left a moment before its end', async () => {
  const { caller, clock } = openCaller();
  for (let i = 0; i < limits.storeWindowCallsMin; i++) {
    const controller = new AbortController();
    const held = heldAttempt<never>();
    const call = caller.call({ ...search, signal: controller.signal }, held.attempt);
    clock.advance(199);
    controller.abort(new Error('the leg is over'));
    await expect(call).rejects.toThrow('the leg is over');
    // Half of the clients end what is aborted, the others hang on.
    if (i % 2 === 0) held.reject(new Error('cancelled'));
    await turn();
    clock.advance(1);
    await turn();
  }
  expect(caller.state).toBe('open');
});

it('leaves a store alone after a handful of failures, not after one', async () => {
  const opened = openCaller();
  const { caller, lines, meter } = opened;
  await caller.call(search, broken).catch(() => {});
  expect(caller.state).toBe('closed');
  expect(await openBreaker(opened)).toBe(limits.storeWindowCallsMin - 1);
  expect(meter.state).toBe('open');
  let asked = false;
  const call = caller.call(search, async () => {
    asked = true;
  });
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'store_open' });
  expect([1, 2]).toContain((error as TriptychError).retryAfterSeconds);
  expect(asked).toBe(false);
  expect(meter.outcomes.at(-1)).toBe('open');
  expect(lines).toMatchObject([{ level: 'warn', fields: { store: 'milvus', pool: 'serve' } }]);
  expect(JSON.stringify(lines)).not.toContain('10.0.0.7');
});

it('stays with a store that mostly answers, and forgets failures of long ago', async () => {
  const { caller, clock } = openCaller();
  for (let i = 0; i < 40; i++)
    await caller.call(search, i % 2 === 0 ? async () => 'ok' : broken).catch(() => {});
  expect(caller.state).toBe('closed');
  for (let i = 0; i < 40; i++) {
    clock.hold(limits.storeWindowMs);
    await caller.call(search, broken).catch(() => {});
  }
  expect(caller.state).toBe('closed');
});

it('tries the store with one call, and goes back to it when that is answered', async () => {
  const opened = openCaller();
  const { caller, clock, lines, meter } = opened;
  await openBreaker(opened);
  clock.hold(limits.storeOpenMsMin - 1);
  await expect(caller.call(search, async () => 1)).rejects.toMatchObject({ code: 'store_open' });
  clock.hold(limits.storeOpenMsMin + 1);
  const probe = heldAttempt<string>();
  const trying = caller.call(search, probe.attempt);
  expect(caller.state).toBe('half_open');
  await expect(caller.call(search, async () => 1)).rejects.toMatchObject({ code: 'store_open' });
  probe.resolve('back');
  expect(await trying).toBe('back');
  expect(caller.state).toBe('closed');
  expect(meter.state).toBe('closed');
  expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  expect(await caller.call(search, async () => 2)).toBe(2);
  await caller.call(search, broken).catch(() => {});
  expect(caller.state).toBe('closed');
});

it('leaves a store that does not come back alone for longer each time, up to a bound', async () => {
  const opened = openCaller();
  const { caller, clock, lines } = opened;
  await openBreaker(opened);
  const pauses: number[] = [];
  for (let i = 0; i < 8; i++) {
    const startMs = clock.nowMs();
    let asked = false;
    while (!asked) {
      clock.hold(100);
      await caller
        .call(search, () => {
          asked = true;
          return broken();
        })
        .catch(() => {});
    }
    pauses.push(clock.nowMs() - startMs);
  }
  for (const [i, ms] of pauses.entries()) {
    const leastMs = Math.min(limits.storeOpenMsMin * 2 ** i, limits.storeOpenMsMax / 2);
    expect(ms).toBeGreaterThanOrEqual(leastMs);
    expect(ms).toBeLessThanOrEqual(Math.min(2 * leastMs, limits.storeOpenMsMax) + 100);
  }
  expect(lines).toHaveLength(1);
});

it('does not take a call that was given up for a sign that the store is back', async () => {
  const opened = openCaller();
  const { caller, clock } = opened;
  await openBreaker(opened);
  clock.hold(limits.storeOpenMsMax);
  const controller = new AbortController();
  const probe = heldAttempt<never>();
  const trying = caller.call({ ...search, signal: controller.signal }, probe.attempt);
  controller.abort(new Error('gone'));
  await expect(trying).rejects.toThrow('gone');
  expect(caller.state).toBe('half_open');
  probe.reject(new Error('cancelled'));
  await turn();
  expect(caller.state).toBe('open');
});

it('does not open for calls that it refused itself', async () => {
  const { caller, clock } = openCaller({ callsMax: 2 });
  const held = [heldAttempt<number>(), heldAttempt<number>()];
  const under = held.map(({ attempt }) => caller.call(search, attempt));
  for (let i = 0; i < 20; i++)
    await expect(caller.call(search, async () => 1)).rejects.toMatchObject({ code: 'overloaded' });
  for (const { resolve } of held) resolve(5);
  expect(await clock.run(Promise.all(under))).toEqual([5, 5]);
  expect(caller.state).toBe('closed');
  expect(await caller.call(search, async () => 1)).toBe(1);
});

it('gives a place back that a client never ends only after a long while', async () => {
  const { caller, clock, meter } = openCaller({ callsMax: 1 });
  await expect(clock.run(caller.call(search, never))).rejects.toMatchObject({ code: 'deadline_exceeded' });
  clock.hold(limits.storeAbandonedMsMax - 1);
  await expect(caller.call(search, async () => 1)).rejects.toMatchObject({ code: 'overloaded' });
  clock.hold(1);
  expect(await caller.call(search, async () => 1)).toBe(1);
  expect(meter.abandoned).toBe(0);
});

it('has the client built anew when half of its calls hang, once in a while', async () => {
  const { caller, clock, lines } = openCaller({ callsMax: 8 });
  let rebuilt = 0;
  caller.onStuck(() => {
    rebuilt++;
    if (rebuilt === 2) throw new Error('cannot');
  });
  const hang = async (): Promise<void> => {
    const controller = new AbortController();
    const call = caller.call({ ...search, signal: controller.signal }, never);
    controller.abort(new Error('left'));
    await call.catch(() => {});
  };
  for (let i = 0; i < 3; i++) await hang();
  expect(rebuilt).toBe(0);
  await hang();
  expect(rebuilt).toBe(1);
  await hang();
  expect(rebuilt).toBe(1);
  clock.hold(limits.storeRebuildIntervalMs);
  await hang();
  expect(rebuilt).toBe(2);
  expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'error']);
});

it('tries again once where a connection broke and the call may be made twice', async () => {
  const { caller, meter } = openCaller();
  const given: number[] = [];
  const answer = await caller.call({ ...search, repeatable: true }, async (timeoutMs) => {
    given.push(timeoutMs);
    return given.length === 1 ? refused() : 'second';
  });
  expect(answer).toBe('second');
  expect(given).toHaveLength(2);
  expect(meter.retries).toBe(1);
  expect(meter.outcomes).toEqual(['ok']);
});

it.each([
  ['may not be made twice', { ...search }, refused],
  ['failed otherwise', { ...search, repeatable: true }, broken],
])('does not try again what %s', async (_, call, attempt) => {
  const { caller, meter } = openCaller();
  let asked = 0;
  const answer = caller.call(call, () => {
    asked++;
    return attempt();
  });
  await expect(answer).rejects.toMatchObject({ code: 'unavailable' });
  expect([asked, meter.retries]).toEqual([1, 0]);
});

it('does not try again when less time is left than such calls usually take', async () => {
  const { caller, clock, meter } = openCaller();
  for (let i = 0; i < 20; i++) await clock.run(caller.call(search, () => clock.sleep(150)));
  const call = { ...search, repeatable: true };
  const slowly = async () => {
    await clock.sleep(60);
    return refused();
  };
  await expect(clock.run(caller.call(call, slowly))).rejects.toMatchObject({ code: 'unavailable' });
  expect(meter.retries).toBe(0);
  let asked = 0;
  const soon = async () => (asked++ === 0 ? refused() : 'ok');
  expect(await caller.call(call, soon)).toBe('ok');
});

it('holds both attempts to the time of the call', async () => {
  const { caller, clock } = openCaller();
  const startMs = clock.nowMs();
  let asked = 0;
  const call = caller.call({ ...search, repeatable: true }, async () => {
    if (asked++ > 0) return never();
    await clock.sleep(50);
    return refused();
  });
  await expect(clock.run(call)).rejects.toMatchObject({ code: 'deadline_exceeded' });
  expect(clock.nowMs() - startMs).toBe(200);
});

it('tries no more than a tenth of the calls again', async () => {
  const { caller, meter } = openCaller();
  let asked = 0;
  for (let i = 0; i < 1_000; i++) {
    let attempts = 0;
    await caller
      .call({ ...search, repeatable: true }, async () => {
        asked++;
        // Two calls of five break at first, which a breaker does not mind.
        return i % 5 < 2 && attempts++ === 0 ? refused() : 'ok';
      })
      .catch(() => {});
  }
  expect(meter.retries).toBeGreaterThan(90);
  expect(meter.retries).toBeLessThanOrEqual(101);
  expect(asked).toBe(1_000 + meter.retries);
});

it('says of a call that could not be tried again what it first met', async () => {
  const { caller, meter } = openCaller({ callsMax: 1 });
  const other = heldAttempt<number>();
  let holding: Promise<number> | null = null;
  // Somebody else takes the only place between the two attempts.
  meter.storeRetry = () => {
    holding = caller.call(search, other.attempt);
  };
  const call = caller.call({ ...search, repeatable: true }, refused);
  await expect(call).rejects.toMatchObject({ code: 'unavailable' });
  other.resolve(1);
  expect(await holding).toBe(1);
});
