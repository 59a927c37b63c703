import { vectorToBase64 } from '../../src/std/vector-base64.ts';
import type { BenchCase } from '../case.ts';
import type { BenchCatalogue } from '../catalogue.ts';
import { HttpLoad, type LoadRequest } from '../http-load.ts';
import { interleave, type Round, summary } from '../measure.ts';
import { random } from '../random.ts';
import { fill, withService } from '../service.ts';

/** Documents of one request, and how soon the median answer should be there. */
const sizes = [
  { ids: 100, aimP50Ms: 1.5 },
  { ids: 300, aimP50Ms: 2.5 },
  { ids: 1_000, aimP50Ms: null },
] as const;

export const rerankHttp: BenchCase = {
  name: 'rerank-http',
  description: 'POST /v1/rerank by ids over HTTP, 1 connection, query embedding given',
  run: ({ size, seed, catalogue }) =>
    withService(async (open) => {
      await fill(open, catalogue);
      const { url, close } = await open.listen();
      const load = new HttpLoad(url);
      try {
        const calls = size === 'full' ? 1_500 : 30;
        const variants = sizes.map(({ ids }) => {
          const requests = requestsOf(catalogue, Math.min(ids, catalogue.documents.length), seed);
          const round = (): Promise<Round> => load.run({ requests, connections: 1, calls }, checkAnswer);
          return { name: `${ids} ids`, round };
        });
        for (const { round } of variants) await round();
        const rounds = await interleave(variants, size === 'full' ? 3 : 1);
        return {
          measurements: sizes.map(({ ids, aimP50Ms }) => {
            const values = summary(rounds.get(`${ids} ids`)!);
            const met = aimP50Ms === null ? {} : { met: Number(values.p50_ms! <= aimP50Ms) };
            return { name: `${ids} ids`, values: { ...values, ...met } };
          }),
          notes: ['aims: 100 ids p50 <= 1.5 ms, 300 ids p50 <= 2.5 ms; the load comes from another process'],
        };
      } finally {
        await load.close();
        await close();
      }
    }),
};

/** Each with a query of its own and other documents. */
function requestsOf({ queries, documents }: BenchCatalogue, count: number, seed: number): LoadRequest[] {
  const next = random(seed);
  return queries.map(({ text, embedding }) => {
    const from = Math.floor(next() * documents.length);
    const ids = Array.from({ length: count }, (_, i) => documents[(from + i * 7) % documents.length]!.id);
    const body = { query: text, embedding: { b64: vectorToBase64(embedding) }, ids, partial: false };
    return { method: 'POST', path: '/v1/rerank', body: JSON.stringify(body) };
  });
}

function checkAnswer(answer: Readonly<Record<string, unknown>>): void {
  const { results } = answer as { readonly results?: readonly unknown[] };
  if (results === undefined || results.length === 0) throw new Error('an answer without results');
}
