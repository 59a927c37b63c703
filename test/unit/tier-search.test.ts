import { describe, expect, it } from 'vitest';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import { type VectorTier, vectorOf, vectorTiers } from '../../src/domain/vector-rows.ts';
import { lookupIn } from '../../src/search/learnable-documents.ts';
import { testSchema } from '../support/arbitraries.ts';
import { Random } from '../support/random.ts';
import { randomTable } from '../support/score-cases.ts';
import {
  fanOfDocuments,
  inProcessParts,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';

const withTier = (tier: VectorTier): CatalogueSchema => ({
  ...testSchema,
  embedding: { ...testSchema.embedding, tier },
});

const documents = fanOfDocuments(30);

async function answers({ service, search, clock }: SearchFixture) {
  const embedding = documents[7]!.embedding!;
  const byVector = await search({ embedding, diversity: 0.3, k: 10 });
  const byLike = await search({ like: ['d3'], k: 5 });
  const { neighbours } = await service.similar('default', 'd5', 6, { startedAtMs: clock.nowMs() });
  return { byVector, byLike, similar: neighbours };
}

describe('a catalogue of any tier', () => {
  it('answers searches, likes and neighbours nearly as f32 does', async () => {
    const truth = await answers(await searchFixture(inProcessParts, documents, { schema: withTier('f32') }));
    for (const tier of vectorTiers) {
      const fixture = await searchFixture(inProcessParts, documents, { schema: withTier(tier) });
      const got = await answers(fixture);
      expect(got.byVector.results).toHaveLength(10);
      expect(got.byVector.results[0]!.id).toBe(truth.byVector.results[0]!.id);
      for (const [kind, list] of Object.entries({ byVector: got.byVector, byLike: got.byLike })) {
        const exact = new Map(
          truth[kind as 'byVector' | 'byLike'].results.map(({ id, score }) => [id, score]),
        );
        for (const { id, score } of list.results)
          if (exact.has(id)) expect(Math.abs(score - exact.get(id)!), `${tier} ${id}`).toBeLessThan(5e-3);
      }
      expect(got.similar.map(({ id }) => id).sort()).toEqual(truth.similar.map(({ id }) => id).sort());
      const status = await fixture.service.catalogue('default');
      expect(status.catalogue.schema.embedding.tier).toBe(tier);
    }
  });

  it('rounds what it scores: the tiers differ in the last digits', async () => {
    const scores = await Promise.all(
      vectorTiers.map(async (tier) => {
        const { search } = await searchFixture(inProcessParts, documents, { schema: withTier(tier) });
        const { results } = await search({ embedding: documents[7]!.embedding!, k: 30 });
        return results.map(({ score }) => score).join();
      }),
    );
    expect(new Set(scores).size).toBe(3);
  });

  it('is another schema: a new tier is a new generation, filled from what was written as f32', async () => {
    const { service } = await searchFixture(inProcessParts, documents, { schema: withTier('f32') });
    await expect(service.createCatalogue('default', withTier('int8'))).rejects.toMatchObject({
      code: 'catalogue_conflict',
    });
    const staged = await service.replaceCatalogue('default', withTier('int8'));
    await staged.write(documents.map((document) => ({ kind: 'put', document })));
    await staged.activate();
    const status = await service.catalogue('default');
    expect([status.catalogue.generation, status.catalogue.schema.embedding.tier]).toEqual([2, 'int8']);
    expect((await service.document('default', 'd4')).embedding).toEqual(documents[4]!.embedding);
  });

  it('learns from the vectors that it scores with', () => {
    for (const tier of vectorTiers) {
      const table = randomTable(new Random('learn'), 5, 12, { tier });
      const id = table.idOf(3);
      expect(lookupIn(table, { vectorOf: (row) => vectorOf(table.vectors, row) })(id)!.embedding).toEqual(
        vectorOf(table.vectors, 3),
      );
    }
  });
});
