import { describe, expect, it } from 'vitest';
import { random } from '../../bench/random.ts';
import { exactDots, randomBlock } from '../../bench/rerank/block.ts';
import { checkDots, plainContestants } from '../../bench/rerank/contestants.ts';
import { type Goal, goalColumns, goalRow, verdictOf } from '../../bench/rerank/goal.ts';
import { bestLimits, dotWork, limitUs, type MachineLimits } from '../../bench/rerank/machine-limits.ts';
import { gemmModel } from '../../bench/rerank/onnx-gemm.ts';
import { benchBatch, benchRequest, firstRows, randomRows } from '../../bench/rerank/requests.ts';
import { sameSelection } from '../../bench/rerank/same-selection.ts';
import { race } from '../../bench/rerank/stopwatch.ts';
import { benchTable } from '../../bench/rerank/table.ts';
import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import { tableLines } from '../../src/std/table-lines.ts';

const goal: Goal = {
  id: 'G1',
  text: 'beside a peer',
  needed: 2,
  bound: 'least',
  unit: 'x',
  measured: 2,
  rooflinePercent: 61.6,
  note: '',
};

describe('goals', () => {
  it('pass at what is needed and miss on the wrong side of it', () => {
    expect(verdictOf(goal)).toBe('pass');
    expect(verdictOf({ ...goal, measured: 1.999 })).toBe('MISS');
    expect(verdictOf({ ...goal, bound: 'most' })).toBe('pass');
    expect(verdictOf({ ...goal, bound: 'most', measured: 2.001 })).toBe('MISS');
    expect(verdictOf({ ...goal, measured: null })).toBe('not measured');
    expect(verdictOf({ ...goal, measured: Number.NaN })).toBe('not measured');
  });

  it('are printed with verdict, ratio and roofline', () => {
    const lines = tableLines(
      [goalRow(goal), goalRow({ ...goal, measured: null, rooflinePercent: null })],
      goalColumns,
    );
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^G1 +beside a peer +>= 2x +2x +pass +62 %$/);
    expect(lines[2]).toMatch(/not measured$/);
  });
});

const limits: MachineLimits = {
  cold_mib: 336,
  isas: [
    {
      isa: 'avx2',
      fma_gflops: 100,
      read_gbps: { '256': 100, '1024': 50, cold: 10 },
      read_2t_gbps: 15,
      cold_one_row_ns: 400,
    },
  ],
  sort_10000_us: 400,
  sgemv_us: { '300': 15 },
};

describe('limits of the machine', () => {
  it('are the slower of reading and computing, at the smallest cache that holds the rows', () => {
    const avx2 = limits.isas[0]!;
    // 256 KiB at 100 GB/s; twice as many flops as components at 100 GFLOP/s would take half as long.
    expect(limitUs({ bytes: 262_144, flops: 131_072, cold: false }, avx2)).toBeCloseTo(2.62144);
    expect(limitUs({ bytes: 262_145, flops: 131_072, cold: false }, avx2)).toBeCloseTo(5.2429);
    expect(limitUs({ bytes: 2 ** 21, flops: 0, cold: false }, avx2)).toBeCloseTo(209.7152);
    expect(limitUs({ bytes: 1_000, flops: 0, cold: true }, avx2)).toBeCloseTo(0.1);
    expect(limitUs({ bytes: 1, flops: 1e6, cold: false }, avx2)).toBeCloseTo(10);
    expect(dotWork(10, 768, 2, true)).toEqual({ bytes: 15_360, flops: 15_360, cold: true });
  });

  it('of two measurements are the better ones; contestants count as their mean', () => {
    const other: MachineLimits = {
      ...limits,
      isas: [
        {
          ...limits.isas[0]!,
          fma_gflops: 90,
          read_gbps: { '256': 120, '1024': 40, cold: 11 },
          cold_one_row_ns: 300,
        },
      ],
      sort_10000_us: 500,
      sgemv_us: { '300': 14 },
    };
    const best = bestLimits(limits, other);
    expect(best.isas[0]).toMatchObject({
      fma_gflops: 100,
      read_gbps: { '256': 120, '1024': 50, cold: 11 },
      cold_one_row_ns: 350,
    });
    expect(best).toMatchObject({ sort_10000_us: 450, sgemv_us: { '300': 14.5 } });
  });
});

