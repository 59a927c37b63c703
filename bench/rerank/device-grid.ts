import { calibrationCells } from '../../src/domain/calibration.ts';
import type { RowMemory } from '../../src/domain/row-memory.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { VectorTier } from '../../src/domain/vector-rows.ts';
import type { RerankBatch, Reranker } from '../../src/ports/reranker.ts';
import type { RowScan, RowScanner } from '../../src/ports/row-scanner.ts';
import { percentile, runClients, sorted } from '../measure.ts';
import { randomUnit } from './block.ts';
import { firstAnswer } from './first-answer.ts';
import { benchBatch, benchRequest, randomRows } from './requests.ts';
import { tidyUs } from './stopwatch.ts';
import { benchTable } from './table.ts';

const tiers: readonly VectorTier[] = ['f32', 'f16', 'int8'];
const dimensions = [512, 768, 1_536];
const tierBytes = { f32: 4, f16: 2, int8: 1 } as const;

/** Vectors of a table: more than the caches of a processor or a GPU hold. */
const tableBytes = 600e6;
const rowsMin = 200_000;

/** Each backend's calls of a cell, in turns of so many rounds: as many as fill the time, within these bounds. */
const cellMs = 120;
const rounds = 12;
const callsMin = 36;
const callsMax = 600;

export interface DeviceGrid {
  readonly next: () => number;
  readonly memory: RowMemory;
  readonly say: (line: string) => void;
}

type Row = Readonly<Record<string, string | number>>;

/** `native` and `cuda` over cold tables of every tier and dimension: percentiles over single calls. */
export async function deviceGrid(rerankers: readonly Reranker[], grid: DeviceGrid): Promise<Row[]> {
  const rows: Row[] = [];
  for (const dimension of dimensions) {
    for (const tier of tiers) {
      const count = Math.max(rowsMin, Math.ceil(tableBytes / (dimension * tierBytes[tier])));
      grid.say(`${tier} x ${dimension}, ${count} rows`);
      const table = benchTable({ rows: count, dimension, tier, memory: grid.memory, next: grid.next });
      for (const { rows: window, requests } of calibrationCells) {
        const batches = batchesOf(table, window, requests, 8, grid.next);
        const times = await timesOf(rerankers, batches);
        const native = times.get('native')!;
        const cuda = times.get('cuda')!;
        rows.push({
          tier,
          dimension,
          table_rows: count,
          rows: window,
          requests,
          native_p50_us: tidyUs(percentile(native, 0.5)),
          native_p99_us: tidyUs(percentile(native, 0.99)),
          cuda_p50_us: tidyUs(percentile(cuda, 0.5)),
          cuda_p99_us: tidyUs(percentile(cuda, 0.99)),
          native_over_cuda: Math.round((100 * percentile(native, 0.5)) / percentile(cuda, 0.5)) / 100,
        });
      }
    }
  }
  return rows;
}

/** Many calls in flight: candidates per second of each backend, over a cold f32 table. */
export async function deviceThroughput(rerankers: readonly Reranker[], grid: DeviceGrid): Promise<Row[]> {
  const table = benchTable({
    rows: rowsMin,
    dimension: 768,
    tier: 'f32',
    memory: grid.memory,
    next: grid.next,
  });
  const rows: Row[] = [];
  for (const [window, requests] of [
    [300, 1],
    [300, 8],
    [1_000, 1],
    [1_000, 32],
  ] as const) {
    const batches = batchesOf(table, window, requests, 32, grid.next);
    for (const reranker of rerankers)
      for (const inFlight of [1, 4, 16, 32]) {
        await firstAnswer(reranker, batches[0]!);
        const calls = Math.max(64, Math.round(600_000 / (window * requests)));
        const measured = await runClients(inFlight, calls, async (i) => {
          await reranker.rerank(batches[i % batches.length]!);
        });
        const us = sorted(measured.samplesMs.map((ms) => ms * 1_000));
        rows.push({
          backend: reranker.name,
          rows: window,
          requests,
          in_flight: inFlight,
          p50_us: tidyUs(percentile(us, 0.5)),
          p99_us: tidyUs(percentile(us, 0.99)),
          million_candidates_per_second:
            Math.round((calls * window * requests) / measured.seconds / 1e4) / 100,
        });
      }
  }
  return rows;
}

