import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { round } from '../measure.ts';
import type { Goal } from './goal.ts';
import type { NativeRig, PreparedBatch } from './native-rig.ts';
import { benchBatch, benchRequest, firstRows } from './requests.ts';
import type { RerankBenchContext, Section } from './section.ts';
import { benchTable } from './table.ts';

const resolutionMs = 1;

/** G7: does the event loop feel large requests that run on the addon's threads? */
export async function loopDelay(context: RerankBenchContext): Promise<Section> {
  const full = context.size === 'full';
  const goals: Goal[] = [];
  const notes: string[] = [];
  for (const rig of context.rigs) {
    const prepared = prepare(context, rig, full ? 10_000 : 100);
    const ms = full ? 3_000 : 100;
    const idle = await delay(ms, () => setImmediate());
    const off = await delay(ms, prepared.callAsync);
    const on = await delay(ms, async () => {
      prepared.call();
      await setImmediate();
    });
    prepared.close();
    const rows = full ? 10_000 : 100;
    const note = `beyond the timer of 1 ms; with nothing to do ${beyondTimer(idle.p99)} ms`;
    const common = { id: 'G7', bound: 'most', rooflinePercent: null, note } as const;
    const offP99 = beyondTimer(off.p99);
    const onP99 = beyondTimer(on.p99);
    goals.push(
      {
        ...common,
        text: `loop delay p99, ${rows} rows back to back off the thread: ${rig.name}`,
        needed: 2,
        unit: 'ms',
        measured: offP99,
      },
      {
        ...common,
        text: `loop delay p99, off the thread over on it: ${rig.name}`,
        needed: 0.2,
        unit: 'x',
        measured: onP99 === 0 ? null : offP99 / onP99,
      },
    );
    const figures = Object.entries({ idle, off, on }).map(
      ([name, { p50, p99, max }]) => `${name} ${p50} / ${p99} / ${max}`,
    );
    notes.push(
      `G7 ${rig.name}, delay of the loop p50 / p99 / max in ms, the timer included: ${figures.join(', ')}`,
    );
  }
  return { goals, timings: [], notes };
}

function beyondTimer(ms: number): number {
  return round(Math.max(0, ms - resolutionMs));
}

function prepare(context: RerankBenchContext, rig: NativeRig, rows: number): PreparedBatch {
  const { dimension, next } = context;
  const table = benchTable({ rows, dimension, facetIds: 8, memory: rig.memory, next });
  const request = benchRequest({ table, kind: 'full', rankDepth: 100, next });
  return rig.prepare(benchBatch(table, [request], firstRows(rows), next));
}

/** Delay of the event loop, in milliseconds, while `work` runs back to back. */
async function delay(forMs: number, work: () => Promise<unknown>) {
  await work();
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  const end = performance.now() + forMs;
  while (performance.now() < end) await work();
  histogram.disable();
  const at = (ns: number): number => round(ns / 1e6);
  return { p50: at(histogram.percentile(50)), p99: at(histogram.percentile(99)), max: at(histogram.max) };
}
