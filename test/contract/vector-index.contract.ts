import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import { matches, type Predicate } from '../../src/domain/predicate.ts';
import type { Hit } from '../../src/ports/recall.ts';
import type { VectorIndex } from '../../src/ports/vector-index.ts';
import { testSchema } from '../support/arbitraries.ts';
import { Random } from '../support/random.ts';
import { documentOf, type RecallSubject, TestCatalogue } from '../support/recall-subject.ts';

const dimension = 24;
const schema: CatalogueSchema = { ...testSchema, embedding: { ...testSchema.embedding, dimension } };
/** What an engine that stores f32 may differ by. */
const tolerance = 1e-6;

/** Cosines the plain way, best first, ties by id in UTF-8 order. */
function nearest(documents: readonly StoredDocument[], vector: Float32Array): Hit[] {
  const scored = documents.map(({ id, embedding }) => ({
    id,
    score: embedding.reduce((sum, value, i) => sum + value * vector[i]!, 0),
  }));
  return scored.sort((a, b) => b.score - a.score || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
}

/** The same documents in the same order with the same scores, up to rounding and swaps within it. */
function expectNearest(hits: readonly Hit[], wanted: readonly Hit[], limit: number): void {
  expect(hits.length).toBe(Math.min(limit, wanted.length));
  const exact = new Map(wanted.map(({ id, score }) => [id, score]));
  for (const [i, hit] of hits.entries()) {
    expect(Math.abs(hit.score - exact.get(hit.id)!)).toBeLessThan(tolerance);
    expect(Math.abs(hit.score - wanted[i]!.score)).toBeLessThan(tolerance);
  }
  expect(new Set(hits.map(({ id }) => id)).size).toBe(hits.length);
}

/** What every vector search over a small catalogue must do: exact order up to rounding. */
export function vectorIndexContract(
  name: string,
  open: () => RecallSubject<VectorIndex> | Promise<RecallSubject<VectorIndex>>,
): void {
  describe(`VectorIndex contract: ${name}`, () => {
    let subject: RecallSubject<VectorIndex>;
    let random: Random;
    beforeAll(async () => {
      subject = await open();
      random = new Random(`vector index ${name}`);
    });
    afterAll(() => subject.close());

    const randomDocuments = (count: number) =>
      Array.from({ length: count }, (_, i) =>
        documentOf(`d${i}`, {
          embedding: random.unitVector(dimension),
          facets: { genres: [random.integer(5) === 0 ? 'Comedy' : 'Drama'] },
        }),
      );
    const filled = async (documents: readonly StoredDocument[]) => {
      const catalogue = new TestCatalogue(subject, schema);
      await catalogue.put(...documents);
      return catalogue;
    };
    const search = async (
      of: TestCatalogue<VectorIndex>,
      vector: Float32Array,
      limit?: number,
      predicate: Predicate | null = null,
    ) => (await of.port.search({ ...of.request(limit, predicate), vectors: [vector] }))[0]!;

    it('returns the nearest documents, nearest first', async () => {
      const documents = randomDocuments(300);
      const films = await filled(documents);
      for (const limit of [1, 10, 299, 1_000]) {
        const vector = random.unitVector(dimension);
        expectNearest(await search(films, vector, limit), nearest(documents, vector), limit);
      }
      expect(await search(films, random.unitVector(dimension), 0)).toEqual([]);
    });

    it('gives each of several vectors its own list', async () => {
      const documents = randomDocuments(150);
      const films = await filled(documents);
      const vectors = Array.from({ length: 5 }, () => random.unitVector(dimension));
      const lists = await films.port.search({ ...films.request(20), vectors });
      expect(lists.length).toBe(5);
      for (const [i, hits] of lists.entries()) expectNearest(hits, nearest(documents, vectors[i]!), 20);
      expect(await films.port.search({ ...films.request(20), vectors: [] })).toEqual([]);
    });

    it('returns only documents that pass a pushed-down predicate', async () => {
      const documents = randomDocuments(200);
      const films = await filled(documents);
      const comedy: Predicate = { kind: 'facet', facet: 'genres', match: 'any', values: ['Comedy'] };
      const passing = documents.filter((document) => matches(schema, document, comedy));
      const vector = random.unitVector(dimension);
      expectNearest(await search(films, vector, 10, comedy), nearest(passing, vector), 10);
      expectNearest(await search(films, vector, 1_000, comedy), nearest(passing, vector), 1_000);
      const nobody: Predicate = { kind: 'ids', ids: [] };
      expect(await search(films, vector, 10, nobody)).toEqual([]);
    });

    it('orders equal scores by id in UTF-8 order', async () => {
      const embedding = random.unitVector(dimension);
      const ids = ['b', 'a', '10', '9', '\u{1F600}', '\uFF5E', 'é'];
      const films = await filled(ids.map((id) => documentOf(id, { embedding })));
      const sorted = [...ids].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect((await search(films, embedding)).map(({ id }) => id)).toEqual(sorted);
      expect((await search(films, embedding, 3)).map(({ id }) => id)).toEqual(sorted.slice(0, 3));
    });

    it('follows replaced and deleted documents', async () => {
      const documents = randomDocuments(50);
      const films = await filled(documents);
      const vector = random.unitVector(dimension);
      const replaced = documentOf('d1', { embedding: vector, version: 2 });
      await films.put(replaced);
      await films.delete('d2', 'd3');
      const left = [replaced, ...documents.filter(({ id }) => !['d1', 'd2', 'd3'].includes(id))];
      const hits = await search(films, vector);
      expect(hits[0]!.id).toBe('d1');
      expectNearest(hits, nearest(left, vector), 100);
    });

    it('refuses vectors of another dimension', async () => {
      const films = await filled(randomDocuments(3));
      const vectors = [random.unitVector(dimension), random.unitVector(dimension + 1)];
      await expect(films.port.search({ ...films.request(), vectors })).rejects.toMatchObject({
        code: 'wrong_dimension',
        fields: [{ path: 'vectors[1]' }],
      });
    });

    it('keeps tenants apart, and answers on an empty catalogue', async () => {
      const mine = await filled([documentOf('1', { embedding: random.unitVector(dimension) })]);
      const theirs = await filled([]);
      const vector = random.unitVector(dimension);
      expect((await search(mine, vector)).map(({ id }) => id)).toEqual(['1']);
      expect(await search(theirs, vector)).toEqual([]);
    });

    it('does not start when nobody waits any more', async () => {
      const films = await filled(randomDocuments(3));
      const signal = AbortSignal.abort(new Error('gone'));
      const vectors = [random.unitVector(dimension)];
      await expect(films.port.search({ ...films.request(), signal, vectors })).rejects.toThrow('gone');
    });
  });
}
