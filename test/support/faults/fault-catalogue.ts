import type { CatalogueSchema } from '../../../src/domain/catalogue-schema.ts';
import type { Document } from '../../../src/domain/document.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import type { SearchRequest } from '../../../src/domain/search-request.ts';
import { testSchema, unit } from '../arbitraries.ts';
import { plainRequest } from '../search-fixture.ts';

/** So few that one answer can hold them all: what each document scores is then known from a single good answer. */
const documentCount = 90;

export const faultSchema: CatalogueSchema = testSchema;

export function faultDocuments(): Document[] {
  return Array.from({ length: documentCount }, (_, i) => ({
    id: `d${i}`,
    title: `Document ${i}`,
    text: `${['robot', 'space', 'ship', 'garden', 'music'][i % 5]} and ${['love', 'war', 'cat'][i % 3]}`,
    facets: {
      genres: [['Comedy', 'Drama', 'Horror'][i % 3]!],
      directors: [`D${i % 9}`],
      tags: i % 4 === 0 ? ['robot', `t${i % 7}`] : [`t${i % 7}`],
    },
    fields: { year: 1950 + (i % 60), votes: i * 10, released: `${1950 + (i % 60)}-01-01` },
    relations: [{ type: 'SEQUEL', id: `d${(i + 11) % documentCount}`, strength: 0.8 }],
    embedding: unit(Array.from({ length: 8 }, (_, axis) => Math.sin(1 + i * (axis + 1)) + 1.5)),
  }));
}

/** The user of half of the questions: no horror. */
export const faultUser = 'ann';
export const faultPolicy: Policy = {
  constraints: [{ kind: 'exclude', facet: 'genres', values: ['Horror'] }],
  preferences: {},
  learningRate: null,
  explorationRate: null,
};

/** One question that all legs work for; the i-th has words, a vector, a seed and partly a filter and a user of its own. */
export function faultQuestion(i: number, timeoutMs: number): SearchRequest {
  return {
    ...plainRequest,
    query: ['robot love', 'space war', 'garden cat', 'music', 'ship'][i % 5]!,
    embedding: unit(Array.from({ length: 8 }, (_, axis) => Math.cos(i * (axis + 2)) + 1.2)),
    like: [`d${(i * 7) % documentCount}`],
    filter: i % 3 === 0 ? { kind: 'range', field: 'year', gte: 1960 } : null,
    user: i % 2 === 0 ? faultUser : null,
    k: 100,
    cache: 'skip',
    timeoutMs,
  };
}

/** Whether the i-th question may be answered with a document. */
export function allowed(i: number, document: Document): boolean {
  const { filter, user, like } = faultQuestion(i, 1_000);
  if (like.includes(document.id)) return false;
  if (filter !== null && Number(document.fields.year) < 1960) return false;
  return user === null || !document.facets.genres?.includes('Horror');
}
