import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Goal } from './goal.ts';
import { benchBatch, benchRequest, firstRows } from './requests.ts';
import type { RerankBenchContext, Section } from './section.ts';
import { benchTable } from './table.ts';

/** G10: a long run of requests allocates nothing in C++ and does not grow. */
export async function steady(context: RerankBenchContext): Promise<Section> {
  const requests = context.size === 'full' ? 100_000 : 500;
  const goals: Goal[] = [];
  const collect = collector();
  for (const rig of context.rigs) {
    const { next, dimension } = context;
    const rows = 100;
    const table = benchTable({ rows: 1_000, dimension, memory: rig.memory, next });
    // Of several sizes and kinds, all of them seen before counting begins.
    const batches = (['vector', 'full'] as const).flatMap((kind) =>
      [rows, 30].map((count) =>
        benchBatch(table, [benchRequest({ table, kind, rankDepth: 30, next })], firstRows(count), next),
      ),
    );
    const async = rig.prepare(batches[0]!);
    const serve = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        await rig.reranker.rerank(batches[i % batches.length]!);
        if (i % 10 === 0) await async.callAsync();
      }
    };
    await serve(Math.min(requests, 10_000));
    await setImmediate();
    collect();
    const before = { rss: process.memoryUsage.rss(), allocations: rig.stats().allocations };
    await serve(requests);
    await setImmediate();
    collect();
    const after = { rss: process.memoryUsage.rss(), allocations: rig.stats().allocations };
    async.close();
    const counted = before.allocations >= 0;
    const common = { id: 'G10', bound: 'most', rooflinePercent: null } as const;
    goals.push(
      {
        ...common,
        text: `C++ allocations over ${requests} requests: ${rig.name}`,
        needed: 0,
        unit: 'count',
        measured: counted ? after.allocations - before.allocations : null,
        note: counted ? 'a tenth of them asynchronous' : 'this build does not count them',
      },
      {
        ...common,
        text: `growth of resident memory over ${requests} requests: ${rig.name}`,
        needed: 2,
        unit: '%',
        measured: (100 * (after.rss - before.rss)) / before.rss,
        note: `${Math.round(before.rss / 2 ** 20)} MiB before`,
      },
    );
  }
  return { goals, timings: [], notes: [] };
}

/** A full collection, without asking for a flag on the command line. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
