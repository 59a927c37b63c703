import { describe, expect, it } from 'vitest';
import { type Calibration, calibrationCells } from '../../src/domain/calibration.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type { Logger } from '../../src/ports/logger.ts';
import type { BackendName, RerankBatch } from '../../src/ports/reranker.ts';
import { BackendChoice } from '../../src/search/backend-choice.ts';
import type { ChosenAnswer } from '../../src/search/chosen-reranker.ts';
import { type Behaviour, FakeBackend } from '../support/fake-backends.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { scoringWith } from '../support/js-backends.ts';
import { Random } from '../support/random.ts';
import { batchOf, randomCase, randomTable } from '../support/score-cases.ts';
import { silentMeter } from '../support/search-fixture.ts';

const random = new Random('chosen');
const table = randomTable(random, 40, 8);
const never = new AbortController().signal;

function batch(requests = 1, count = 30): RerankBatch {
  return batchOf(
    table,
    Array.from({ length: requests }, () => randomCase(random, table, { count, rankDepth: 5 })),
  );
}

/** Native is the fastest alone, cuda for many requests. */
function kept(clock: FakeClock): Calibration {
  const us = (startUs: number, rowUs: number): number[] =>
    calibrationCells.map(({ rows, requests }) => startUs + rowUs * rows * requests);
  return {
    tier: 'f32',
    dimensionMax: 8,
    measuredAtMs: clock.epochMs(),
    backends: [
      { name: 'cuda', variant: 'fake', us: us(100, 0.01) },
      { name: 'native', variant: 'fake', us: us(2, 0.5) },
      { name: 'js', variant: '', us: us(5, 10) },
    ],
  };
}

