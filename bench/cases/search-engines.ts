import { type ComposedTriptych, createTriptych } from '../../src/compose.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse } from '../../src/domain/search-response.ts';
import type { BenchCase, BenchContext, BenchResult, Measurement } from '../case.ts';
import { searchOf } from '../catalogue.ts';
import { clientCounts, clientsOf, newcomer, overEngines, user } from '../engines/load.ts';
import { roundTrips } from '../engines/round-trips.ts';
import { interleave, latencies, median, percentile, round, runClients, sorted, summary } from '../measure.ts';
import { searchOnce } from '../service.ts';

interface Asked {
  /** The strategy that it leads to comes first. */
  readonly name: string;
  readonly changes: Partial<SearchRequest>;
  /** Asked of the service that keeps a tenth of the vectors in memory. */
  readonly partly?: true;
}

/** GraphOnly comes about only where the vector leg is too slow for the deadline. */
const strategies: readonly Asked[] = [
  { name: 'VectorOnly', changes: { query: null, like: [] } },
  { name: 'LexicalOnly', changes: { embedding: null, like: [] } },
  { name: 'HybridParallel', changes: {} },
  { name: 'HybridParallel, of a user', changes: { user, like: [] } },
  { name: 'HybridSequential, a tenth resident', changes: {}, partly: true },
  { name: 'PolicyOnly, of a user', changes: { query: null, embedding: null, like: [], user: newcomer } },
];

/** p99 aims of the first day, printed beside. */
const firstTargets = { vector: 10, graph: 25, policy: 5, hybrid: 50 } as const;

export const searchEngines: BenchCase = {
  name: 'search-engines',
  description: 'over Milvus, Neo4j, Postgres and Redis: legs, whole, round trips, 1, 8 and 32 clients',
  run: (context) =>
    overEngines(context, async ({ open, config }, loadSeconds) => {
      const residentRowsMax = Math.ceil(context.catalogue.documents.length / 10);
      const partly = await createTriptych({ ...config, residentRowsMax });
      try {
        return await measure(context, { open, partly, config, loadSeconds });
      } finally {
        await partly.service.close();
      }
    }),
};

interface Measured {
  readonly open: ComposedTriptych;
  /** Keeps a tenth of the vectors in memory. */
  readonly partly: ComposedTriptych;
  readonly config: Parameters<typeof roundTrips>[0];
  readonly loadSeconds: number;
}

async function measure(
  { size, catalogue, say }: BenchContext,
  { open, partly, config, loadSeconds }: Measured,
): Promise<BenchResult> {
  const { queries } = catalogue;
  const calls = size === 'full' ? 200 : 10;
  const own = await roundTrips(config);
  const trips = own.map(({ name, ask }) => ({
    name,
    round: () => runClients(1, calls, async () => void (await ask())),
  }));
  const answers = new Map<string, SearchResponse[]>(strategies.map(({ name }) => [name, []]));
  const incomplete = new Map<string, number>();
  const searches = strategies.flatMap((asked) =>
    clientCounts.map((clients) => {
      const name = `${asked.name}, ${clientsOf(clients)}`;
      const round = () =>
        runClients(clients, calls, async (index) => {
          const request = searchOf(queries[index % queries.length]!, asked.changes);
          const answer = await searchOnce(asked.partly ? partly : open, request).catch((error: unknown) => {
            // More than the machine can do is a finding where many ask at once, and none where one does.
            if (clients === 1) throw error;
            incomplete.set(name, (incomplete.get(name) ?? 0) + 1);
            if (incomplete.get(name) === 1) say(`${name}: ${String(error)}`);
            return null;
          });
          if (answer === null) return;
          if (!asked.name.startsWith(answer.strategy))
            throw new Error(`${asked.name} was answered by ${answer.strategy}`);
          if (clients === 1) answers.get(asked.name)!.push(answer);
        });
      return { name, round };
    }),
  );
  const variants = [...trips, ...searches];
  await interleave(variants, 1);
  for (const list of answers.values()) list.length = 0;
  incomplete.clear();
  const roundCount = size === 'full' ? 5 : 1;
  const rounds = await interleave(variants, roundCount);
  await Promise.all(own.map(({ close }) => close()));
  return {
    measurements: [
      { name: 'load', values: { seconds: loadSeconds } },
      ...[...rounds].map(([name, list]) => ({
        name,
        values: {
          ...summary(list),
          ...firstTargetOf(name),
          ...(incomplete.has(name) ? { incomplete: incomplete.get(name)! } : {}),
        },
      })),
      ...[...answers].flatMap(([name, list]) => legsOf(name, list)),
      ...[...answers].map(([name, list]) => overhead(name, list)),
    ],
    tables: { 'stages, p50 in ms': [...answers].map(([name, list]) => stagesOf(name, list)) },
    notes: [
      'whole minus the slowest chain of legs (policy and what waits for it, vector, words; then candidates that are not resident) at 1 client: met where p50 <= 3 ms and p99 <= 15 ms',
      `first targets, p99 in ms: ${Object.entries(firstTargets)
        .map(([name, ms]) => `${name} ${ms}`)
        .join(', ')}`,
      'round trips are the least questions of the stores, over their own clients, in the same rounds',
      'the stores share the processors with the service and with the clients',
    ],
  };
}

function firstTargetOf(name: string): Record<string, number> {
  return name.startsWith('Hybrid') ? { first_target_p99_ms: firstTargets.hybrid } : {};
}

/** Each leg that was asked, as the answers' coverage says, beside its first target. */
function legsOf(name: string, answers: readonly SearchResponse[]): Measurement[] {
  return (['policy', 'vector', 'lexical', 'graph', 'documents'] as const).flatMap((leg) => {
    const ms = answers.flatMap(({ coverage }) => (coverage[leg]?.state === 'ok' ? coverage[leg].ms : []));
    if (ms.every((one) => one === 0)) return [];
    const target = leg in firstTargets ? { first_target_p99_ms: firstTargets[leg as 'vector'] } : {};
    return { name: `leg ${leg}: ${name}`, values: { ...latencies(ms), ...target } };
  });
}

/** Where the time of a search goes, as it says itself; stages of a search run one after another. */
function stagesOf(name: string, answers: readonly SearchResponse[]): Record<string, number | string> {
  const names = [...new Set(answers.flatMap(({ stages }) => Object.keys(stages)))];
  const medianOf = (stage: string): number => round(median(answers.map(({ stages }) => stages[stage] ?? 0)));
  return { name, ...Object.fromEntries(names.map((stage) => [stage, medianOf(stage)])) };
}

/** What a search costs beyond the stores: the whole minus its slowest chain of legs. */
function overhead(name: string, answers: readonly SearchResponse[]): Measurement {
  const beyond = sorted(
    answers.map(({ tookMs, coverage }) => {
      const ms = (leg: keyof typeof coverage): number => coverage[leg]?.ms ?? 0;
      // Candidates are read when all legs are through.
      return tookMs - Math.max(ms('vector'), ms('lexical'), ms('policy') + ms('graph')) - ms('documents');
    }),
  );
  const [p50, p99] = [percentile(beyond, 0.5), percentile(beyond, 0.99)];
  return {
    name: `beyond the stores: ${name}`,
    values: { p50_ms: round(p50), p99_ms: round(p99), met: p50 <= 3 && p99 <= 15 ? 1 : 0 },
  };
}
