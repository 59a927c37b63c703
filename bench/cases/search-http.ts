import autocannon from 'autocannon';
import { vectorToBase64 } from '../../src/std/vector-base64.ts';
import type { BenchCase, Measurement } from '../case.ts';
import type { BenchQuery } from '../catalogue.ts';
import { round } from '../measure.ts';
import { fill, withService } from '../service.ts';

export const searchHttp: BenchCase = {
  name: 'search-http',
  description: 'all legs over HTTP, 1 and 8 connections, query embedding given',
  run: ({ size, catalogue }) =>
    withService(async (open) => {
      await fill(open, catalogue);
      const { url, close } = await open.listen();
      const bodies = catalogue.queries.map(bodyOf);
      const seconds = size === 'full' ? 8 : 1;
      await load(url, bodies, 8, 1);
      const rounds = new Map<number, autocannon.Result[]>([1, 8].map((connections) => [connections, []]));
      for (let turn = 0; turn < (size === 'full' ? 3 : 1); turn += 1)
        for (const [connections, list] of rounds) list.push(await load(url, bodies, connections, seconds));
      await close();
      return {
        measurements: [...rounds].map(([connections, list]) => measurementOf(connections, list)),
        notes: [
          'load by autocannon in a worker thread of the same process: it shares the cores, not the event loop',
          'per connection count the round with the median throughput',
        ],
      };
    }),
};

/** The body of a request that plans every leg and is answered anew each time. */
function bodyOf({ text, embedding, like }: BenchQuery): string {
  return JSON.stringify({
    query: text,
    embedding: { b64: vectorToBase64(embedding) },
    like,
    k: 10,
    partial: false,
    timeout_ms: 10_000,
    cache: 'skip',
  });
}

async function load(
  url: string,
  bodies: readonly string[],
  connections: number,
  seconds: number,
): Promise<autocannon.Result> {
  const headers = { 'content-type': 'application/json' };
  const result = await autocannon({
    url: `${url}/v1/search`,
    connections,
    duration: seconds,
    workers: 1,
    requests: bodies.map((body) => ({ method: 'POST', headers, body })),
  });
  if (result.errors + result.non2xx + result.timeouts > 0 || result['2xx'] === 0)
    throw new Error(`${result.errors} errors, ${result.non2xx} refusals, ${result['2xx']} answers`);
  return result;
}

function measurementOf(connections: number, results: readonly autocannon.Result[]): Measurement {
  const ordered = [...results].sort((a, b) => a.requests.average - b.requests.average);
  const { latency, requests } = ordered[ordered.length >> 1]!;
  return {
    name: `${connections} connection${connections === 1 ? '' : 's'}`,
    values: {
      count: requests.total,
      p50_ms: round(latency.p50),
      p97_5_ms: round(latency.p97_5),
      p99_ms: round(latency.p99),
      max_ms: round(latency.max),
      per_second: round(requests.average),
    },
  };
}