describe('a race', () => {
  it('runs contestants in turn and waits for promises', async () => {
    const order: string[] = [];
    let busy = false;
    const later = async (): Promise<void> => {
      expect(busy).toBe(false);
      busy = true;
      await Promise.resolve();
      busy = false;
    };
    const contestant = (name: string, call: () => unknown) => ({
      name,
      call: () => {
        if (order.at(-1) !== name) order.push(name);
        return call();
      },
    });
    const paces = await race([contestant('now', () => {}), contestant('later', later)], {
      rounds: 3,
      sampleMs: 0.05,
    });
    // The warm-up of each, then the rounds.
    expect(order).toEqual(['now', 'later', 'now', 'later', 'now', 'later', 'now', 'later']);
    for (const { medianUs, bestUs } of paces.values()) expect(medianUs).toBeGreaterThanOrEqual(bestUs);
  });
});

describe('contestants', () => {
  it('of plain JavaScript compute the dot products, and wrong ones are refused', () => {
    const block = randomBlock(7, 16, random(3));
    const exact = exactDots(block);
    for (const { name, call, dots } of plainContestants(block, firstRows(7))) {
      call();
      expect(() => checkDots(name, dots(), exact), name).not.toThrow();
    }
    const wrong = Float32Array.from(exact);
    wrong[5]! += 1e-3;
    expect(() => checkDots('wrong', wrong, exact)).toThrow(/row 5/);
    expect(() => checkDots('short', wrong.subarray(1), exact)).toThrow(/6 dots of 7/);
  });

  it('give ORT a Gemm over the rows as they lie', () => {
    const model = Buffer.from(gemmModel(300, 768));
    // NodeProto.op_type, AttributeProto transB = 1, and the shape of the block: 300 x 768 as varints.
    expect(model.includes(Buffer.from('\x22\x04Gemm'))).toBe(true);
    expect(model.includes(Buffer.from([0x0a, 6, ...Buffer.from('transB'), 0x18, 1, 0xa0, 1, 2]))).toBe(true);
    expect(model.includes(Buffer.from([0x08, 0xac, 0x02, 0x0a, 0x03, 0x08, 0x80, 0x06]))).toBe(true);
  });
});

describe('generated batches', () => {
  const next = random(5);
  const table = benchTable({ rows: 60, dimension: 24, next });

  it.each(['vector', 'full'] as const)(
    'of kind %s are accepted by the reference, which agrees with itself',
    async (kind) => {
      const requests = [0, 1].map(() => benchRequest({ table, kind, rankDepth: 5, next }));
      const batch = benchBatch(table, requests, randomRows(table, 40, next), next);
      const answer = await new JsReranker().rerank(batch);
      await expect(sameSelection(batch, answer, 'js')).resolves.toBeUndefined();
      const other = {
        ...answer,
        selected: answer.selected.map((rows) => rows.map((row) => (row + 1) % 20).subarray(3)),
      };
      await expect(sameSelection(batch, other, 'other')).rejects.toThrow(/other: request 0 selects/);
    },
  );

  it('hold each tier, also where rows repeat', () => {
    for (const tier of ['f32', 'f16', 'int8'] as const) {
      const { vectors, rowCount } = benchTable({ rows: 10_007, dimension: 8, tier, facetIds: 1, next });
      expect(rowCount).toBe(10_007);
      const row = (index: number) =>
        Array.from(vectors.values.subarray(index * vectors.stride, index * vectors.stride + 8));
      expect(row(10_006), tier).toEqual(row(6));
      expect(row(10_006).some((value) => value !== 0)).toBe(true);
      if (tier === 'int8') expect(vectors.scales[10_006]).toBe(vectors.scales[6]);
    }
  });

  it('draw distinct rows where there are enough', () => {
    expect(new Set(randomRows(table, 30, next)).size).toBe(30);
    expect(randomRows(table, 100, next).every((row) => row < 60)).toBe(true);
  });
});
