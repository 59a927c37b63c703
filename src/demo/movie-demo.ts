import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { DocumentInput } from '../domain/document.ts';
import { embeddingText } from '../domain/embedding-text.ts';
import { rowMapping } from '../ingest/mapping.ts';
import { parseSchemaFile } from '../ingest/schema-file.ts';
import type { RawMovie } from './movie.ts';
import { type Collections, cleanMovies } from './movie-rows.ts';
import { movieRules } from './movie-rules.ts';
import {
  dequantise,
  type EmbeddedText,
  type QuantisedVectorsInfo,
  textsDigest,
} from './quantised-vectors.ts';

/** A catalogue and its documents, always the same ones in the same order. */
export interface DemoCatalogue {
  readonly schema: CatalogueSchema;
  readonly documents: readonly DocumentInput[];
}

/** The same distance from src/demo and from dist/demo. */
const folder = new URL('../../demo/', import.meta.url);
const require = createRequire(import.meta.url);

/** The demo: the 3,201 films of vega-datasets' movies.json, cleaned, with vectors made beforehand. */
export const movieDemo = {
  name: 'movies',
  exampleQuery: 'superhero',
  rules: movieRules,
  async load(): Promise<DemoCatalogue> {
    const { schema, documents } = await loadWithoutVectors();
    const vectors = await readVectors(demoTexts(schema, documents));
    return { schema, documents: documents.map((document, i) => ({ ...document, embedding: vectors[i]! })) };
  },
} as const;

/** The cleaned documents, still to be embedded. */
export async function loadWithoutVectors(): Promise<DemoCatalogue> {
  const schemaFile = parseSchemaFile(await readFile(new URL('movies.schema.json', folder), 'utf8'));
  const map = rowMapping(schemaFile);
  // The package's exports have an entry that parses all its data sets, but not the files themselves.
  const dataFolder = path.join(path.dirname(require.resolve('vega-datasets')), '../data');
  const rows = await readJson<RawMovie[]>(path.join(dataFolder, 'movies.json'));
  const collections = await readJson<Collections>(new URL('collections.json', folder));
  const documents = cleanMovies(rows, collections).map((movie) => {
    const mapped = map(movie);
    if ('reject' in mapped) throw new Error(`${movie.id}: ${JSON.stringify(mapped.reject)}`);
    return mapped.document;
  });
  return { schema: schemaFile.schema, documents };
}

/** What the documents are embedded by, in their order. */
export function demoTexts(schema: CatalogueSchema, documents: readonly DocumentInput[]): EmbeddedText[] {
  return documents.map((document) => ({ id: document.id, text: embeddingText(schema, document) }));
}

async function readVectors(texts: readonly EmbeddedText[]): Promise<Float32Array[]> {
  const info = await readJson<QuantisedVectorsInfo>(new URL('embeddings.json', folder));
  if (info.texts_sha256 !== textsDigest(texts))
    throw new Error('demo/embeddings.i8 was made from other texts: run scripts/build-demo-embeddings.mjs');
  return dequantise(await readFile(new URL('embeddings.i8', folder)), info);
}

async function readJson<T>(file: string | URL): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T;
}
