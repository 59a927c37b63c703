import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { Waits } from '../../src/search/waits.ts';
import { WorkLoop, type WorkLoopParts } from '../../src/search/work-loop.ts';
import { FakeClock } from '../support/fake-clock.ts';

const pollMs = 100;
const retryMs = 200;

/** A loop whose passes answer what `outcomes` says, then true; a pass notes when it began. */
function setUp(outcomes: (boolean | Error)[] = [], parts: Partial<WorkLoopParts> = {}) {
  const clock = new FakeClock();
  const startMs = clock.nowMs();
  const passes: number[] = [];
  const failures: number[] = [];
  const loop = new WorkLoop({
    clock,
    pass: async () => {
      passes.push(clock.nowMs() - startMs);
      const outcome = outcomes.shift() ?? true;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    pollMs: () => pollMs,
    retryMs,
    onFailure: (_, count) => failures.push(count),
    ...parts,
  });
  return { clock, loop, passes, failures };
}

describe('a work loop', () => {
  it('looks at every poll', async () => {
    const { clock, loop, passes } = setUp();
    loop.start();
    await clock.run(clock.sleep(350));
    await loop.stop();
    expect(passes).toEqual([100, 200, 300]);
    expect(clock.waiting).toBe(0);
  });

  it('begins at once after a nudge, also one from before its start, and goes on to the end', async () => {
    const { clock, loop, passes } = setUp([false, false]);
    loop.nudge();
    loop.start();
    await clock.run(loop.caughtUp());
    expect(passes).toEqual([0, 0, 0]);
    await loop.stop();
  });

  it('answers callers after a pass that began after they asked', async () => {
    const gates: ((done: boolean) => void)[] = [];
    const { clock, loop } = setUp([], { pass: () => new Promise((resolve) => gates.push(resolve)) });
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    let answered = 0;
    const ask = () => void loop.caughtUp().then(() => answered++);
    ask();
    loop.start();
    await turn();
    ask();
    gates[0]!(true);
    await turn();
    expect([answered, gates.length]).toEqual([1, 2]);
    gates[1]!(true);
    await turn();
    expect(answered).toBe(2);
    await clock.run(loop.stop());
  });

  it('pauses longer after each failure, whoever nudges, and goes on by itself', async () => {
    const broken = Array.from({ length: 8 }, () => new Error('broken'));
    const { clock, loop, passes, failures } = setUp([...broken]);
    loop.start();
    const done = loop.caughtUp();
    await clock.run(clock.sleep(1));
    loop.nudge();
    await clock.run(done);
    const pauses = broken.map((_, i) => passes[i + 1]! - passes[i]!);
    expect(pauses.slice(0, 4)).toEqual([retryMs, 2 * retryMs, 4 * retryMs, 8 * retryMs]);
    expect(pauses.slice(5)).toEqual([1, 1, 1].map(() => limits.loopPauseMsMax));
    expect(failures).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await loop.stop();
  });

  it('puts a pass off as long as it is told to, also when nudged', async () => {
    let readyMs = 0;
    const { clock, loop, passes } = setUp([false], { restMs: () => readyMs - clock.nowMs() });
    readyMs = clock.nowMs() + 70;
    loop.start();
    await clock.run(loop.caughtUp());
    expect(passes).toEqual([70, 70]);
    await loop.stop();
  });

  it.each(['poll', 'pause', 'rest'])(
    'stops during a %s without another pass, and answers who waits',
    async (phase) => {
      const { clock, loop, passes } = setUp(phase === 'pause' ? [new Error('broken')] : [], {
        ...(phase === 'rest' && { restMs: () => 1_000 }),
      });
      if (phase !== 'poll') loop.nudge();
      loop.start();
      for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
      const count = passes.length;
      const waiting = phase === 'poll' ? null : loop.caughtUp();
      await loop.stop();
      await waiting;
      expect([passes.length, count, clock.waiting]).toEqual([count, phase === 'pause' ? 1 : 0, 0]);
      expect(loop.ended).toBe(true);
    },
  );

  it('that was ended lets no further pass begin, and answers who waits when it is stopped', async () => {
    const { loop, passes } = setUp();
    let answered = false;
    const waiting = loop.caughtUp().then(() => {
      answered = true;
    });
    loop.end();
    loop.start();
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    expect([passes, answered]).toEqual([[], false]);
    await loop.stop();
    await waiting;
  });
});

it('waits end by the clock or all at once, and leave no timer', async () => {
  const clock = new FakeClock();
  const waits = new Waits(clock);
  await clock.run(waits.wait(10));
  const both = Promise.all([waits.wait(1_000), waits.wait(2_000)]);
  waits.cut();
  await both;
  expect(clock.waiting).toBe(0);
});
