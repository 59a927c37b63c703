import { randomBlock } from './block.ts';
import { blockContestants } from './contestants.ts';
import type { Goal } from './goal.ts';
import { dotWork, limitUs } from './machine-limits.ts';
import type { NativeRig } from './native-rig.ts';
import type { PreparedPeer } from './peers.ts';
import { benchBatch, benchRequest, firstRows } from './requests.ts';
import { sameSelection } from './same-selection.ts';
import {
  limitsOf,
  type RerankBenchContext,
  type Section,
  type Timing,
  tierBytes,
  timing,
} from './section.ts';
import { type Pace, race } from './stopwatch.ts';
import { benchTable } from './table.ts';

/** By rows, then by contestant. */
export type HotPaces = ReadonlyMap<number, ReadonlyMap<string, Pace>>;

/** Rows that the native contestants select: what a page and its margin need. */
const rankDepth = 10;

/** G1: dot products of a contiguous window that stays in the caches, every peer's best case. */
export async function hot(context: RerankBenchContext): Promise<Section & { readonly paces: HotPaces }> {
  const { next, dimension, peers, say } = context;
  const windows = context.size === 'full' ? [30, 100, 300, 1_000, 3_000, 10_000] : [30, 100];
  const paces = new Map<number, ReadonlyMap<string, Pace>>();
  for (const rows of windows) {
    say(`hot: ${rows} rows`);
    const block = randomBlock(rows, dimension, next);
    const contestants = [...(await blockContestants(peers, block)), ...(await natives(context, rows))];
    paces.set(rows, await race(contestants, context.race));
    for (const { close } of contestants) await close();
  }
  return { goals: goalsOf(context, paces), timings: timingsOf(context, paces), notes: [], paces };
}

/** One sync call of the addon with similarity alone, in every tier. */
async function natives({ rigs, dimension, next }: RerankBenchContext, rows: number): Promise<PreparedPeer[]> {
  const prepared: PreparedPeer[] = [];
  for (const rig of rigs)
    for (const tier of ['f32', 'f16', 'int8'] as const) {
      const table = benchTable({ rows, dimension, tier, memory: rig.memory, next });
      const request = benchRequest({ table, kind: 'vector', rankDepth, next });
      const batch = benchBatch(table, [request], firstRows(rows), next);
      const { call, answer, close } = rig.prepare(batch);
      call();
      await sameSelection(batch, answer(), `${rig.name} ${tier}`);
      prepared.push({ name: `${rig.name} ${tier}`, call, dots: () => null, close });
    }
  return prepared;
}

interface PeerGoal {
  readonly id: 'G1' | 'aim';
  readonly rows: readonly number[];
  readonly peer: string;
  readonly names: readonly string[];
  readonly needed: number;
}

const peerGoals: readonly PeerGoal[] = [
  {
    id: 'G1',
    rows: [300, 1_000],
    peer: 'a simsimd loop',
    names: ['simsimd dot', 'simsimd cosine'],
    needed: 2,
  },
  { id: 'G1', rows: [300, 1_000], peer: 'usearch exact k=10', names: ['usearch exact k=10'], needed: 1.8 },
  {
    id: 'G1',
    rows: [300, 1_000],
    peer: 'tfjs-wasm matMul',
    names: ['tfjs-wasm matMul rows x query', 'tfjs-wasm matMul query x rows^T'],
    needed: 6,
  },
  { id: 'G1', rows: [300, 1_000], peer: 'JS 4 sums', names: ['JS 4 sums'], needed: 7 },
  { id: 'G1', rows: [300, 1_000], peer: 'JS naive', names: ['JS naive'], needed: 15 },
  { id: 'G1', rows: [300], peer: 'ORT Gemm', names: ['ORT Gemm transB'], needed: 2 },
  { id: 'G1', rows: [1_000], peer: 'ORT Gemm', names: ['ORT Gemm transB'], needed: 1 },
  { id: 'aim', rows: [1_000], peer: 'a simsimd loop', names: ['simsimd dot', 'simsimd cosine'], needed: 2.5 },
  { id: 'aim', rows: [1_000], peer: 'ORT Gemm', names: ['ORT Gemm transB'], needed: 1.2 },
];

function goalsOf(context: RerankBenchContext, paces: HotPaces): Goal[] {
  const goals = context.rigs.flatMap((rig) =>
    peerGoals.flatMap((goal) =>
      goal.rows
        .filter((rows) => paces.has(rows))
        .map((rows) => peerGoal(context, rig, goal, rows, paces.get(rows)!)),
    ),
  );
  return [...goals, ...context.rigs.flatMap((rig) => sgemvGoals(context, rig, paces))];
}

function peerGoal(
  context: RerankBenchContext,
  rig: NativeRig,
  { id, peer, names, needed }: PeerGoal,
  rows: number,
  byName: ReadonlyMap<string, Pace>,
): Goal {
  const own = byName.get(`${rig.name} f32`)!.medianUs;
  const others = names.flatMap((name) => byName.get(name)?.medianUs ?? []);
  return {
    id,
    text: `hot, ${rows} rows: ${rig.name} beside ${peer}`,
    needed,
    bound: 'least',
    unit: 'x',
    // A peer's fastest form counts.
    measured: others.length === 0 ? null : Math.min(...others) / own,
    rooflinePercent: rooflineOf(context, rig.isa, rows, 4, own),
    note: others.length === 0 ? 'the peer did not load' : '',
  };
}

/** Beside a BLAS without any boundary, where one is installed. */
function sgemvGoals(context: RerankBenchContext, rig: NativeRig, paces: HotPaces): Goal[] {
  return [300, 1_000].flatMap((rows) => {
    const own = paces.get(rows)?.get(`${rig.name} f32`)?.medianUs;
    const blas = context.limits?.sgemv_us[String(rows)] ?? -1;
    if (own === undefined || blas < 0) return [];
    return [
      {
        id: 'G1',
        text: `hot, ${rows} rows: ${rig.name} call over OpenBLAS sgemv in C`,
        needed: 1.1,
        bound: 'most' as const,
        unit: 'x' as const,
        measured: own / blas,
        rooflinePercent: rooflineOf(context, rig.isa, rows, 4, own),
        note: '',
      },
    ];
  });
}

function rooflineOf(
  context: RerankBenchContext,
  isa: string,
  rows: number,
  elementBytes: number,
  medianUs: number,
): number | null {
  const limits = limitsOf(context, isa);
  if (limits === null) return null;
  return (100 * limitUs(dotWork(rows, context.dimension, elementBytes, false), limits)) / medianUs;
}

function timingsOf(context: RerankBenchContext, paces: HotPaces): Timing[] {
  return [...paces].flatMap(([rows, byName]) =>
    [...byName].map(([contestant, pace]) => {
      // The library's loops, too, may use whatever the machine has.
      const isa = context.rigs.find((rig) => contestant.startsWith(rig.name))?.isa ?? 'best';
      const work = dotWork(rows, context.dimension, tierBytes(contestant), false);
      return timing('hot', contestant, { rows }, pace, { work, limits: limitsOf(context, isa) });
    }),
  );
}
