import type { ComposedTriptych } from '../../src/compose.ts';
import type { BenchCase, BenchContext, BenchResult } from '../case.ts';
import { searchOf } from '../catalogue.ts';
import { clientCounts, clientsOf, overEngines, user } from '../engines/load.ts';
import { replay } from '../engines/replay.ts';
import { interleave, runClients, summary } from '../measure.ts';
import { searchOnce } from '../service.ts';

/** p99 aim of the first day for a kept answer, and how much of a crowd's calls caches should save. */
const firstTargetMs = 2;
const savedPercentMin = 70;

export const searchEnginesCached: BenchCase = {
  name: 'search-engines-cached',
  description: 'over Milvus, Neo4j, Postgres and Redis: kept answers, and what caches save of a crowd (Zipf)',
  run: (context) => overEngines(context, ({ open }) => measure(context, open)),
};

async function measure(
  { size, catalogue, seed, say }: BenchContext,
  open: ComposedTriptych,
): Promise<BenchResult> {
  const server = await open.listen();
  const calls = size === 'full' ? 200 : 10;
  const requests = Array.from({ length: calls }, (_, i) =>
    searchOf(catalogue.queries[i % catalogue.queries.length]!, { user, like: [], cache: 'use' }),
  );
  const variants = clientCounts.map((clients) => ({
    name: `cached, of a user, ${clientsOf(clients)}`,
    round: async () => {
      // Lists of a user live for five minutes: less than all rounds take.
      for (const request of requests) await searchOnce(open, request);
      return runClients(clients, calls, async (index) => {
        const { cached } = await searchOnce(open, requests[index]!);
        if (!cached) throw new Error('an answer that was made just now is not kept');
      });
    },
  }));
  const rounds = await interleave(variants, size === 'full' ? 3 : 1);
  const replaySize =
    size === 'full'
      ? { searches: 10_000, queries: 5_000, users: 500 }
      : { searches: 200, queries: 100, users: 10 };
  say(`replaying ${replaySize.searches} searches`);
  const replayed = await replay(open, catalogue, replaySize, seed, () => storeCalls(server.url));
  await server.close();
  const saved = Math.min(replayed.vector_calls_saved_percent!, replayed.lexical_calls_saved_percent!);
  return {
    measurements: [
      ...[...rounds].map(([name, list]) => ({
        name,
        values: { ...summary(list), first_target_p99_ms: firstTargetMs },
      })),
      {
        name: `replay, Zipf(1.0), ${replaySize.queries} queries, ${replaySize.users} users`,
        values: { ...replayed, met: saved >= savedPercentMin ? 1 : 0 },
      },
    ],
    notes: [
      'each round makes the answers first; all that are measured were kept',
      `replay: calls that the stores were not asked for; met where at least ${savedPercentMin} % of both kinds`,
      'the stores share the processors with the service and with the clients',
    ],
  };
}

/** How often the stores of vectors and words were asked, as the service counts it. */
async function storeCalls(url: string): Promise<Record<'vector' | 'lexical', number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const searches = [...text.matchAll(/^triptych_store_call_seconds_count\{([^}]*)\} (\d+)/gm)].filter(
    ([, labels]) => labels!.includes('store="milvus"') && labels!.includes('operation="search"'),
  );
  const words = /^triptych_words_cache_misses_total (\d+)/m.exec(text);
  return {
    vector: searches.reduce((sum, [, , value]) => sum + Number(value), 0),
    lexical: Number(words?.[1] ?? 0),
  };
}
