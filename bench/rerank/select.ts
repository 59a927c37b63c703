import { limits } from '../../src/limits.ts';
import type { Goal } from './goal.ts';
import type { NativeRig } from './native-rig.ts';
import { benchBatch, benchRequest, firstRows } from './requests.ts';
import { type RerankBenchContext, type Section, type Timing, timing } from './section.ts';
import { type Contestant, type Pace, race } from './stopwatch.ts';
import { benchTable } from './table.ts';

/** So few dimensions that scoring does not drown what is asked for here. */
const narrow = 32;

/**
 * G4: what selecting costs. The addon does not select alone, so it is the difference between calls that select and calls
 * that take every row, which need not, on narrow rows.
 */
export async function select(context: RerankBenchContext): Promise<Section> {
  const sizes = context.size === 'full' ? [300, 1_000, 3_000, 10_000] : [100];
  const goals: Goal[] = [];
  const timings: Timing[] = [];
  for (const rig of context.rigs)
    for (const rows of sizes) {
      const { paces, scoringUs } = await times(context, rig, rows);
      const everything = paces.get('every row')!.medianUs;
      const third = Math.max(0, paces.get('a third')!.medianUs - everything);
      goals.push({
        id: 'G4',
        text: `${rig.name} selects ${Math.ceil(rows / 3)} of ${rows} rows, of the time to score them`,
        needed: 15,
        bound: 'most',
        unit: '%',
        measured: (100 * third) / scoringUs,
        rooflinePercent: null,
        note: '',
      });
      for (const [name, pace] of paces)
        timings.push(timing('select', `${rig.name}, ${name} of ${narrow}-d rows`, { rows }, pace));
      const hundred = paces.get('100');
      if (rows === 10_000 && hundred !== undefined)
        goals.push(sortGoal(context, rig, hundred.medianUs - everything));
    }
  return { goals, timings, notes: [] };
}

/** Calls on narrow rows by how many are selected, and how long scoring rows of the usual dimension takes. */
async function times(context: RerankBenchContext, rig: NativeRig, rows: number) {
  const { next, dimension } = context;
  const contestants = [
    selecting(context, rig, 'every row', rows, rows, narrow),
    selecting(context, rig, 'a third', rows, Math.ceil(rows / 3), narrow),
    ...(rows >= 1_000 ? [selecting(context, rig, '100', rows, 100, narrow)] : []),
    selecting({ ...context, next }, rig, 'scoring', rows, rows, dimension),
  ];
  // Differences of a few microseconds: more rounds than elsewhere.
  const paces = new Map(await race(contestants, { ...context.race, rounds: 2 * context.race.rounds }));
  for (const { close } of contestants) close();
  const scoringUs = paces.get('scoring')!.medianUs;
  paces.delete('scoring');
  return { paces: paces as ReadonlyMap<string, Pace>, scoringUs };
}

function selecting(
  { next }: RerankBenchContext,
  rig: NativeRig,
  name: string,
  rows: number,
  count: number,
  dimension: number,
): Contestant & { readonly close: () => void } {
  const table = benchTable({ rows, dimension, facetIds: 1, memory: rig.memory, next });
  // The margin comes on top of R.
  const rankDepth = Math.max(1, count - limits.rescoreMargin);
  const request = benchRequest({ table, kind: 'vector', rankDepth, next });
  const { call, close } = rig.prepare(benchBatch(table, [request], firstRows(rows), next));
  return { name, call, close };
}

function sortGoal(context: RerankBenchContext, rig: NativeRig, selectUs: number): Goal {
  const sortUs = context.limits?.sort_10000_us ?? null;
  return {
    id: 'G4',
    text: `${rig.name} selects 100 of 10000 rows, beside std::sort of all`,
    needed: 10,
    bound: 'least',
    unit: 'x',
    measured: sortUs === null ? null : sortUs / Math.max(0.1, selectUs),
    rooflinePercent: null,
    note: sortUs === null ? 'the probe did not run' : '',
  };
}
