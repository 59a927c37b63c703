import type { CatalogueSchema } from '../src/domain/catalogue-schema.ts';
import type { DocumentInput } from '../src/domain/document.ts';
import type { SearchRequest } from '../src/domain/search-request.ts';
import { filmDocuments, filmsAvailable, filmsSchema } from '../test/support/films.ts';
import type { BenchSize } from './case.ts';
import { random } from './random.ts';

/** A catalogue with embeddings, and queries that its documents can answer. */
export interface BenchCatalogue {
  readonly source: 'films' | 'generated';
  readonly schema: CatalogueSchema;
  readonly documents: readonly DocumentInput[];
  readonly queries: readonly BenchQuery[];
}

export interface BenchQuery {
  readonly text: string;
  readonly embedding: Float32Array;
  readonly like: readonly string[];
}

const queryCount = 200;
const documentCounts: Readonly<Record<BenchSize, number>> = { small: 300, full: 2_512 };

/** The films, or the first 300 of them; generated documents of the same shape where the films are absent. */
export function benchCatalogue(size: BenchSize, seed: number): BenchCatalogue {
  const next = random(seed);
  const films = filmsAvailable();
  const schema = films ? filmsSchema().schema : generatedSchema;
  const count = documentCounts[size];
  const documents = films ? filmDocuments().slice(0, count) : generatedDocuments(count, next);
  const queries = Array.from({ length: queryCount }, () => queryAbout(documents, next));
  return { source: films ? 'films' : 'generated', schema, documents, queries };
}

/** Some words of a document, its vector, and another document as the seed: what all legs have to work on. */
function queryAbout(documents: readonly DocumentInput[], next: () => number): BenchQuery {
  const pick = (): DocumentInput => documents[Math.floor(next() * documents.length)]!;
  const about = pick();
  const words = `${about.title} ${about.text}`.split(/\s+/).filter((word) => word.length > 3);
  const from = Math.floor(next() * Math.max(1, words.length - 4));
  return { text: words.slice(from, from + 4).join(' '), embedding: about.embedding!, like: [pick().id] };
}

/** The search of a query with every leg planned: query and its vector, and a seed for the graph. */
export function searchOf(query: BenchQuery, changes: Partial<SearchRequest> = {}): SearchRequest {
  return {
    query: query.text,
    embedding: query.embedding,
    like: query.like,
    k: 10,
    profile: 'linear',
    timeoutMs: 10_000,
    partial: false,
    minScore: null,
    filter: null,
    diversity: null,
    include: [],
    includeRelationships: false,
    explain: 'none',
    user: null,
    context: 'default',
    constraints: [],
    cursor: null,
    // Benches measure searches; a list from the cache is a case of its own.
    cache: 'skip',
    ...changes,
  };
}

const genres = ['Action', 'Comedy', 'Drama', 'Fantasy', 'Horror', 'Romance', 'Thriller', 'Western'];
const syllables = ['ba', 'do', 'ke', 'li', 'mu', 'na', 'po', 'ra', 'si', 'to', 'vu', 'ze'];
const dimension = 512;

export const generatedSchema: CatalogueSchema = {
  name: 'generated',
  facets: ['genres', 'directors'],
  fields: { released: { type: 'date' }, votes: { type: 'number' } },
  scales: {},
  embedding: { model: 'random', dimension, tier: 'f32', lo: 0, hi: 1, text: ['title', 'text'] },
  popularity: 'votes',
  recency: { field: 'released', reference: 'newest_document' },
  relations: [{ type: 'SAME_DIRECTOR', facet: 'directors', strength: 0.8 }],
  language: 'none',
};

function generatedDocuments(count: number, next: () => number): DocumentInput[] {
  return Array.from({ length: count }, (_, index) =>
    generatedDocument(
      index,
      count,
      next,
      Float32Array.from({ length: dimension }, () => next() - 0.5),
    ),
  );
}

const clusterCount = 500;

/** Documents one by one, with vectors around 500 centres, as those of texts lie around topics. Equal for equal arguments. */
export function* clusteredDocuments(count: number, seed: number): Generator<DocumentInput> {
  const next = random(seed);
  const centres = Array.from({ length: clusterCount }, () =>
    Float32Array.from({ length: dimension }, () => next() - 0.5),
  );
  for (let index = 0; index < count; index++) {
    const centre = centres[Math.floor(next() * clusterCount)]!;
    const vector = centre.map((value) => value + 0.7 * (next() - 0.5));
    yield generatedDocument(index, count, next, vector);
  }
}

function generatedDocument(
  index: number,
  count: number,
  next: () => number,
  vector: Float32Array,
): DocumentInput {
  const length = Math.hypot(...vector);
  return {
    id: `g${index}`,
    title: words(3, next),
    text: words(40, next),
    facets: {
      genres: [genres[Math.floor(next() * genres.length)]!],
      directors: [`director ${Math.floor(next() * (count / 4))}`],
    },
    fields: {
      released: `${1950 + Math.floor(next() * 70)}-06-01`,
      votes: Math.floor(next() * 100_000),
    },
    relations: [],
    embedding: vector.map((value) => value / length),
  };
}

/** Short syllables are frequent, so some words are in many documents and most in few. */
function words(count: number, next: () => number): string {
  return Array.from({ length: count }, () =>
    Array.from(
      { length: 2 + Math.floor(next() * 2) },
      () => syllables[Math.floor(next() ** 2 * syllables.length)],
    ).join(''),
  ).join(' ');
}
