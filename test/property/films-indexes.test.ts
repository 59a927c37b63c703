import { beforeAll, describe, expect, it } from 'vitest';
import { FlatVectorIndex } from '../../src/adapters/flat/flat-vector-index.ts';
import { JsRowScanner } from '../../src/adapters/js/js-row-scanner.ts';
import { MemoryGraphStore } from '../../src/adapters/memory/memory-graph-store.ts';
import { MemoryTextIndex } from '../../src/adapters/memory/memory-text-index.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import type { GraphStore } from '../../src/ports/graph-store.ts';
import type { TextIndex } from '../../src/ports/text-index.ts';
import { filmDocuments, filmsAvailable, filmsSchema } from '../support/films.ts';
import { projected, TestCatalogue } from '../support/recall-subject.ts';

/** What people type, and the film that must be among the first three. */
const typed: readonly (readonly [query: string, title: string])[] = [
  ['the matrix', 'The Matrix'],
  ['matrx', 'The Matrix'],
  ['interstelar', 'Interstellar'],
  ['schindlers list', "Schindler's List"],
  ["schindler's lst", "Schindler's List"],
  ['jurasic park', 'Jurassic Park'],
  ['lonley robot', 'I, Robot'],
  ['wall-e', 'WALL·E'],
  ['wall·e', 'WALL·E'],
  ['et the extra terrestrial', 'E.T. the Extra-Terrestrial'],
  ['toy stor', 'Toy Story 3'],
  ['JURASIC WROLD', 'Jurassic World'],
];

describe.skipIf(!filmsAvailable())('the in-process indexes on 2,512 films', () => {
  let text: TestCatalogue<TextIndex>;
  let graph: TestCatalogue<GraphStore>;
  let documents: StoredDocument[];
  let byTitle: Map<string, StoredDocument>;

  beforeAll(async () => {
    const { schema } = filmsSchema();
    documents = filmDocuments().map((document) => ({
      ...document,
      version: 1,
      embedding: document.embedding!,
    }));
    byTitle = new Map(documents.map((document) => [document.title, document]));
    text = new TestCatalogue(projected(new MemoryTextIndex()), schema);
    graph = new TestCatalogue(projected(new MemoryGraphStore()), schema);
    await text.put(...documents);
    await graph.put(...documents);
  }, 60_000);

  const titleOf = (id: string) => documents.find((document) => document.id === id)!.title;
  const titles = async (query: string, limit: number) => {
    const { hits } = await text.port.search({ ...text.request(limit), text: query });
    return hits.map(({ id }) => titleOf(id));
  };

  it.each(typed)('%j finds %s', async (query, title) => {
    expect(byTitle.has(title), `${title} is not among the films`).toBe(true);
    expect(await titles(query, 3)).toContain(title);
  });

  it('finds films by a misspelt name of their director', async () => {
    const { hits } = await text.port.search({ ...text.request(10), text: 'spielburg' });
    for (const { id } of hits) {
      const { facets, title, text: overview } = documents.find((document) => document.id === id)!;
      expect(JSON.stringify([title, overview, facets])).toContain('Spielberg');
    }
    expect(hits.length).toBe(10);
  });

  it('finds every film by its own vector', async () => {
    const { snapshot } = text;
    const flat = new FlatVectorIndex(new JsRowScanner());
    for (const { id, embedding } of documents.filter((_, i) => i % 100 === 0)) {
      const [hits] = await flat.search({ ...text.request(3), snapshot, vectors: [embedding] });
      expect(hits!.find((hit) => hit.score > 1 - 1e-6)).toBeDefined();
      expect(hits!.filter((hit) => hit.score > 1 - 1e-6).map((hit) => hit.id)).toContain(id);
    }
  });

  it('relates films of one director, closest first, and says so', async () => {
    const { id, facets } = byTitle.get('The Matrix')!;
    const { support } = await graph.port.recall({ ...graph.request(), seeds: [{ id, weight: 1 }] });
    expect(titleOf(support[0]!.id)).toMatch(/^The Matrix/);
    expect(support[0]!.path[0]!.shared).toContainEqual({
      facet: 'directors',
      values: expect.arrayContaining([expect.stringMatching(new RegExp(facets.directors!.join('|')))]),
    });
  });
});
