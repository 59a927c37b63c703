import { expect, it } from 'vitest';
import { Turns } from '../../src/adapters/postgres/turns.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A task that ends when it is told to. */
function held() {
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { end, task: () => ended };
}

it('turns are given in the order of arrival, no more than there are', async () => {
  const turns = new Turns(2, new FakeClock());
  const began: number[] = [];
  const tasks = [0, 1, 2, 3].map((n) => {
    const { end, task } = held();
    const done = turns.take(1_000, () => {
      began.push(n);
      return task();
    });
    return { end, done };
  });
  expect(began).toEqual([0, 1]);
  tasks[1]!.end();
  await tasks[1]!.done;
  expect(began).toEqual([0, 1, 2]);
  tasks[0]!.end();
  tasks[2]!.end();
  await Promise.all([tasks[0]!.done, tasks[2]!.done]);
  expect(began).toEqual([0, 1, 2, 3]);
  tasks[3]!.end();
  await tasks[3]!.done;
});

it('a turn that does not come in time is overloaded, and one that fails is passed on', async () => {
  const clock = new FakeClock();
  const turns = new Turns(1, clock);
  const first = held();
  const taken = turns.take(1_000, first.task);
  const late = turns.take(100, async () => 'late');
  const next = turns.take(1_000, async () => {
    throw new Error('failed');
  });
  clock.advance(150);
  await expect(late).rejects.toMatchObject({ code: 'overloaded' });
  first.end();
  await taken;
  await expect(next).rejects.toThrow('failed');
  await expect(turns.take(1, async () => 'free')).resolves.toBe('free');
});
