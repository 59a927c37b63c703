import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { openCaller, turn } from '../support/store-caller-fixture.ts';

const ends = ['ok', 'broken', 'refused', 'failed', 'throws', 'never'] as const;

/** One call as the world does to it. */
const calls = fc.array(
  fc.record({
    startMs: fc.nat(2_000),
    timeoutMs: fc.integer({ min: 1, max: 300 }),
    /** When its caller leaves; null: it stays. */
    abortMs: fc.option(fc.nat(300)),
    repeatable: fc.boolean(),
    /** How the first and the second attempt end, and after how long. */
    attempts: fc.array(fc.record({ end: fc.constantFrom(...ends), ms: fc.nat(600) }), {
      minLength: 2,
      maxLength: 2,
    }),
  }),
  { minLength: 1, maxLength: 60 },
);

type Ending = { readonly end: (typeof ends)[number]; readonly ms: number };

async function ending(clock: FakeClock, { end, ms }: Ending): Promise<string> {
  if (end === 'throws') throw new TypeError('no client');
  if (end === 'never') return new Promise(() => {});
  await clock.sleep(ms);
  if (end === 'broken') throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
  if (end === 'refused') throw new TriptychError('unknown_field', 'no such field');
  if (end === 'failed') throw new Error('disk on fire');
  return 'ok';
}

it('settles every call in its time, with no more attempts open than there is room for', async () => {
  await fc.assert(
    fc.asyncProperty(calls, fc.integer({ min: 1, max: 8 }), async (planned, callsMax) => {
      const { caller, clock, meter } = openCaller({ callsMax });
      const originMs = clock.nowMs();
      /** Attempts that the client has not ended. */
      const open = new Set<object>();
      let openMax = 0;
      const run = async ({ startMs, timeoutMs, abortMs, repeatable, attempts }: (typeof planned)[number]) => {
        await clock.sleep(startMs);
        const controller = new AbortController();
        if (abortMs !== null) clock.after(abortMs, () => controller.abort(new Error('left')));
        const begunMs = clock.nowMs();
        let attempt = 0;
        const call = { operation: 'search', timeoutMs, repeatable, signal: controller.signal };
        await caller
          .call(call, async (givenMs) => {
            expect(givenMs).toBeGreaterThan(0);
            expect(givenMs).toBeLessThanOrEqual(timeoutMs);
            const token = {};
            open.add(token);
            openMax = Math.max(openMax, open.size);
            try {
              return await ending(clock, attempts[attempt++]!);
            } finally {
              open.delete(token);
            }
          })
          .catch(() => {});
        expect(attempt).toBeLessThanOrEqual(2);
        expect(clock.nowMs() - begunMs).toBeLessThanOrEqual(Math.min(timeoutMs, abortMs ?? timeoutMs));
      };
      await clock.run(Promise.all(planned.map(run)));
      expect(clock.nowMs() - originMs).toBeLessThan(limits.storeAbandonedMsMax);
      expect(openMax).toBeLessThanOrEqual(callsMax);
      expect(meter.calls).toHaveLength(planned.length);
      while (clock.waiting > 0) {
        clock.advance(1_000);
        await turn();
      }
      expect(meter.abandoned).toBe(open.size);
    }),
    { numRuns: 150 },
  );
});
