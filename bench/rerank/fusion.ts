import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import { openTfjsReranker } from '../../src/adapters/tfjs/open-tfjs-reranker.ts';
import type { RerankBatch, Reranker } from '../../src/ports/reranker.ts';
import type { Goal } from './goal.ts';
import { dotWork } from './machine-limits.ts';
import type { NativeRig } from './native-rig.ts';
import { benchBatch, benchRequest, firstRows } from './requests.ts';
import { sameSelection } from './same-selection.ts';
import { limitsOf, type RerankBenchContext, type Section, type Timing, timing } from './section.ts';
import { type Contestant, race } from './stopwatch.ts';
import { benchTable } from './table.ts';

interface Shape {
  readonly text: string;
  readonly dimension: number;
  readonly facetIds: number;
  readonly needed: number;
}

/** G5: all signals, a hard rule and the selection, beside dot products alone, tfjs-wasm and the reference. */
export async function fusion(context: RerankBenchContext): Promise<Section> {
  const full = context.size === 'full';
  const rows = full ? 1_000 : 100;
  const shapes: readonly Shape[] = [
    {
      text: `${context.dimension}-d, 8 facet values`,
      dimension: context.dimension,
      facetIds: 8,
      needed: 1.35,
    },
    { text: '512-d, 15 facet values as films have', dimension: full ? 512 : 64, facetIds: 15, needed: 2 },
  ];
  const tfjs = await openTfjsReranker('tfjs-wasm');
  const goals: Goal[] = [];
  const timings: Timing[] = [];
  try {
    for (const rig of context.rigs)
      for (const shape of shapes) {
        const found = await fuse(context, rig, shape, rows, tfjs.reranker);
        goals.push(...found.goals);
        timings.push(...found.timings);
      }
  } finally {
    await tfjs.reranker?.close();
  }
  return { goals, timings, notes: tfjs.reason === null ? [] : [`without tfjs-wasm: ${tfjs.reason}`] };
}

async function fuse(
  context: RerankBenchContext,
  rig: NativeRig,
  { text, dimension, facetIds, needed }: Shape,
  rows: number,
  tfjs: Reranker | null,
) {
  const { next } = context;
  const table = benchTable({ rows, dimension, facetIds, memory: rig.memory, next });
  const batchOf = (kind: 'vector' | 'full'): RerankBatch =>
    benchBatch(table, [benchRequest({ table, kind, rankDepth: 100, next })], firstRows(rows), next);
  const batches = { vector: batchOf('vector'), full: batchOf('full') };
  const dots = rig.prepare(batches.vector);
  const fused = rig.prepare(batches.full);
  fused.call();
  await sameSelection(batches.full, fused.answer(), `${rig.name} full request`);
  const contestants: Contestant[] = [
    { name: `${rig.name} dots only`, call: dots.call },
    { name: `${rig.name} full`, call: fused.call },
    // The port, with packing and the answer's arrays, as the service calls it.
    portContestant(`${rig.name} full, whole port`, rig.reranker, batches.full),
    portContestant('js full, whole port', new JsReranker(), batches.full),
    ...(tfjs === null ? [] : [portContestant('tfjs-wasm full, whole port', tfjs, batches.full)]),
  ];
  const paces = await race(contestants, context.race);
  for (const { close } of [dots, fused]) close();
  const us = (name: string): number | null => paces.get(name)?.medianUs ?? null;
  const own = us(`${rig.name} full, whole port`)!;
  const work = dotWork(rows, dimension, 4, false);
  const limit = { work, limits: limitsOf(context, rig.isa) };
  const line = timing('fusion', '', { rows }, paces.get(`${rig.name} full`)!, limit);
  const common = { id: 'G5', rooflinePercent: line.roofline_percent ?? null, note: '' } as const;
  const beside = (peer: string, needs: number, peerUs: number | null): Goal => ({
    ...common,
    text: `full request, ${rows} rows, ${text}: ${rig.name} port beside ${peer}`,
    needed: needs,
    bound: 'least',
    unit: 'x',
    measured: peerUs === null ? null : peerUs / own,
    note: peerUs === null ? 'the peer did not load' : '',
  });
  const goals: Goal[] = [
    {
      ...common,
      text: `full request over dots only, ${rows} rows, ${text}: ${rig.name}`,
      needed,
      bound: 'most',
      unit: 'x',
      measured: us(`${rig.name} full`)! / us(`${rig.name} dots only`)!,
    },
    beside('tfjs-wasm', 8, us('tfjs-wasm full, whole port')),
    beside('js', 10, us('js full, whole port')),
  ];
  const timings = [...paces].map(([name, pace]) =>
    timing('fusion', `${name} (${text})`, { rows }, pace, name.startsWith('native') ? limit : null),
  );
  return { goals, timings };
}

function portContestant(name: string, reranker: Reranker, batch: RerankBatch): Contestant {
  return { name, call: () => reranker.rerank(batch) };
}