function setUp(setting: 'auto' | BackendName = 'auto', measured = true) {
  const clock = new FakeClock();
  const quick = (): Behaviour => ({ kind: 'answers', ms: 1 });
  const cuda = new FakeBackend('cuda', clock, quick);
  const native = new FakeBackend('native', clock, quick);
  const lines: { readonly level: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  const line = (level: string) => (fields: Readonly<Record<string, unknown>>) =>
    lines.push({ level, fields });
  const logger: Logger = { info: line('info'), warn: line('warn'), error: line('error') };
  const metrics = { rerank_fallbacks: 0, rerank_backends_off: 0 } as Record<string, number>;
  const meter = {
    ...silentMeter,
    count: (name: string, by: number) => {
      metrics[name] = (metrics[name] ?? 0) + by;
    },
    gauge: (name: string, value: number) => {
      metrics[name] = value;
    },
  };
  const scoring = scoringWith([cuda, native], { setting, kept: measured ? [kept(clock)] : [] });
  const choice = new BackendChoice(scoring, { clock, meter, logger });
  const rerank = (one: RerankBatch, signal = never): Promise<ChosenAnswer> =>
    clock.run(choice.reranker.rerank(one, signal));
  return { clock, cuda, native, choice, rerank, lines, metrics };
}

describe('the choice', () => {
  it('goes to what is fastest for the size of the batch', async () => {
    const { rerank, choice } = setUp();
    expect((await rerank(batch(1))).backend).toBe('native');
    expect((await rerank(batch(32))).backend).toBe('cuda');
    expect(choice.usual()).toBe('cuda');
  });

  it('is native, else js, while nothing is measured', async () => {
    const { rerank, native, choice } = setUp('auto', false);
    expect([(await rerank(batch())).backend, choice.usual()]).toEqual(['native', 'native']);
    native.takesTables = false;
    expect((await rerank(batch())).backend).toBe('js');
  });

  it('is the one that is named, whatever was measured', async () => {
    for (const name of ['js', 'native', 'cuda'] as const) {
      const { rerank, choice } = setUp(name);
      expect([(await rerank(batch(1))).backend, (await rerank(batch(32))).backend]).toEqual([name, name]);
      expect([choice.usual(), choice.stats().setting]).toEqual([name, name]);
    }
  });

  it('says once that the one that is named does not take a table, and names who serves it', async () => {
    const { rerank, cuda, choice, lines } = setUp('cuda');
    cuda.takesTables = false;
    choice.expect(table);
    for (let i = 0; i < 2; i++) expect((await rerank(batch())).backend).toBe('native');
    expect(choice.usual()).toBe('native');
    expect(lines).toEqual([
      { level: 'warn', fields: { backend: 'cuda', reason: 'planted', catalogue: table.schema.name } },
    ]);
    cuda.takesTables = true;
    expect([(await rerank(batch())).backend, choice.usual()]).toEqual(['cuda', 'cuda']);
  });

  it('passes over a backend that does not take the table', async () => {
    const { rerank, cuda } = setUp();
    cuda.takesTables = false;
    expect((await rerank(batch(32))).backend).toBe('native');
    expect(cuda.batches).toEqual([]);
  });
});

describe('a backend that fails', () => {
  const broken = (): Behaviour => ({ kind: 'fails', error: new Error('planted') });

  it('costs nobody an answer, is logged once and latched off after some failures in a row', async () => {
    const { rerank, native, choice, lines, metrics } = setUp();
    const expected = await rerank(batch(1, 40));
    native.behaviour = broken;
    const calls = limits.rerankFailuresMax;
    for (let i = 0; i < calls + 2; i++) expect((await rerank(batch())).backend).not.toBe('native');
    expect(expected.backend).toBe('native');
    expect(native.batches).toHaveLength(1 + calls);
    expect(lines.map(({ level, fields }) => [level, fields.backend])).toEqual([
      ['warn', 'native'],
      ['error', 'native'],
    ]);
    expect(metrics).toMatchObject({ rerank_fallbacks: calls, rerank_backends_off: 1 });
    expect(choice.off()).toEqual([{ name: 'native', reason: expect.stringContaining('planted') }]);
    expect(choice.stats().backends).toContainEqual({
      name: 'native',
      variant: 'fake',
      state: 'off',
      reason: expect.stringContaining('3 calls in a row'),
    });
  });

  it('stays on where calls between succeed', async () => {
    const { rerank, native, choice } = setUp();
    let calls = 0;
    native.behaviour = () =>
      ++calls % limits.rerankFailuresMax === 0 ? { kind: 'answers', ms: 1 } : broken();
    for (let i = 0; i < 12; i++) await rerank(batch());
    expect(choice.off()).toEqual([]);
    expect(native.batches).toHaveLength(12);
  });

  it('is latched off at once when it says that it is lost', async () => {
    const { rerank, native, choice } = setUp();
    native.behaviour = () => ({
      kind: 'fails',
      error: new TriptychError('unavailable', 'the device is lost'),
    });
    expect((await rerank(batch())).backend).toBe('js');
    expect(choice.off()).toEqual([{ name: 'native', reason: 'the device is lost' }]);
  });

  it('is not to blame for a batch that nobody takes', async () => {
    const { rerank, native, choice, lines, metrics } = setUp('native');
    const faulty = { ...batch(), offsets: Uint32Array.of(0, 1) };
    native.behaviour = () => ({ kind: 'fails', error: new RangeError('batch.offsets[1]: ends at 1') });
    for (let i = 0; i < 5; i++) await expect(rerank(faulty)).rejects.toThrow(RangeError);
    expect([choice.off(), lines, metrics.rerank_fallbacks]).toEqual([[], [], 0]);
  });

  it('is not to blame for what every backend fails at', async () => {
    const { rerank, choice } = setUp();
    const faulty = { ...batch(), requests: [null] } as unknown as RerankBatch;
    for (let i = 0; i < 5; i++) await expect(rerank(faulty)).rejects.toThrow(TypeError);
    expect(choice.off()).toEqual([]);
    expect((await rerank(batch())).backend).toBe('native');
  });

  it('is never latched off where it is the last resort', async () => {
    const { clock } = setUp();
    const js = new FakeBackend('js', clock, broken);
    const choice = new BackendChoice(
      { ...scoringWith(), available: [js] },
      { clock, meter: silentMeter, logger: { info() {}, warn() {}, error() {} } },
    );
    for (let i = 0; i < 5; i++)
      await expect(choice.reranker.rerank(batch(), never)).rejects.toThrow('planted');
    expect([choice.off(), js.batches.length]).toEqual([[], 5]);
  });
});

describe('a backend that hangs', () => {
  it('loses the batch to another one after its time, and is latched off', async () => {
    const { clock, rerank, native, choice } = setUp();
    native.behaviour = () => ({ kind: 'hangs', heeds: false });
    const startMs = clock.nowMs();
    expect((await rerank(batch())).backend).toBe('js');
    expect(clock.nowMs() - startMs).toBe(limits.rerankAnswerMsMax);
    expect(choice.off()).toEqual([{ name: 'native', reason: 'native did not answer within 1000 ms' }]);
    await rerank(batch());
    expect(native.batches).toHaveLength(1);
  });

  it('ends with the callers that gave up; one that heeds the signal serves on', async () => {
    for (const heeds of [true, false]) {
      const { clock, rerank, native, choice } = setUp();
      native.behaviour = () => ({ kind: 'hangs', heeds });
      const controller = new AbortController();
      clock.after(20, () => controller.abort());
      await expect(rerank(batch(), controller.signal)).rejects.toThrow('aborted');
      native.behaviour = () => ({ kind: 'answers', ms: 1 });
      // While the call is open inside the backend others serve.
      expect((await clock.run(choice.reranker.rerank(batch(), never))).backend).toBe(
        heeds ? 'native' : 'cuda',
      );
      clock.advance(limits.rerankHungMsMax);
      expect(choice.off().map(({ name }) => name)).toEqual(heeds ? [] : ['native']);
    }
  });

  it('is given more time where it is known to be slow', async () => {
    const { clock, rerank, native, choice } = setUp('native');
    const slow = {
      ...kept(clock),
      backends: [{ name: 'native', variant: 'fake', us: calibrationCells.map(() => 2e5) }],
    };
    const patient = new BackendChoice(
      scoringWith([native], { setting: 'native', kept: [slow as Calibration] }),
      { clock, meter: silentMeter, logger: { info() {}, warn() {}, error() {} } },
    );
    native.behaviour = () => ({ kind: 'answers', ms: 3_000 });
    expect((await clock.run(patient.reranker.rerank(batch(), never))).backend).toBe('native');
    expect((await rerank(batch())).backend).toBe('js');
    expect(choice.off()).toHaveLength(1);
  });

  it('keeps the rows of its batch until it is through', async () => {
    const { clock, native, choice } = setUp();
    let holders = 0;
    const retained = {
      ...table,
      retain: () => {
        holders++;
        return () => {
          holders--;
        };
      },
    };
    native.behaviour = () => ({ kind: 'answers', ms: 300 });
    const controller = new AbortController();
    clock.after(20, () => controller.abort());
    const answer = choice.reranker.rerank({ ...batch(), table: retained }, controller.signal);
    await expect(clock.run(answer)).rejects.toThrow('aborted');
    expect([holders, native.open]).toEqual([1, 1]);
    clock.advance(300);
    await new Promise((resolve) => setImmediate(resolve));
    expect([holders, native.open]).toEqual([0, 0]);
  });
});

it('closes every backend once, and waits for none that hangs', async () => {
  const { cuda, native, choice, clock } = setUp();
  const close = cuda.close.bind(cuda);
  cuda.close = () => close().then(() => new Promise(() => {}));
  const startMs = clock.nowMs();
  await clock.run(choice.close());
  expect(clock.nowMs() - startMs).toBe(limits.workerEndMsMax);
  expect([cuda.closed, native.closed]).toEqual([1, 1]);
});
