import { jsExactScorer } from '../../src/adapters/js/js-exact-scorer.ts';
import { dotRows } from '../../src/domain/dot-rows.ts';
import { diversify } from '../../src/domain/mmr.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { widenVector } from '../../src/domain/vector-rows.ts';
import type { Goal } from './goal.ts';
import { benchBatch, benchRequest, firstRows } from './requests.ts';
import { limitsOf, type RerankBenchContext, type Section, type Timing, timing } from './section.ts';
import { race } from './stopwatch.ts';
import { benchTable } from './table.ts';

const lambda = 0.3;

/** G8: the Gram of R rows and greedy MMR over it. */
export async function diversity(context: RerankBenchContext): Promise<Section> {
  const goals: Goal[] = [];
  const timings: Timing[] = [];
  for (const rig of context.rigs)
    for (const rows of context.size === 'full' ? [100, 300] : [30]) {
      const { next, dimension } = context;
      const table = benchTable({ rows, dimension, memory: rig.memory, next });
      const batch = benchBatch(
        table,
        [benchRequest({ table, kind: 'vector', rankDepth: rows, next })],
        firstRows(rows),
        next,
      );
      const gram = rig.prepareGram(batch);
      checkGram(gram.call(), jsExactScorer.gram(batch, batch.rows), rig.name);
      const scores = Float32Array.from({ length: rows }, () => next())
        .sort()
        .reverse();
      const paces = await race(
        [
          { name: `${rig.name} gram`, call: gram.call },
          { name: `${rig.name} gram and greedy`, call: () => diversify(scores, gram.call(), lambda) },
          { name: 'js incremental', call: () => incremental(table, scores, Math.min(100, rows)) },
          {
            name: 'js gram and greedy',
            call: () => diversify(scores, jsExactScorer.gram(batch, batch.rows), lambda),
          },
        ],
        context.race,
      );
      gram.close();
      const us = (name: string): number => paces.get(name)!.medianUs;
      const own = us(`${rig.name} gram and greedy`);
      const flops = rows * (rows - 1) * dimension;
      const limits = limitsOf(context, rig.isa);
      const percent = limits === null ? null : (100 * flops) / (own * limits.fma_gflops * 1e3);
      // f64 has half of the lanes.
      const common = {
        id: 'G8',
        bound: 'least',
        rooflinePercent: percent === null ? null : 2 * percent,
      } as const;
      const text = `Gram and greedy MMR of ${rows} rows: ${rig.name}`;
      goals.push(
        {
          ...common,
          text: `${text}, of the f32 FMA peak`,
          needed: 45,
          unit: '%',
          measured: percent,
          note: 'the Gram is f64, so that lists are equal everywhere: 50 % is all there is, the roofline is of that',
        },
        {
          ...common,
          text: `${text} beside incremental MMR in js`,
          needed: 1.2,
          unit: 'x',
          measured: us('js incremental') / own,
          note: '',
        },
        {
          ...common,
          text: `${text} beside js`,
          needed: 10,
          unit: 'x',
          measured: us('js gram and greedy') / own,
          note: '',
        },
      );
      for (const [name, pace] of paces) timings.push(timing('diversity', name, { rows }, pace));
    }
  return { goals, timings, notes: [] };
}

/** The exact routine: the same bits in both languages. */
function checkGram(native: Float64Array, js: Float64Array, name: string): void {
  const at = native.findIndex((cosine, i) => cosine !== js[i]);
  if (at >= 0 || native.length !== js.length)
    throw new Error(`${name}: cosine ${at} is ${native[at]}, not ${js[at]}`);
}

/** MMR that computes the cosines of each placed row with the rest when it is placed; the first `places`. */
function incremental(table: TableSnapshot, scores: Float32Array, places: number): Uint32Array {
  const count = scores.length;
  const rest = Uint32Array.from({ length: count }, (_, row) => row);
  const nearest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  const cosines = new Float64Array(count);
  const order = new Uint32Array(places);
  let left = count;
  for (let place = 0; place < places; place++) {
    let best = 0;
    let bestValue = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < left; i++) {
      const row = rest[i]!;
      const value = place === 0 ? scores[row]! : (1 - lambda) * scores[row]! - lambda * nearest[row]!;
      if (value > bestValue) {
        bestValue = value;
        best = i;
      }
    }
    const placed = rest[best]!;
    order[place] = placed;
    rest.copyWithin(best, best + 1, left);
    left--;
    dotRows(table.vectors, rest, left, widenVector(table.vectors, placed), cosines);
    for (let i = 0; i < left; i++) nearest[rest[i]!] = Math.max(nearest[rest[i]!]!, cosines[i]!);
  }
  return order;
}
