import { beforeAll, describe, expect, it, vi } from 'vitest';
import { loadKernels, type Tfjs } from '../../src/adapters/tfjs/kernels.ts';
import { packBatch } from '../../src/adapters/tfjs/pack-batch.ts';
import { scoreGraph } from '../../src/adapters/tfjs/rerank-graph.ts';
import type { DropOrder, FillOrder, UpdateOrder } from '../../src/adapters/tfjs/rerank-messages.ts';
import { ResidentRows } from '../../src/adapters/tfjs/resident-rows.ts';
import { ResidentTables } from '../../src/adapters/tfjs/resident-tables.ts';
import { selectRows } from '../../src/adapters/tfjs/select-rows.ts';
import type { DocumentChange } from '../../src/domain/document.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { vectorOf } from '../../src/domain/vector-rows.ts';
import { Random } from '../support/random.ts';
import { batchOf, params, randomCase, randomTable, request, windowOf } from '../support/score-cases.ts';
import { oracle } from '../support/score-oracle.ts';
import { testSchema } from '../support/table.ts';

const dimension = 8;
const rowBytes = 4 * dimension;

// Chunks of 16 rows, slices of 5, room for 300: so that small tables have all of it.
vi.mock('../../src/limits.ts', async (original) => {
  const { limits } = await original<typeof import('../../src/limits.ts')>();
  const few = { tfjsChunkBytes: 16 * 32, tfjsUploadSliceBytes: 5 * 32, tfjsTableBytesMax: 300 * 32 };
  return { limits: { ...limits, ...few } };
});

let tfjs: Tfjs;
beforeAll(async () => {
  tfjs = await loadKernels('tfjs-wasm', null);
});

/** What the worker does with orders, in this thread; counts the rows that were sent. */
class Worker {
  readonly tables = new Map<number, ResidentRows>();
  rowsSent = 0;
  readonly post = (order: FillOrder | UpdateOrder | DropOrder): void => {
    if (order.kind !== 'drop') this.rowsSent += order.values.length / dimension;
    switch (order.kind) {
      case 'fill':
        if (!this.tables.has(order.table)) this.tables.set(order.table, new ResidentRows(tfjs, dimension));
        this.tables.get(order.table)!.fill(order);
        break;
      case 'update':
        this.tables.get(order.table)!.update(order);
        break;
      case 'drop':
        this.tables.get(order.table)?.dispose();
        this.tables.delete(order.table);
    }
  };

  /** The row as it stands in its chunk. */
  row(table: number, row: number): number[] {
    const chunk = this.tables.get(table)!.chunk(Math.floor(row / 16));
    const at = (row % 16) * dimension;
    return Array.from(chunk.dataSync<'float32'>().subarray(at, at + dimension));
  }
}

function expectLiveRows(worker: Worker, number: number, table: TableSnapshot): void {
  for (let row = 0; row < table.rowCount; row++)
    if (table.live[row] === 1)
      expect(worker.row(number, row)).toEqual(Array.from(vectorOf(table.vectors, row)));
}

