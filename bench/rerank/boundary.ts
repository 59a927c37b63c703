import { randomFill } from 'node:crypto';
import type { Goal } from './goal.ts';
import type { NativeRig } from './native-rig.ts';
import { benchBatch, benchRequest, firstRows } from './requests.ts';
import { type RerankBenchContext, type Section, type Timing, timing } from './section.ts';
import { race } from './stopwatch.ts';
import { benchTable } from './table.ts';

/** G6: what a call costs before it does anything. */
export async function boundary(context: RerankBenchContext): Promise<Section> {
  const goals: Goal[] = [];
  const timings: Timing[] = [];
  for (const rig of context.rigs) {
    const { next, dimension } = context;
    const rows = context.size === 'full' ? 1_000 : 100;
    const table = benchTable({ rows, dimension, memory: rig.memory, next });
    const request = benchRequest({ table, kind: 'vector', rankDepth: 10, next });
    const one = rig.prepare(benchBatch(table, [request], firstRows(1), next));
    const portBatch = benchBatch(table, [request], firstRows(1), next);
    const paces = await race(
      [
        { name: 'sync call', call: one.call },
        { name: 'whole port', call: () => rig.reranker.rerank(portBatch) },
        { name: 'async call', call: one.callAsync },
        { name: 'bare round trip', call: bareRoundTrip },
      ],
      context.race,
    );
    one.close();
    const us = (name: string): number => paces.get(name)!.medianUs;
    goals.push(
      goal(`1 row, sync call: ${rig.name}`, 2, 'us', us('sync call')),
      goal(
        `1 row, async call over a bare round trip to libuv's pool: ${rig.name}`,
        1.5,
        'x',
        us('async call') / us('bare round trip'),
      ),
      await callsGoal(rig, table, context),
    );
    for (const [name, pace] of paces)
      timings.push(timing('boundary', `${rig.name}, ${name}`, { rows: 1 }, pace));
  }
  return { goals, timings, notes: [] };
}

function goal(text: string, needed: number, unit: Goal['unit'], measured: number): Goal {
  return { id: 'G6', text, needed, bound: 'most', unit, measured, rooflinePercent: null, note: '' };
}

/** The cheapest thing that Node does on another thread: eight random bytes. */
function bareRoundTrip(): Promise<void> {
  return new Promise((resolve, reject) => {
    randomFill(eightBytes, (error) => (error === null ? resolve() : reject(error)));
  });
}
const eightBytes = new Uint8Array(8);

/** Calls into the addon of one batch of several requests, whatever its rows: no object crosses for a candidate. */
async function callsGoal(
  rig: NativeRig,
  table: ReturnType<typeof benchTable>,
  { next }: RerankBenchContext,
): Promise<Goal> {
  const size = table.rowCount >> 2;
  const requests = Array.from({ length: 4 }, () =>
    benchRequest({ table, kind: 'full', rankDepth: 10, next }),
  );
  const batch = benchBatch(table, requests, firstRows(4 * size), next);
  // The first call opens the table and registers an arena.
  await rig.reranker.rerank(batch);
  rig.countCalls();
  await rig.reranker.rerank(batch);
  return goal(
    `calls into the addon for 4 requests of ${size} rows: ${rig.name}`,
    1,
    'count',
    rig.countCalls(),
  );
}
