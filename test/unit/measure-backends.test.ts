import { describe, expect, it } from 'vitest';
import { calibrationCells, expectedUs } from '../../src/domain/calibration.ts';
import { checkRerankBatch } from '../../src/domain/rerank-batch-check.ts';
import { limits } from '../../src/limits.ts';
import { measureBackends } from '../../src/search/measure-backends.ts';
import { type Behaviour, FakeBackend } from '../support/fake-backends.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Random } from '../support/random.ts';
import { randomTable } from '../support/score-cases.ts';

const table = randomTable(new Random('measure'), 300, 4);
const never = new AbortController().signal;

/** Calls take a start and so much for each candidate, ms. */
const priced =
  (kind: 'answers' | 'holds', startMs: number, rowMs: number) =>
  (batch: { readonly rows: Uint32Array }): Behaviour => ({ kind, ms: startMs + rowMs * batch.rows.length });

async function measure(clock: FakeClock, backends: readonly FakeBackend[], signal = never) {
  for (const backend of backends) backend.selects = false;
  const { times, refused } = await clock.run(measureBackends(table, backends, clock, signal));
  expect(refused).toEqual([]);
  return times;
}

describe('measuring', () => {
  it('finds what each backend takes in every cell', async () => {
    const clock = new FakeClock();
    const cuda = new FakeBackend('cuda', clock, priced('answers', 0.06, 0.000_01));
    const native = new FakeBackend('native', clock, priced('answers', 0.002, 0.000_05));
    const measured = await measure(clock, [cuda, native]);
    expect(measured.map(({ name, variant }) => [name, variant])).toEqual([
      ['cuda', 'fake'],
      ['native', 'fake'],
    ]);
    for (const [i, { rows, requests }] of calibrationCells.entries()) {
      expect(measured[0]!.us[i]).toBeCloseTo(60 + 0.01 * rows * requests, 3);
      expect(measured[1]!.us[i]).toBeCloseTo(2 + 0.05 * rows * requests, 3);
    }
    for (const batch of cuda.batches) checkRerankBatch(batch);
  });

  it('interleaves: no backend is measured in a stretch of its own', async () => {
    const clock = new FakeClock();
    const order: string[] = [];
    const backends = (['native', 'js'] as const).map(
      (name) =>
        new FakeBackend(name, clock, () => {
          order.push(name);
          return { kind: 'answers', ms: 0.1 };
        }),
    );
    await measure(clock, backends);
    const cells = calibrationCells.length * (limits.calibrationRounds + 1);
    // First each is warmed up.
    expect(order.splice(0, 6)).toEqual(['native', 'native', 'native', 'js', 'js', 'js']);
    expect(order).toHaveLength(2 * cells);
    for (let i = 0; i < order.length; i += 2)
      expect(order.slice(i, i + 2).toSorted()).toEqual(['js', 'native']);
    // The one that comes first, and finds the rows cold, takes turns.
    expect(order.filter((name, i) => i % 2 === 0 && name === 'js')).toHaveLength(cells / 2);
  });

  it('is not misled by a slow first call, nor by a disturbance now and then', async () => {
    const clock = new FakeClock();
    let calls = 0;
    const backend = new FakeBackend('native', clock, () => {
      calls++;
      // The very first call holds the loop for long, too.
      if (calls === 1) return { kind: 'holds', ms: 25 };
      return { kind: 'answers', ms: calls <= calibrationCells.length || calls % 5 === 0 ? 9 : 1 };
    });
    const [measured] = await measure(clock, [backend]);
    expect(measured!.us.map(Math.round)).toEqual(calibrationCells.map(() => 1_000));
  });

  it('holds the event loop for a slice at most, and extrapolates what would take longer', async () => {
    const clock = new FakeClock();
    const held: number[] = [];
    const js = new FakeBackend('js', clock, (batch) => {
      const behaviour = priced('holds', 0.01, 0.001)(batch);
      if (behaviour.kind === 'holds') held.push(behaviour.ms);
      return behaviour;
    });
    const [measured] = await measure(clock, [js]);
    expect(Math.max(...held)).toBeLessThanOrEqual(limits.calibrationSliceMs);
    // 32,000 candidates were never scored at once.
    expect(Math.max(...js.batches.map(({ rows }) => rows.length))).toBeLessThan(5_000);
    expect(expectedUs(measured!, 1_000, 32) / 32_010).toBeCloseTo(1, 1);
  });

  it('ends in time, and gives no backend more than its share', async () => {
    const clock = new FakeClock();
    const startMs = clock.nowMs();
    const quick = new FakeBackend('native', clock, priced('answers', 0.5, 0));
    const slow = new FakeBackend('tfjs-wasm', clock, priced('answers', 90, 0));
    const hung = new FakeBackend('cuda', clock, () => ({ kind: 'hangs', heeds: true }));
    const measured = await measure(clock, [hung, slow, quick]);
    expect(clock.nowMs() - startMs).toBeLessThanOrEqual(limits.calibrationMsMax);
    const [tfjs, native] = measured;
    expect(measured.map(({ name }) => name)).toEqual(['tfjs-wasm', 'native']);
    expect(native!.us.map(Math.round)).toEqual(calibrationCells.map(() => 500));
    expect(Math.round(tfjs!.us[0]!)).toBe(90_000);
    expect(hung.batches).toHaveLength(1);
    expect(slow.batches.length).toBeLessThanOrEqual(Math.ceil(limits.calibrationMsMax / 3 / 90) + 1);
  });

  it('says nothing of a backend that answered too few calls', async () => {
    const clock = new FakeClock();
    const slow = new FakeBackend('tfjs-wasm', clock, priced('answers', 500, 0));
    expect(await measure(clock, [slow])).toEqual([]);
  });

  it('leaves out who fails, and stops when it is told to', async () => {
    const clock = new FakeClock();
    const native = new FakeBackend('native', clock, priced('answers', 0.1, 0));
    const broken = new FakeBackend('cuda', clock, () => ({ kind: 'fails', error: new Error('broken') }));
    expect((await measure(clock, [broken, native])).map(({ name }) => name)).toEqual(['native']);
    expect(broken.batches).toHaveLength(1);
    const calls = native.batches.length;
    await measure(clock, [native], AbortSignal.abort());
    expect(native.batches).toHaveLength(calls);
  });

  it('tells who refused the table from who failed', async () => {
    const clock = new FakeClock();
    const cuda = new FakeBackend('cuda', clock, () => ({ kind: 'fails', error: new RangeError('not yet') }));
    const native = new FakeBackend('native', clock, priced('answers', 0.1, 0));
    for (const backend of [cuda, native]) backend.selects = false;
    const { times, refused } = await clock.run(measureBackends(table, [cuda, native], clock, never));
    expect([times.map(({ name }) => name), refused]).toEqual([['native'], ['cuda']]);
  });
});
