import { randomBlock } from './block.ts';
import { blockContestants } from './contestants.ts';
import { dotWork, limitUs } from './machine-limits.ts';
import type { RerankBenchContext, Section, Timing } from './section.ts';
import { type Pace, race, tidyUs } from './stopwatch.ts';

/** Dot products of a contiguous block that stays in the caches: every peer's best case. */
export async function hot(context: RerankBenchContext): Promise<Section & { readonly paces: HotPaces }> {
  const { next, dimension, peers, say } = context;
  const windows = context.size === 'full' ? [30, 100, 300, 1_000, 3_000, 10_000] : [30, 100];
  const paces = new Map<number, ReadonlyMap<string, Pace>>();
  for (const rows of windows) {
    say(`hot: ${rows} rows`);
    const contestants = await blockContestants(peers, randomBlock(rows, dimension, next));
    paces.set(rows, await race(contestants, context.race));
    for (const { close } of contestants) await close();
  }
  return { goals: [], timings: timingsOf(context, paces), notes: [], paces };
}

/** By rows, then by contestant. */
export type HotPaces = ReadonlyMap<number, ReadonlyMap<string, Pace>>;

function timingsOf({ dimension, limits }: RerankBenchContext, paces: HotPaces): Timing[] {
  // The library's loops, too, may use whatever the machine has.
  const best = limits?.isas.at(-1);
  return [...paces].flatMap(([rows, byName]) =>
    [...byName].map(([contestant, { medianUs, bestUs }]) => {
      const roofline =
        best === undefined
          ? {}
          : {
              roofline_percent: Math.round(
                (100 * limitUs(dotWork(rows, dimension, 4, false), best)) / medianUs,
              ),
            };
      const times = { median_us: tidyUs(medianUs), best_us: tidyUs(bestUs) };
      return { part: 'hot', contestant, rows, requests: 1, ...times, ...roofline };
    }),
  );
}