/** Scans of a whole table for the best 300 of one vector and of eight: `native` on one thread, and the GPU. */
export async function deviceScans(
  scanners: { readonly native: RowScanner; readonly cuda: RowScanner; readonly settled: () => Promise<void> },
  { next, memory, say }: DeviceGrid,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const tier of ['f32', 'int8'] as const)
    for (const count of [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]) {
      say(`scan of ${count} rows, ${tier}`);
      const table = benchTable({ rows: count, dimension: 512, tier, memory, next });
      for (const vectorCount of [1, 8]) {
        const signal = new AbortController().signal;
        const scan = (): RowScan => ({
          snapshot: table,
          vectors: Array.from({ length: vectorCount }, () => randomUnit(table.dimension, next)),
          mask: table.live,
          limit: 300,
          signal,
        });
        await scanners.cuda.scan(scan());
        await scanners.settled();
        const times = { native: [] as number[], cuda: [] as number[] };
        const runs = Math.max(9, Math.min(99, Math.round(3e6 / (count * vectorCount))));
        for (let run = 0; run < runs; run++)
          for (const name of ['native', 'cuda'] as const) {
            const asked = scan();
            const started = performance.now();
            await scanners[name].scan(asked);
            times[name].push((performance.now() - started) * 1_000);
          }
        const [native, cuda] = [sorted(times.native), sorted(times.cuda)];
        rows.push({
          tier,
          dimension: table.dimension,
          rows: count,
          vectors: vectorCount,
          native_p50_us: tidyUs(percentile(native, 0.5)),
          native_p99_us: tidyUs(percentile(native, 0.99)),
          cuda_p50_us: tidyUs(percentile(cuda, 0.5)),
          cuda_p99_us: tidyUs(percentile(cuda, 0.99)),
          native_over_cuda: Math.round((100 * percentile(native, 0.5)) / percentile(cuda, 0.5)) / 100,
        });
      }
    }
  return rows;
}

function batchesOf(
  table: TableSnapshot,
  window: number,
  requests: number,
  count: number,
  next: () => number,
): RerankBatch[] {
  return Array.from({ length: count }, () => {
    const asked = Array.from({ length: requests }, () =>
      benchRequest({ table, kind: 'full', rankDepth: 100, next }),
    );
    return benchBatch(table, asked, randomRows(table, window * requests, next), next);
  });
}

/** Microseconds of single calls by backend, ascending. */
async function timesOf(
  rerankers: readonly Reranker[],
  batches: readonly RerankBatch[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const contestants: { readonly reranker: Reranker; readonly calls: number; readonly us: number[] }[] = [];
  for (const reranker of rerankers) {
    await firstAnswer(reranker, batches[0]!);
    for (let i = 0; i < 4; i++) await reranker.rerank(batches[i]!);
    const calls = (cellMs * 1_000) / (await callUs(reranker, batches[4]!));
    contestants.push({
      reranker,
      calls: Math.ceil(Math.min(callsMax, Math.max(callsMin, calls)) / rounds),
      us: [],
    });
  }
  let turn = 0;
  for (let round = 0; round < rounds; round++)
    for (const { reranker, calls, us } of contestants) {
      await reranker.rerank(batches[turn++ % batches.length]!);
      for (let i = 0; i < calls; i++) us.push(await callUs(reranker, batches[turn++ % batches.length]!));
    }
  return new Map(contestants.map(({ reranker, us }) => [reranker.name, sorted(us)]));
}

async function callUs(reranker: Reranker, batch: RerankBatch): Promise<number> {
  const started = performance.now();
  await reranker.rerank(batch);
  return (performance.now() - started) * 1_000;
}
