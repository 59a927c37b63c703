import type { VectorTier } from '../../src/domain/vector-rows.ts';
import type { Goal } from './goal.ts';
import type { HotPaces } from './hot.ts';
import { dotWork, type IsaLimits } from './machine-limits.ts';
import type { NativeRig } from './native-rig.ts';
import { dotsFourSums } from './plain-loops.ts';
import { benchBatch, benchRequest, randomRows } from './requests.ts';
import {
  limitsOf,
  type RerankBenchContext,
  type Section,
  type Timing,
  tierBytes,
  timing,
} from './section.ts';
import { type Contestant, type Pace, race } from './stopwatch.ts';
import { benchTable } from './table.ts';

type ColdPaces = ReadonlyMap<number, ReadonlyMap<string, Pace>>;

const tiers: readonly VectorTier[] = ['f32', 'f16', 'int8'];

/** G2 and G3: random rows of tables that no cache holds, each tier's table of the same size in bytes. */
export async function cold(context: RerankBenchContext, hotPaces: HotPaces): Promise<Section> {
  const windows = context.size === 'full' ? [300, 1_000, 10_000] : [30, 100];
  const first = context.rigs[0];
  if (first === undefined) return { goals: [], timings: [], notes: ['cold: not measured without the addon'] };
  context.say(`cold: ${context.coldMib} MiB in each tier`);
  const tables = tiers.map((tier) => coldTable(context, tier, first));
  const paces = new Map<number, ReadonlyMap<string, Pace>>();
  for (const rows of windows) {
    context.say(`cold: ${rows} rows`);
    const contestants = [
      ...context.rigs.flatMap((rig) => tables.map((table) => gather(context, rig, table, rows))),
      plainGather(context, tables[0]!, rows),
    ];
    paces.set(rows, await race(contestants, context.race));
  }
  return {
    goals: context.rigs.flatMap((rig) => [
      ...bandwidthGoals(context, rig, paces),
      ...tierGoals(rig, 'cold', paces, context),
      ...tierGoals(rig, 'hot', hotPaces, context),
    ]),
    timings: timingsOf(context, paces),
    notes: [],
  };
}

function coldTable(context: RerankBenchContext, tier: VectorTier, { memory }: NativeRig) {
  const { dimension, next, coldMib } = context;
  const rowBytes = dimension * tierBytes(` ${tier}`);
  const rows = Math.ceil((coldMib * 2 ** 20) / rowBytes);
  return benchTable({ rows, dimension, tier, facetIds: 1, memory, next });
}

/** Windows enough that the rows of one are long gone from the caches when its turn comes again. */
function windowsOf(
  context: RerankBenchContext,
  table: ReturnType<typeof benchTable>,
  rows: number,
): Uint32Array[] {
  const windowBytes = rows * context.dimension * tierBytes(` ${table.vectors.tier}`);
  const count = Math.max(4, Math.min(500, Math.ceil((context.coldMib * 2 ** 20) / 3 / windowBytes)));
  return Array.from({ length: count }, () => randomRows(table, rows, context.next));
}

function gather(
  context: RerankBenchContext,
  rig: NativeRig,
  table: ReturnType<typeof benchTable>,
  rows: number,
): Contestant {
  const windows = windowsOf(context, table, rows);
  const request = benchRequest({ table, kind: 'vector', rankDepth: 10, next: context.next });
  const { call, setRows } = rig.prepare(benchBatch(table, [request], windows[0]!, context.next));
  let turn = 0;
  return {
    name: `${rig.name} ${table.vectors.tier}`,
    call: () => {
      turn = (turn + 1) % windows.length;
      setRows(windows[turn]!);
      call();
    },
  };
}

function plainGather(
  context: RerankBenchContext,
  table: ReturnType<typeof benchTable>,
  rows: number,
): Contestant {
  const windows = windowsOf(context, table, rows);
  const { queryVector } = benchRequest({ table, kind: 'vector', rankDepth: 10, next: context.next });
  const out = new Float32Array(rows);
  const { values, stride, dimension } = table.vectors;
  // The loop knows no stride: the dimensions of the bench fill whole cache lines.
  if (stride !== dimension) throw new Error(`a stride of ${stride} for ${dimension} dimensions`);
  let turn = 0;
  return {
    name: 'JS 4 sums',
    call: () => {
      turn = (turn + 1) % windows.length;
      dotsFourSums(values as Float32Array, windows[turn]!, queryVector!, out);
    },
  };
}

function bandwidthGoals(context: RerankBenchContext, rig: NativeRig, paces: ColdPaces): Goal[] {
  const limits = limitsOf(context, rig.isa);
  return [...paces].flatMap(([rows, byName]) => {
    const us = byName.get(`${rig.name} f32`)!.medianUs;
    const gbps = (rows * context.dimension * 4) / us / 1e3;
    const percent = limits === null ? null : (100 * gbps) / limits.read_gbps.cold!;
    const note = limits === null ? 'the limits of the machine are not known' : '';
    const common = { id: 'G2', rooflinePercent: percent, note };
    const text = `cold, ${rows} random f32 rows: ${rig.name}`;
    return [
      { ...common, text: `${text}, of streaming`, needed: 70, bound: 'least', unit: '%', measured: percent },
      ...oneRowGoal(context, limits, `${text} beside one row at a time`, common, (us * 1e3) / rows),
    ] as Goal[];
  });
}

/** The probe's loop runs over rows of 768 f32. */
function oneRowGoal(
  { dimension }: RerankBenchContext,
  limits: IsaLimits | null,
  text: string,
  common: Pick<Goal, 'id' | 'rooflinePercent' | 'note'>,
  nsPerRow: number,
): Goal[] {
  if (dimension !== 768) return [];
  const measured = limits === null ? null : limits.cold_one_row_ns / nsPerRow;
  return [{ ...common, text, needed: 1.4, bound: 'least', unit: 'x', measured }];
}

function tierGoals(
  rig: NativeRig,
  part: 'hot' | 'cold',
  paces: HotPaces,
  context: RerankBenchContext,
): Goal[] {
  return [...paces].flatMap(([rows, byName]) => {
    if (rows < 300 && context.size === 'full') return [];
    const us = (tier: VectorTier): number => byName.get(`${rig.name} ${tier}`)!.medianUs;
    return (['f16', 'int8'] as const).map((tier): Goal => {
      const work = dotWork(rows, context.dimension, tierBytes(` ${tier}`), part === 'cold');
      const line = timing(
        part,
        '',
        { rows },
        { medianUs: us(tier), bestUs: us(tier) },
        {
          work,
          limits: limitsOf(context, rig.isa),
        },
      );
      return {
        id: 'G3',
        text: `${part}, ${rows} rows: ${rig.name} ${tier} beside its f32`,
        needed: tier === 'f16' ? 1.2 : 1.8,
        bound: 'least',
        unit: 'x',
        measured: us('f32') / us(tier),
        rooflinePercent: line.roofline_percent ?? null,
        note: '',
      };
    });
  });
}

function timingsOf(context: RerankBenchContext, paces: ColdPaces): Timing[] {
  return [...paces].flatMap(([rows, byName]) =>
    [...byName].map(([contestant, pace]) => {
      const isa = context.rigs.find((rig) => contestant.startsWith(rig.name))?.isa ?? 'best';
      const work = dotWork(rows, context.dimension, tierBytes(contestant), true);
      return timing('cold', contestant, { rows }, pace, { work, limits: limitsOf(context, isa) });
    }),
  );
}
