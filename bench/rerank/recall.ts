import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { makeVectorRows, writeVector } from '../../src/domain/vector-rows.ts';
import { limits } from '../../src/limits.ts';
import { unitVector } from '../../src/std/unit-vector.ts';
import { randomUnit } from './block.ts';
import type { Goal } from './goal.ts';
import type { NativeRig } from './native-rig.ts';
import { benchBatch, benchRequest, firstRows } from './requests.ts';
import type { RerankBenchContext, Section } from './section.ts';
import { benchTable } from './table.ts';

const wanted = 100;

/**
 * G3, precision: rows close around a centre, so that the best ones are near-ties, in each tier: how many of the best
 * hundred by f32 does the tier find, int8 among twice as many that are then compared in f32?
 */
export async function recall(context: RerankBenchContext): Promise<Section> {
  const rig = context.rigs[0];
  if (rig === undefined) return { goals: [], timings: [], notes: [] };
  const rows = context.size === 'full' ? 10_000 : 500;
  const queries = context.size === 'full' ? 20 : 2;
  const tables = nearTies(context, rig, rows);
  const found = { f16: 0, int8: 0 };
  for (let i = 0; i < queries; i++) {
    const request = {
      ...benchRequest({ table: tables.f32, kind: 'vector', rankDepth: wanted, next: context.next }),
      queryVector: near(tables.centre, context),
    };
    const scores = exactScores(tables.f32, request.queryVector);
    const best = new Set(bestOf(firstRows(rows), scores, wanted));
    const select = (table: TableSnapshot, count: number): Uint32Array => {
      // Near 1, where the cosines are: not clamped away.
      const params = { ...request.params, lo: 0, hi: 1, rankDepth: count - limits.rescoreMargin };
      const prepared = rig.prepare(
        benchBatch(table, [{ ...request, params }], firstRows(rows), context.next),
      );
      prepared.call();
      prepared.close();
      return prepared.answer().selected[0]!;
    };
    found.f16 += share(best, select(tables.f16, wanted));
    // Twice as many, the margin among them, and the best of those by f32.
    found.int8 += share(best, bestOf(select(tables.int8, 2 * wanted), scores, wanted));
  }
  const goal = (tier: 'f16' | 'int8', needed: number, text: string): Goal => ({
    id: 'G3',
    text: `recall@${wanted} of ${rows} near-ties: ${text}`,
    needed: 100 * needed,
    bound: 'least',
    unit: '%',
    measured: (100 * found[tier]) / queries,
    rooflinePercent: null,
    note: '',
  });
  return {
    goals: [
      goal('f16', 0.999, `${rig.name} f16`),
      goal('int8', 0.99, `${rig.name} int8, then f32 of ${2 * wanted}`),
    ],
    timings: [],
    notes: [],
  };
}

function nearTies(context: RerankBenchContext, { memory }: NativeRig, rows: number) {
  const { dimension, next } = context;
  const centre = randomUnit(dimension, next);
  const vectors = Array.from({ length: rows }, () => near(centre, context));
  const plain = benchTable({ rows, dimension, facetIds: 1, memory, next });
  const inTier = (tier: 'f32' | 'f16' | 'int8'): TableSnapshot => {
    const stored = makeVectorRows(tier, dimension, rows, memory);
    vectors.forEach((vector, row) => {
      writeVector(stored, row, vector);
    });
    // An epoch of its own: handles of tables are kept by epoch.
    return { ...plain, epoch: { ...plain.epoch }, vectors: stored };
  };
  return { centre, f32: inTier('f32'), f16: inTier('f16'), int8: inTier('int8') };
}

function near(centre: Float32Array, { next }: RerankBenchContext): Float32Array {
  return unitVector(Float64Array.from(centre, (x) => x + 0.05 * (next() - 0.5)))!;
}

function exactScores({ vectors, rowCount, dimension }: TableSnapshot, query: Float32Array): Float64Array {
  return Float64Array.from({ length: rowCount }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += vectors.values[row * vectors.stride + i]! * query[i]!;
    return sum;
  });
}

function bestOf(rows: Uint32Array, scores: Float64Array, count: number): Uint32Array {
  return rows.toSorted((a, b) => scores[b]! - scores[a]! || a - b).subarray(0, count);
}

function share(best: ReadonlySet<number>, rows: Uint32Array): number {
  return rows.reduce((count, row) => count + Number(best.has(row)), 0) / best.size;
}
