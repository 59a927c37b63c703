import { expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { heldAttempt, openCaller, turn } from '../support/store-caller-fixture.ts';

const search = { operation: 'search', timeoutMs: 200 };
const broken = () => Promise.reject(new Error('server exploded'));

/** A caller whose breaker is open, as after a handful of failures. */
async function openOpened() {
  const opened = openCaller();
  while (opened.caller.state === 'closed') await opened.caller.call(search, broken).catch(() => {});
  return opened;
}

it('notices within seconds that a store is back, however long it was away', async () => {
  const { caller, clock } = await openOpened();
  // Ten minutes in which a search comes every 100 ms.
  for (let i = 0; i < 6_000; i++) {
    clock.hold(100);
    await caller.call(search, broken).catch(() => {});
  }
  const backMs = clock.nowMs();
  while ((await caller.call(search, async () => 'ok').catch(() => null)) !== 'ok') clock.hold(100);
  expect(clock.nowMs() - backMs).toBeLessThanOrEqual(5_000);
  expect(caller.state).toBe('closed');
});

it('lets others try a store while a long call that tries it hangs, and hands on what that one comes to', async () => {
  const { caller, clock, meter } = await openOpened();
  clock.hold(limits.storeOpenMsMax);
  const slow = heldAttempt<string>();
  const trying = caller.call({ operation: 'prepare', timeoutMs: 120_000 }, slow.attempt);
  let answered = false;
  const tries = (limits.storeTryMsMax + limits.storeOpenMsMax) / 100 + 1;
  for (let i = 0; i < tries && !answered; i++) {
    clock.advance(100);
    await turn();
    answered = await caller.call(search, async () => true).catch(() => false);
  }
  expect(answered).toBe(true);
  expect(caller.state).toBe('closed');
  slow.resolve('made');
  expect(await trying).toBe('made');
  expect(meter.abandoned).toBe(0);
  expect(clock.waiting).toBe(0);
});

it('fails a long call that tries a store in its own time', async () => {
  const { caller, clock } = await openOpened();
  clock.hold(limits.storeOpenMsMax);
  const startMs = clock.nowMs();
  const trying = caller.call({ operation: 'prepare', timeoutMs: 60_000 }, () => new Promise(() => {}));
  await expect(clock.run(trying)).rejects.toMatchObject({ code: 'deadline_exceeded' });
  expect(clock.nowMs() - startMs).toBe(60_000);
  expect(caller.state).toBe('open');
});
