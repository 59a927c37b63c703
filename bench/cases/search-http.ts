import { vectorToBase64 } from '../../src/std/vector-base64.ts';
import type { BenchCase, Measurement } from '../case.ts';
import type { BenchQuery } from '../catalogue.ts';
import { HttpLoad, type LoadRequest } from '../http-load.ts';
import { interleave, type Round, round, summary, type Variant } from '../measure.ts';
import { fill, withService } from '../service.ts';

/** What the whole request should reach: milliseconds, requests a second, processor milliseconds of the server. */
const aims = { p50Ms: 2.5, p99Ms: 8, perSecond: 700, serverCpuMs: 2 } as const;

interface MeteredRound extends Round {
  /** Processor time of the serving process, all its threads, a request. */
  readonly serverCpuMs: number;
}

type Kind = 'search' | 'whole request';

export const searchHttp: BenchCase = {
  name: 'search-http',
  description: 'all legs over HTTP, 1 and 8 connections, query embedding given; with filter and k = 20 too',
  run: ({ size, catalogue }) =>
    withService(async (open) => {
      await fill(open, catalogue);
      const { url, close } = await open.listen();
      const load = new HttpLoad(url);
      try {
        const calls = size === 'full' ? 1_500 : 50;
        const variants = (['search', 'whole request'] as const).flatMap((kind) => {
          const requests = catalogue.queries.map((query) => requestOf(query, kind));
          return [1, 8].map((connections) => variant(load, kind, requests, connections, calls));
        });
        for (const { round } of variants) await round();
        const rounds = await interleave(variants, size === 'full' ? 3 : 1);
        return {
          measurements: [...rounds].map(([name, metered]) => measurementOf(name, metered)),
          notes: [
            'the load comes from another process, the processor time is that of the serving one',
            'whole request: embedding given, filter, k = 20, all legs, nothing cached; aims: ' +
              `1 connection p50 <= ${aims.p50Ms} ms and p99 <= ${aims.p99Ms} ms, 8 connections >= ` +
              `${aims.perSecond} requests/s, <= ${aims.serverCpuMs} ms of the server's processors a request`,
          ],
        };
      } finally {
        await load.close();
        await close();
      }
    }),
};

function variant(
  load: HttpLoad,
  kind: Kind,
  requests: readonly LoadRequest[],
  connections: number,
  calls: number,
): Variant<MeteredRound> {
  return {
    name: `${kind}, ${connections} connection${connections === 1 ? '' : 's'}`,
    round: async () => {
      const before = process.cpuUsage();
      const run = await load.run({ requests, connections, calls }, checkAnswer);
      const { user, system } = process.cpuUsage(before);
      return { ...run, serverCpuMs: (user + system) / 1_000 / calls };
    },
  };
}

/** A request that plans every leg and is answered anew each time. */
function requestOf({ text, embedding, like }: BenchQuery, kind: Kind): LoadRequest {
  const whole = kind === 'whole request';
  const body = JSON.stringify({
    query: text,
    embedding: { b64: vectorToBase64(embedding) },
    like,
    k: whole ? 20 : 10,
    ...(whole ? { filter: { field: 'released', gte: '1980-01-01' } } : {}),
    partial: false,
    timeout_ms: 10_000,
    cache: 'skip',
  });
  return { method: 'POST', path: '/v1/search', body };
}

function checkAnswer({ results, degraded }: Readonly<Record<string, unknown>>): void {
  if (degraded !== false || !Array.isArray(results) || results.length === 0)
    throw new Error(`a search was ${degraded === false ? 'empty' : 'degraded'}`);
}

function measurementOf(name: string, rounds: readonly MeteredRound[]): Measurement {
  const figures = summary(rounds);
  const cpu = [...rounds].map(({ serverCpuMs }) => serverCpuMs).sort((a, b) => a - b);
  const server_cpu_ms_per_request = round(cpu[cpu.length >> 1]!);
  const values = { ...figures, server_cpu_ms_per_request };
  if (!name.startsWith('whole request')) return { name, values };
  const met = name.endsWith(' 1 connection')
    ? figures.p50_ms! <= aims.p50Ms && figures.p99_ms! <= aims.p99Ms
    : figures.per_second! >= aims.perSecond && server_cpu_ms_per_request <= aims.serverCpuMs;
  return { name, values: { ...values, met: met ? 1 : 0 } };
}
