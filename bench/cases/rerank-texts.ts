import type { BenchCase } from '../case.ts';
import { HttpLoad, type LoadRequest } from '../http-load.ts';
import { summary } from '../measure.ts';
import { withService } from '../service.ts';

const sizes = [10, 50, 100] as const;

export const rerankTexts: BenchCase = {
  name: 'rerank-texts',
  description: 'POST /v1/rerank of texts over HTTP, 1 connection, built-in embedder, no catalogue',
  run: ({ size, catalogue }) =>
    withService(async (open) => {
      const { url, close } = await open.listen();
      const load = new HttpLoad(url);
      const texts = catalogue.documents.map(({ text }) => text);
      const full = size === 'full';
      try {
        // Loads the model.
        await load.run({ requests: [requestOf(texts.slice(0, 1), 'first')], connections: 1, calls: 1 });
        const measurements = [];
        for (const count of sizes) {
          const from = (call: number) =>
            Array.from({ length: count }, (_, i) => texts[(call + i) % texts.length]!);
          const cold = full ? 5 : 1;
          let degraded = 0;
          const check = (answer: Readonly<Record<string, unknown>>): void => {
            const { results, meta } = answer as {
              results?: readonly unknown[];
              meta?: { degraded?: boolean };
            };
            if (results?.length !== count) throw new Error('an answer without all of its results');
            if (meta?.degraded !== false) degraded++;
          };
          const never = Array.from({ length: cold }, (_, call) => requestOf(from(call), `${count} ${call}`));
          const first = await load.run({ requests: never, connections: 1, calls: cold }, check);
          measurements.push({ name: `${count} texts, new`, values: { ...summary([first]), degraded } });
          degraded = 0;
          const known = never.slice(-1);
          const again = await load.run({ requests: known, connections: 1, calls: full ? 200 : 5 }, check);
          measurements.push({ name: `${count} texts, known`, values: { ...summary([again]), degraded } });
        }
        return { measurements, notes: ['known: the same request again, so that all vectors are kept'] };
      } finally {
        await load.close();
        await close();
      }
    }, 'builtin'),
};

/** Texts that no other request has. */
function requestOf(texts: readonly string[], mark: string): LoadRequest {
  const body = { query: 'lonely robot in space', documents: texts.map((text, i) => `${mark} ${i} ${text}`) };
  return { method: 'POST', path: '/v1/rerank', body: JSON.stringify(body) };
}