describe('tables as tensors', () => {
  const put = (random: Random, id: number, version: number): DocumentChange => ({
    kind: 'put',
    document: {
      id: `d${id}`,
      version,
      title: 't',
      text: '',
      facets: {},
      fields: {},
      relations: [],
      embedding: random.unitVector(dimension),
    },
  });

  const someChanges = (random: Random, version: number): DocumentChange[] =>
    Array.from({ length: 1 + random.integer(4) }, () => {
      const id = random.integer(80);
      const leaves = random.next() < 0.3;
      return leaves ? { kind: 'delete', id: `d${id}`, version } : put(random, id, version);
    });

  /** The rows that had to be sent so that the epoch is there. */
  async function sentFor(tables: ResidentTables, worker: Worker, snapshot: TableSnapshot): Promise<number> {
    const before = worker.rowsSent;
    expectLiveRows(worker, await tables.follow(snapshot, worker.post), snapshot);
    return worker.rowsSent - before;
  }

  it('hold every live row of every epoch, by its changed rows alone where it follows the one before', async () => {
    const random = new Random('epochs');
    const table = new ResidentTable(testSchema(dimension, []), 1);
    const tables = new ResidentTables();
    const worker = new Worker();
    table.apply(Array.from({ length: 60 }, (_, id) => put(random, id, 1)));
    table.publish();
    for (let round = 0; round < 12; round++) {
      // After an epoch that nobody read the whole table is sent.
      table.apply(someChanges(random, 10 * round + 2));
      table.publish();
      table.apply(someChanges(random, 10 * round + 3));
      const first = table.publish();
      const release = first.retain();
      expect(await sentFor(tables, worker, first)).toBe(first.rowCount);
      for (let version = 4; version < 9; version++) {
        table.apply(someChanges(random, 10 * round + version));
        const next = table.publish();
        // Those that changed, and what came behind the last row, free slots included.
        expect(await sentFor(tables, worker, next)).toBeLessThanOrEqual(2 * next.changed.length);
        // A request that began with the first, whose rows are all still there.
        expect(await sentFor(tables, worker, first)).toBe(0);
      }
      release();
    }
    expect(worker.tables.size).toBe(1);
  });

  it('are dropped, those used longest ago, before they take more room than there is', async () => {
    const random = new Random('room');
    const tables = new ResidentTables();
    const worker = new Worker();
    const all = Array.from({ length: 4 }, () => randomTable(random, 100, dimension));
    const numbers: number[] = [];
    for (const one of all.slice(0, 3)) numbers.push(await tables.follow(one, worker.post));
    // The first is used again, so that the second has to go.
    await tables.follow(all[0]!, worker.post);
    const sent = worker.rowsSent;
    numbers.push(await tables.follow(all[3]!, worker.post));
    expect([...worker.tables.keys()].sort()).toEqual([numbers[0], numbers[2], numbers[3]]);
    expect(worker.rowsSent - sent).toBe(100);
    expect(tfjs.memory().numBytes).toBeGreaterThanOrEqual(300 * rowBytes);
    expect(await tables.follow(all[2]!, worker.post)).toBe(numbers[2]);
    for (const rows of worker.tables.values()) rows.dispose();
  });

  it('are not taken for whole where sending them was given up, or where the worker is another one', async () => {
    const table = randomTable(new Random('abort'), 100, dimension);
    const tables = new ResidentTables();
    const worker = new Worker();
    const abort = new AbortController();
    const given = tables.follow(table, worker.post, abort.signal);
    abort.abort(new Error('nobody waits'));
    await expect(given).rejects.toThrow('nobody waits');
    expect(worker.tables.size).toBe(0);
    const cut = tables.follow(table, worker.post);
    tables.forget();
    await expect(cut).rejects.toThrow('the worker ended');
    const number = await tables.follow(table, worker.post);
    expectLiveRows(worker, number, table);
    worker.tables.get(number)!.dispose();
  });

  it('score rows of many chunks as the oracle does', async () => {
    const random = new Random('chunks');
    const table = randomTable(random, 250, dimension);
    const tables = new ResidentTables();
    const worker = new Worker();
    const cases = (['linear', 'multiplicative', 'rrf'] as const).map((formula) =>
      randomCase(random, table, { formula, ruleCount: 2, rankDepth: 10 }),
    );
    const batch = batchOf(table, cases);
    const packed = packBatch(batch);
    expect(packed.order.groups.length).toBeGreaterThan(3 * 10);
    const number = await tables.follow(table, worker.post);
    const tensors = tfjs.memory().numTensors;
    const scores = scoreGraph(tfjs, worker.tables.get(number)!, {
      kind: 'score',
      table: number,
      ...packed.order,
    });
    expect(tfjs.memory().numTensors).toBe(tensors);
    const selected = selectRows(batch, { ...packed, scores });
    cases.forEach((one, i) => {
      const { ranked, dropped } = oracle(table, one.request, one.window);
      expect(Array.from(packed.dropped[i]!)).toEqual(dropped);
      const rows = new Set(Array.from(selected[i]!, (position) => one.window.rows[position]!));
      for (const { row } of ranked.slice(0, 10)) expect(rows).toContain(row);
    });
  });
});

describe('the selection', () => {
  it('holds the exact top R whatever the error of the scores, up to 2e-6', () => {
    for (let round = 0; round < 200; round++) {
      const random = new Random(`noise ${round}`);
      const count = 60 + random.integer(200);
      // Scores in steps of 1e-7, so that dozens are closer to each other than their errors.
      const popularity = Array.from(
        { length: count },
        () => 0.5 + random.integer(1 + 30 * (round % 4)) * 1e-7,
      );
      const table = randomTable(random, count, 2);
      const rows = Array.from({ length: count }, (_, row) => row);
      const one = request({ params: params({ rankDepth: 1 + random.integer(20), formula: 'rrf' }) });
      const weights = one.params.weights.map(() => 0);
      weights[4] = 1;
      const window = windowOf(rows, { fused: popularity });
      const exact = { request: { ...one, params: { ...one.params, weights } }, window };
      const batch = batchOf(table, [exact]);
      const packed = packBatch(batch);
      const scores = Float32Array.from(
        packed.positions,
        (position) => popularity[position]! + (random.next() < 0.5 ? 1.9e-6 : -1.9e-6),
      );
      const selected = new Set(selectRows(batch, { ...packed, scores })[0]!);
      const { ranked } = oracle(table, exact.request, window);
      const { rankDepth } = exact.request.params;
      expect(selected.size).toBe(Math.min(count, rankDepth + 32));
      for (const { row } of ranked.slice(0, rankDepth)) expect(selected).toContain(row);
    }
  });
});
