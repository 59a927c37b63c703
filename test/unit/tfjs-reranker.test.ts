import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadKernels } from '../../src/adapters/tfjs/kernels.ts';
import { openTfjsReranker, startRerankWorker } from '../../src/adapters/tfjs/open-tfjs-reranker.ts';
import { TfjsReranker } from '../../src/adapters/tfjs/tfjs-reranker.ts';
import { limits } from '../../src/limits.ts';
import { expectExact } from '../support/expect-exact.ts';
import { Random } from '../support/random.ts';
import { batchOf, randomCase, randomTable, request, windowOf } from '../support/score-cases.ts';
import { oracle } from '../support/score-oracle.ts';
import { splitTable } from '../support/split-table.ts';
import { makeTable } from '../support/table.ts';

const random = new Random('tfjs');
const table = randomTable(random, 60, 16);
const batch = batchOf(table, [randomCase(random, table)]);

describe('scores of the wasm graph', () => {
  let reranker: TfjsReranker;
  beforeAll(async () => {
    reranker = new TfjsReranker('tfjs-wasm', () => startRerankWorker({ kind: 'tfjs-wasm', folder: null }));
    await reranker.ready();
  });
  afterAll(() => reranker.close());

  for (const dimension of [1, 2, 3, 5, 8, 17, 100, 512, 1024, 4096]) {
    it(`are within 2e-6 of the oracle, dimension ${dimension}`, async () => {
      const wide = randomTable(random, 120, dimension, { valuesMax: dimension === 17 ? 1000 : 12 });
      const cases = (['linear', 'multiplicative', 'rrf'] as const).map((formula) =>
        randomCase(random, wide, { formula }),
      );
      const graph = await reranker.scores(batchOf(wide, cases));
      cases.forEach((one, i) => {
        const truth = new Map(
          oracle(wide, one.request, one.window).ranked.map((row) => [row.row, row.score]),
        );
        const first = graph.entryStarts[i]!;
        const count = graph.entryStarts[i + 1]! - first;
        expect(count).toBe(120);
        for (let entry = first; entry < first + count; entry++) {
          const row = one.window.rows[graph.positions[entry]! - 120 * i]!;
          expect(Math.abs(graph.scores[entry]! - truth.get(row)!)).toBeLessThanOrEqual(2e-6);
        }
      });
    });
  }

  it('leave the number of tensors as it was, over 10,000 calls', async () => {
    const small = randomTable(random, 12, 4);
    const split = splitTable(random, small, (row) => row % 3 === 0);
    const whole = batchOf(small, [
      randomCase(random, small, { formula: 'linear' }),
      randomCase(random, small, { formula: 'multiplicative', ruleCount: 2 }),
    ]);
    const apart = { ...whole, ...split.blocks, rows: whole.rows.map((row) => split.numbers[row]!) };
    const counts = new Set<number>();
    for (let call = 0; call < 5_000; call++) {
      // The two tables share their dictionary, as epochs of one table do: each takes the place of the other.
      await reranker.scores(call % 100 < 50 ? whole : apart);
      await reranker.scores(call % 100 < 50 ? whole : apart);
      counts.add(reranker.tensorCount);
    }
    expect(counts.size).toBe(1);
  }, 180_000);

  it('select by the tie rank among thousands of equal rows', async () => {
    const vector = random.unitVector(24);
    const equal = makeTable(
      24,
      Array.from({ length: 3_000 }, (_, i) => ({ id: `${random.integer(1e9)}-${i}`, vector })),
    );
    const rows = random.shuffle(Array.from({ length: 3_000 }, (_, row) => row));
    await expectExact(reranker, equal, [
      { request: request({ queryVector: vector }), window: windowOf(rows) },
    ]);
  });

  it('survive a worker that dies: the table is sent again', async () => {
    const workers: Worker[] = [];
    const own = new TfjsReranker('tfjs-wasm', () => {
      workers.push(startRerankWorker({ kind: 'tfjs-wasm', folder: null }));
      return workers.at(-1)!;
    });
    await own.ready();
    const cases = [randomCase(random, table)];
    await expectExact(own, table, cases);
    await workers[0]!.terminate();
    await expect(own.rerank(batch)).rejects.toThrow('is being loaded');
    await own.ready();
    await expectExact(own, table, cases);
    expect(workers).toHaveLength(2);
    await own.close();
  });

  it('are refused for a table that is too large, with the reason', async () => {
    const large = { ...table, rowCount: limits.tfjsTableBytesMax };
    expect(reranker.supports(table)).toBe(true);
    expect(reranker.supports(large)).toBe(false);
    await expect(reranker.rerank({ ...batch, table: large })).rejects.toThrow(
      /^batch\.table: \d+ bytes of vectors are more than the \d+ that are kept as tensors$/,
    );
  });

  it('are refused for the tiers that tfjs does not have, with the reason', async () => {
    for (const tier of ['f16', 'int8'] as const) {
      const narrow = makeTable(3, [{ id: 'a', vector: [0, 1, 0] }], [], tier);
      expect(reranker.supports(narrow)).toBe(false);
      await expect(
        reranker.rerank(batchOf(narrow, [{ request: request(), window: windowOf([0]) }])),
      ).rejects.toThrow(`batch.table: its vectors are ${tier}, and tfjs has but f32`);
    }
  });

  it('are not computed for a caller who left', async () => {
    await expect(reranker.rerank(batch, AbortSignal.abort(new Error('left')))).rejects.toThrow('left');
    const abort = new AbortController();
    const behind = [reranker.rerank(batch), reranker.rerank(batch, abort.signal)];
    abort.abort(new Error('left too'));
    const [first, second] = await Promise.allSettled(behind);
    expect(first!.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: { message: 'left too' } });
  });
});

