import type { VectorTier } from '../../src/domain/vector-rows.ts';
import type { Goal } from './goal.ts';
import { dotWork } from './machine-limits.ts';
import type { NativeRig, PreparedBatch } from './native-rig.ts';
import { benchBatch, benchRequest, firstRows, randomRows } from './requests.ts';
import {
  limitsOf,
  type RerankBenchContext,
  type Section,
  type Timing,
  tierBytes,
  timing,
} from './section.ts';
import { type Contestant, race } from './stopwatch.ts';
import { benchTable } from './table.ts';

interface Setting {
  readonly part: 'hot' | 'cold';
  readonly tier: VectorTier;
  readonly rows: number;
  readonly needed: number;
}

/** Jobs of one sample: enough that the wait at its end does not count. */
const jobs = 8;

/** G9: two requests at once on two threads of the pool, beside one after the other. */
export async function threads(context: RerankBenchContext): Promise<Section> {
  const full = context.size === 'full';
  const settings: readonly Setting[] = [
    { part: 'hot', tier: 'f32', rows: full ? 3_000 : 100, needed: 1.6 },
    { part: 'hot', tier: 'int8', rows: full ? 3_000 : 100, needed: 1.6 },
    { part: 'cold', tier: 'f32', rows: full ? 3_000 : 100, needed: 1.15 },
  ];
  const goals: Goal[] = [];
  const timings: Timing[] = [];
  for (const rig of context.rigs)
    for (const setting of settings) {
      const found = await scaling(context, rig, setting);
      goals.push(found.goal);
      timings.push(...found.timings);
    }
  return { goals, timings, notes: [] };
}

async function scaling(context: RerankBenchContext, rig: NativeRig, { part, tier, rows, needed }: Setting) {
  const { next, dimension, coldMib } = context;
  const elementBytes = tierBytes(` ${tier}`);
  const tableRows = part === 'hot' ? rows : Math.ceil((coldMib * 2 ** 20) / (dimension * elementBytes));
  const table = benchTable({ rows: tableRows, dimension, tier, facetIds: 1, memory: rig.memory, next });
  const request = benchRequest({ table, kind: 'vector', rankDepth: 10, next });
  const windows = Array.from({ length: part === 'hot' ? 1 : 24 }, () =>
    part === 'hot' ? firstRows(rows) : randomRows(table, rows, next),
  );
  const prepared = [0, 1].map(() => rig.prepare(benchBatch(table, [request], windows[0]!, next)));
  const contestants: Contestant[] = [
    { name: '1 thread', call: () => run([prepared[0]!], windows) },
    { name: '2 threads', call: () => run(prepared, windows) },
  ];
  const paces = await race(contestants, context.race);
  for (const { close } of prepared) close();
  const us = (name: string): number => paces.get(name)!.medianUs / jobs;
  const limits = limitsOf(context, rig.isa);
  const gbps = (rows * dimension * elementBytes) / us('2 threads') / 1e3;
  const rooflinePercent = limits === null || part === 'hot' ? null : (100 * gbps) / limits.read_2t_gbps;
  const goal: Goal = {
    id: 'G9',
    text: `${part}, requests of ${rows} ${tier} rows: ${rig.name} on two threads beside one`,
    needed,
    bound: 'least',
    unit: 'x',
    measured: us('1 thread') / us('2 threads'),
    rooflinePercent,
    note: part === 'cold' ? 'roofline: of streaming by two threads' : '',
  };
  const work = dotWork(rows, dimension, elementBytes, part === 'cold');
  const timings = [...paces].map(([name, { medianUs, bestUs }]) =>
    timing(
      'threads',
      `${rig.name} ${tier} ${part}, ${name}`,
      { rows },
      { medianUs: medianUs / jobs, bestUs: bestUs / jobs },
      name === '1 thread' ? { work, limits } : null,
    ),
  );
  return { goal, timings };
}

let turn = 0;

/** So many jobs altogether, shared by those that are prepared; each of them runs one at a time. */
async function run(prepared: readonly PreparedBatch[], windows: readonly Uint32Array[]): Promise<void> {
  let left = jobs;
  const loop = async ({ setRows, callAsync }: PreparedBatch): Promise<void> => {
    while (left > 0) {
      left--;
      if (windows.length > 1) {
        turn = (turn + 1) % windows.length;
        setRows(windows[turn]!);
      }
      await callAsync();
    }
  };
  await Promise.all(prepared.map(loop));
}
