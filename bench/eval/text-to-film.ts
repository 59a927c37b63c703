import { LruCache } from '../../src/adapters/memory/lru-cache.ts';
import { PromMeter } from '../../src/adapters/prom/prom-meter.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { type ComposedTriptych, defaultTenant } from '../../src/compose.ts';
import { createEmbedder } from '../../src/compose-embedder.ts';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { DocumentInput } from '../../src/domain/document.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { EvalQuery } from '../../src/eval/query-file.ts';
import { searchQueries } from '../../src/eval/search-queries.ts';
import type { Qrels, Rankings } from '../../src/eval/trec-files.ts';
import { limits } from '../../src/limits.ts';
import { filmsSchema, readFilms } from '../../test/support/films.ts';
import { searchOf } from '../catalogue.ts';
import { fill, withService } from '../service.ts';

/** A tag of fewer films says little about ranking. */
const relevantMin = 3;
/** Texts that the model takes at once. */
const embedBatch = 64;

/** Queries that people wrote, and what they found fitting: the tags of the films. */
export interface TagQueries {
  readonly queries: readonly EvalQuery[];
  readonly qrels: Qrels;
}

/** Each tag that at least 3 films share is a query, and those films are what is relevant. */
export function tagQueries(): TagQueries {
  const byTag = new Map<string, Map<string, number>>();
  for (const { id, row } of readFilms())
    for (const tag of new Set(row.tags as string[])) {
      const films = byTag.get(tag) ?? new Map<string, number>();
      byTag.set(tag, films.set(String(id), 1));
    }
  const shared = [...byTag].filter(([tag, films]) => films.size >= relevantMin && /\S/.test(tag));
  return {
    queries: shared.map(([tag]) => ({ id: tag, body: { query: tag }, place: tag })),
    qrels: new Map(shared),
  };
}

/** Title and overview alone: a facet of tags would be the answer. */
function textDocuments(): DocumentInput[] {
  return readFilms().map(({ id, title, overview, embedding }) => ({
    id: String(id),
    title,
    text: overview ?? '',
    facets: {},
    fields: {},
    relations: [],
    embedding,
  }));
}

function textSchema(): CatalogueSchema {
  const { schema } = filmsSchema();
  return { ...schema, facets: [], fields: {}, popularity: null, recency: null, relations: [] };
}

/** What each system of the comparison asks for. */
const systems: Readonly<Record<string, (tag: string, embedding: Float32Array) => Partial<SearchRequest>>> = {
  // Without a vector and without an embedder the words alone answer, without words the vector alone.
  lexical: (query) => ({ query, embedding: null }),
  vector: (_query, embedding) => ({ query: null, embedding }),
  rrf: (query, embedding) => ({ query, embedding, profile: 'rrf' }),
  linear: (query, embedding) => ({ query, embedding, profile: 'linear' }),
};

/** Rankings by system, 100 deep, by the whole embedded service. */
export async function rankTags(
  queries: readonly EvalQuery[],
  say: (line: string) => void,
): Promise<ReadonlyMap<string, Rankings>> {
  const vectors = await embedAll(queries.map(({ id }) => id));
  return withService(async (open) => {
    await fill(open, { source: 'films', schema: textSchema(), documents: textDocuments(), queries: [] });
    const rankings = new Map<string, Rankings>();
    for (const [system, changes] of Object.entries(systems)) {
      say(`  ${system}`);
      const { rankings: own } = await searchQueries(
        queries,
        ({ id }) => idsOf(open, changes(id, vectors.get(id)!)),
        new AbortController().signal,
      );
      rankings.set(system, own);
    }
    return rankings;
  });
}

async function idsOf(
  { service }: ComposedTriptych,
  changes: Partial<SearchRequest>,
): Promise<{ readonly ids: readonly string[]; readonly degraded: boolean }> {
  const about = { text: '', embedding: new Float32Array(0), like: [] };
  const request = searchOf(about, { like: [], k: limits.kMax, ...changes });
  const { results, degraded } = await service.search(defaultTenant, request, {
    startedAtMs: performance.now(),
  });
  return { ids: results.map(({ id }) => id), degraded };
}

/** Vectors of all texts by the built-in model. */
async function embedAll(texts: readonly string[]): Promise<ReadonlyMap<string, Float32Array>> {
  const meter = new PromMeter();
  const cache = new LruCache<Float32Array>({ entriesMax: 1, clock: systemClock });
  const embedder = createEmbedder({ kind: 'builtin' }, cache, meter)!;
  try {
    const vectors = new Map<string, Float32Array>();
    for (let at = 0; at < texts.length; at += embedBatch) {
      const batch = texts.slice(at, at + embedBatch);
      const made = await embedder.embed(batch, new AbortController().signal);
      for (const [i, text] of batch.entries()) vectors.set(text, made[i]!);
    }
    return vectors;
  } finally {
    await embedder.close();
    meter.close();
  }
}