describe('a tfjs backend whose worker fails', () => {
  let reranker: TfjsReranker | undefined;
  afterEach(async () => {
    vi.useRealTimers();
    await reranker?.close();
  });

  /** Answers orders with the scores that `answer` makes of the number of candidates, a JavaScript expression. */
  const fake = (answer: string) => () =>
    new Worker(
      `const { parentPort } = require('node:worker_threads');
      parentPort.on('message', (order) => {
        if (order.kind !== 'score') return;
        const count = order.rows.length;
        const scores = ${answer};
        if (scores !== null) parentPort.postMessage({ kind: 'scores', scores, tensorCount: 0 });
      });
      parentPort.postMessage({ kind: 'ready' });`,
      { eval: true },
    );

  it('rejects the batch that crashes it, then serves again', async () => {
    let starts = 0;
    reranker = new TfjsReranker('tfjs-wasm', () => {
      starts++;
      return fake(
        starts === 1 ? `(() => { throw new Error('crashed on purpose'); })()` : 'new Float32Array(count)',
      )();
    });
    await reranker.ready();
    await expect(reranker.rerank(batch)).rejects.toThrow('tfjs-wasm failed: crashed on purpose');
    await reranker.ready();
    expect((await reranker.rerank(batch)).selected[0]).toHaveLength(60);
  });

  it('rejects a batch that hangs, after limits.tfjsAnswerMsMax', async () => {
    reranker = new TfjsReranker('tfjs-wasm', fake('null'));
    await reranker.ready();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const hung = expect(reranker.rerank(batch)).rejects.toThrow('tfjs-wasm failed: did not answer in time');
    await new Promise(setImmediate);
    vi.advanceTimersByTime(limits.tfjsAnswerMsMax);
    await hung;
  });

  it('rejects scores that are no numbers, or too few', async () => {
    reranker = new TfjsReranker('tfjs-wasm', fake('new Float32Array(count).fill(NaN)'));
    await reranker.ready();
    await expect(reranker.rerank(batch)).rejects.toThrow('no numbers');
    await reranker.close();
    reranker = new TfjsReranker('tfjs-wasm', fake('new Float32Array(count - 1)'));
    await reranker.ready();
    await expect(reranker.rerank(batch)).rejects.toThrow('59 scores');
  });

  it('gives up after limits.tfjsRestartsMax failures in a row', async () => {
    let starts = 0;
    reranker = new TfjsReranker('tfjs-wasm', () => {
      starts++;
      return new Worker('throw new Error("no kernels today")', { eval: true });
    });
    await expect(reranker.ready()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'tfjs-wasm failed: no kernels today',
    });
    await expect(reranker.rerank(batch)).rejects.toMatchObject({ code: 'unavailable' });
    expect(starts).toBe(limits.tfjsRestartsMax + 1);
  });
});

describe('tfjs-node that is not as it should be', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'triptych-tfjs-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A folder in which @tensorflow/tfjs-node is this module. */
  function packageOf(name: string, source: string): string {
    const home = path.join(folder, name);
    const place = path.join(home, 'node_modules', '@tensorflow', 'tfjs-node');
    mkdirSync(place, { recursive: true });
    writeFileSync(path.join(place, 'index.js'), source);
    return home;
  }

  it('absent: one line says so', async () => {
    expect(await openTfjsReranker('tfjs-node', folder)).toEqual({
      reranker: null,
      reason: '@tensorflow/tfjs-node is not installed',
    });
    expect((await openTfjsReranker('tfjs-gpu', folder)).reason).toBe(
      '@tensorflow/tfjs-node-gpu is not installed',
    );
  });

  it('not loadable: the first line of why', async () => {
    const home = packageOf(
      'broken',
      `throw new Error('The native module can not be found at: x.\\nRun y.');`,
    );
    expect((await openTfjsReranker('tfjs-node', home)).reason).toBe(
      '@tensorflow/tfjs-node does not load: The native module can not be found at: x.',
    );
  });

  it('on other kernels than its own: refused', async () => {
    const home = packageOf('cpu', `exports.ready = async () => {}; exports.getBackend = () => 'cpu';`);
    await expect(loadKernels('tfjs-node', home)).rejects.toThrow('did not start TensorFlow');
  });

  it('on a Node without util.isNullOrUndefined: what was taken out is put back before it loads', async () => {
    const home = packageOf(
      'modern',
      `const util = require('util');
      if (!util.isNullOrUndefined(undefined) || util.isNullOrUndefined(0)) throw new Error('util');
      exports.ready = async () => {};
      exports.getBackend = () => 'tensorflow';
      exports.backend = () => ({ isUsingGpuDevice: false });`,
    );
    const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>;
    const before = util.isNullOrUndefined;
    util.isNullOrUndefined = undefined;
    try {
      expect((await loadKernels('tfjs-node', home)).getBackend()).toBe('tensorflow');
    } finally {
      util.isNullOrUndefined = before;
    }
  });
});
