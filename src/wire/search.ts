import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { defaultContext } from '../domain/policy.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import { limits } from '../limits.ts';
import { components } from './components.ts';
import { embeddingSchema, parseEmbedding } from './embedding.ts';
import { idSchema } from './names.ts';
import { parsePredicate, predicateSchema } from './predicate.ts';
import { Problems, parseWith } from './problems.ts';

/** The profile that ranks when a request names none. */
export const defaultProfile = 'linear';

const openings = ['query', 'embedding', 'like', 'filter'] as const;

export const searchRequestSchema = z
  .strictObject({
    query: z.string().min(1).max(limits.queryCharsMax).regex(/\S/, 'must not be blank').optional(),
    embedding: embeddingSchema.optional().meta({
      description: "Replaces the query's vector; the words of `query` still count for the lexical leg.",
    }),
    like: z
      .array(idSchema)
      .min(1)
      .max(limits.likeIdsMax)
      .optional()
      .meta({ description: 'Seeds: documents to find more of. They are left out of the results.' }),
    k: z.int().min(1).max(limits.kMax).default(limits.kDefault),
    profile: z.string().min(1).max(limits.nameCharsMax).default(defaultProfile),
    timeout_ms: z
      .int()
      .min(limits.timeoutMsMin)
      .max(limits.timeoutMsMax)
      .default(limits.timeoutMsDefault)
      .meta({ description: 'Deadline, counted from the last byte of the body.' }),
    partial: z
      .boolean()
      .default(true)
      .meta({
        description:
          'true: what is there by the deadline is answered, and `degraded` says if that is less than asked. false: an ' +
          'answer that would be degraded is an error (504) with its `coverage` instead.',
      }),
    min_score: z
      .number()
      .optional()
      .meta({ description: 'Leaves out results that score less; `total` then counts what reaches it.' }),
    filter: predicateSchema.optional(),
    diversity: z.number().min(0).max(1).optional().meta({ description: "Default: the profile's." }),
    include: z
      .array(z.enum(['fields', 'facets', 'facet_counts']))
      .max(3)
      .default([]),
    include_relationships: z.boolean().default(false),
    explain: z
      .enum(['none', 'score', 'plan', 'full'])
      .default('score')
      .meta({
        description:
          'none: nothing. score: `signals` and `reasons` of each result. plan: `plan` and `timings` of the search. ' +
          'full: all of these, and of each result its `ranks` after each stage and its `path` in the graph.',
      }),
  })
  .refine((body) => openings.some((name) => body[name] !== undefined), {
    message: 'needs at least one of query, embedding, like, filter',
  })
  .meta({
    description: 'A search: at least one of query, embedding, like and filter.',
    examples: [
      { query: 'lonely robot in space', k: 10 },
      {
        like: ['the-iron-giant-1999-08-04'],
        filter: {
          and: [
            { facet: 'genres', any: ['Comedy'] },
            { field: 'released', gte: '1990-01-01' },
          ],
        },
        include: ['fields', 'facets', 'facet_counts'],
        diversity: 0.3,
        explain: 'full',
      },
    ],
  })
  .register(components, { id: 'SearchRequest' });

export type WireSearchRequest = z.input<typeof searchRequestSchema>;

export const batchRequestSchema = z
  .strictObject({ searches: z.array(searchRequestSchema).min(1).max(limits.batchSearchesMax) })
  .meta({
    examples: [{ searches: [{ query: 'space opera' }, { like: ['the-iron-giant-1999-08-04'], k: 5 }] }],
  })
  .register(components, { id: 'BatchRequest' });

const batchEnvelope = z.strictObject({
  searches: z.array(z.unknown()).min(1).max(limits.batchSearchesMax),
});

/** The searches of a batch, still unparsed: one bad search must not fail the others. */
export function parseBatchEnvelope(input: unknown): readonly unknown[] {
  return parseWith(batchEnvelope, input).searches;
}

/** What a request is checked against. */
export interface SearchContext {
  readonly schema: CatalogueSchema;
  readonly profiles: readonly string[];
}

/**
 * Checks a body and gives the domain's request. `root` is where the search stands in the body (`searches[2]`).
 * @throws TriptychError invalid_request | unknown_field | unknown_profile | wrong_dimension, with field paths
 */
export function parseSearchRequest(input: unknown, context: SearchContext, root = ''): SearchRequest {
  const wire = parseWith(searchRequestSchema, input, 'invalid_request', root);
  const problems = new Problems();
  const at = (name: string) => (root === '' ? name : `${root}.${name}`);
  if (!context.profiles.includes(wire.profile))
    problems.add('unknown_profile', at('profile'), `is none of ${context.profiles.join(', ')}`);
  const embedding =
    wire.embedding === undefined
      ? null
      : parseEmbedding(wire.embedding, context.schema.embedding.dimension, at('embedding'), problems);
  const filter =
    wire.filter === undefined ? null : parsePredicate(wire.filter, context.schema, at('filter'), problems);
  problems.throwIfAny();
  return {
    query: wire.query === undefined ? null : wire.query.normalize('NFC').trim(),
    embedding,
    like: [...new Set(wire.like ?? [])],
    k: wire.k,
    profile: wire.profile,
    timeoutMs: wire.timeout_ms,
    partial: wire.partial,
    minScore: wire.min_score ?? null,
    filter,
    diversity: wire.diversity ?? null,
    include: [...new Set(wire.include)],
    includeRelationships: wire.include_relationships,
    explain: wire.explain,
    user: null,
    context: defaultContext,
    constraints: [],
    cursor: null,
    cache: 'use',
  };
}
