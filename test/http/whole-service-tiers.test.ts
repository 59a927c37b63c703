import { expect, it } from 'vitest';
import { catalogueSchemaToWire } from '../../src/wire/catalogue.ts';
import { searchResponseSchema } from '../../src/wire/search-response.ts';
import { similarResponseSchema } from '../../src/wire/similar.ts';
import { filmSchema } from '../support/fake-triptych.ts';
import { startWholeService } from '../support/whole-service.ts';

const vectors = [
  [1, 0, 0, 0],
  [0.8, 0.6, 0, 0],
  [0.6, 0, 0.8, 0],
  [0, 0, 0.28, 0.96],
];

for (const tier of ['f16', 'int8'] as const) {
  it(`a catalogue in ${tier} is set, shown, filled and searched over HTTP`, { timeout: 90_000 }, async () => {
    const http = await startWholeService();
    try {
      const wire = catalogueSchemaToWire(filmSchema);
      const embedding = { ...wire.embedding, tier };
      expect((await http.call('PUT', '/v1/catalogue', { ...wire, embedding })).status).toBe(200);
      expect((await http.call('GET', '/v1/catalogue')).at('schema.embedding.tier')).toBe(tier);
      const other = await http.call('PUT', '/v1/catalogue', wire);
      expect([other.status, other.at('code')]).toEqual([409, 'catalogue_conflict']);
      const lines = vectors.map((vector, i) =>
        JSON.stringify({ id: `f${i}`, title: `Film ${i}`, embedding: vector }),
      );
      await http.call('POST', '/v1/documents/bulk?wait=searchable', lines.join('\n'), {
        'content-type': 'application/x-ndjson',
      });
      const found = await http.call('POST', '/v1/search', {
        embedding: [1, 0, 0, 0],
        diversity: 0.2,
        k: 4,
        timeout_ms: 5_000,
      });
      const { results } = searchResponseSchema.parse(found.json);
      expect(results.map(({ id }) => id).sort()).toEqual(['f0', 'f1', 'f2', 'f3']);
      expect(results[0]!.id).toBe('f0');
      let similarity: Readonly<Record<string, number | null>> = {};
      const isDegraded = async () => {
        const near = similarResponseSchema.parse((await http.call('GET', '/v1/similar/f0')).json);
        similarity = Object.fromEntries(near.results.map((one) => [one.id, one.similarity]));
        return near.degraded;
      };
      // Its deadline is the default one, which a busy machine may miss.
      await expect.poll(isDegraded).toBe(false);
      expect(Math.abs(similarity.f1! - 0.8)).toBeLessThan(5e-3);
      expect(Math.abs(similarity.f2! - 0.6)).toBeLessThan(5e-3);
    } finally {
      await http.close();
    }
  });
}
