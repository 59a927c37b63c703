import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import { defaultContext } from '../domain/policy.ts';
import type { Profile } from '../domain/profile.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import { limits } from '../limits.ts';
import { components } from './components.ts';
import { embeddingSchema, parseEmbedding } from './embedding.ts';
import { contextSchema, idSchema, userIdSchema } from './names.ts';
import { parsePredicate, predicateSchema } from './predicate.ts';
import { Problems, parseWith } from './problems.ts';
import { rulesSchema } from './rule.ts';
import { parseRules } from './rule-conversion.ts';

/** The profile that ranks when a request names none. */
export const defaultProfile = 'linear';

const openings = ['query', 'embedding', 'like', 'user', 'filter'] as const;

export const searchShape = {
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
  user: userIdSchema.optional().meta({
    description:
      'Who is asking: their policy holds, and what was learned of them counts. Alone it asks for recommendations.',
  }),
  context: contextSchema.default(defaultContext),
  constraints: rulesSchema
    .default([])
    .meta({ description: "Rules of this search alone; they add to the policy's and never relax them." }),
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
  include_relationships: z.boolean().default(false).meta({
    description: 'The relations of the results, asked for after ranking: in Neo4j a second question.',
  }),
  explain: z
    .enum(['none', 'score', 'plan', 'full'])
    .default('score')
    .meta({
      description:
        'none: nothing. score: `signals` and `reasons` of each result. plan: `plan` and `timings` of the search. ' +
        'full: all of these, and of each result its `ranks` after each stage and its `path` in the graph.',
    }),
  cursor: z
    .string()
    .min(1)
    .max(limits.cursorCharsMax)
    .nullable()
    .optional()
    .meta({
      description:
        'Continues the list of an earlier answer to the same search; `k`, `include`, `explain`, `timeout_ms`, ' +
        '`include_relationships`, `partial` and `cache` may differ. null is as none.',
    }),
  cache: z
    .enum(['use', 'skip'])
    .default('use')
    .meta({ description: 'skip: neither answered from the cache nor kept in it.' }),
};

/** Whether the search asks for anything. */
function opens(body: { readonly [Name in (typeof openings)[number]]?: unknown }): boolean {
  return openings.some((name) => body[name] !== undefined);
}
const opening = { message: `needs at least one of ${openings.join(', ')}` };

export const searchRequestSchema = z
  .strictObject(searchShape)
  .refine(opens, opening)
  .meta({
    description: 'A search: at least one of query, embedding, like, user and filter.',
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
      {
        user: 'u1',
        constraints: [
          { kind: 'exclude', facet: 'genres', values: ['Horror'] },
          { kind: 'quota', facet: 'directors', max: 1, within: 10 },
        ],
      },
    ],
  })
  .register(components, { id: 'SearchRequest' });

export type WireSearchRequest = z.input<typeof searchRequestSchema>;

/** Body of `POST /v1/explain`. */
export const explainRequestSchema = z
  .strictObject({ ...searchShape, document: idSchema })
  .refine(opens, opening)
  .meta({
    description: 'A search, and the document whose place in it is asked for.',
    examples: [{ query: 'lonely robot in space', document: 'the-iron-giant-1999-08-04' }],
  })
  .register(components, { id: 'ExplainRequest' });

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
  readonly profiles: readonly Pick<Profile, 'name' | 'rankDepth' | 'formula'>[];
}

/**
 * Checks a body and gives the domain's request. `root` is where the search stands in the body (`searches[2]`).
 * @throws TriptychError invalid_request | unknown_field | unknown_profile | wrong_dimension, with field paths
 */
export function parseSearchRequest(input: unknown, context: SearchContext, root = ''): SearchRequest {
  return toRequest(parseWith(searchRequestSchema, input, 'invalid_request', root), context, root);
}

/** As parseSearchRequest, with the id of the document that is asked about. */
export function parseExplainRequest(
  input: unknown,
  context: SearchContext,
): { readonly request: SearchRequest; readonly document: string } {
  const { document, ...search } = parseWith(explainRequestSchema, input);
  return { request: toRequest(search, context, ''), document };
}

function toRequest(
  wire: z.output<typeof searchRequestSchema>,
  context: SearchContext,
  root: string,
): SearchRequest {
  const problems = new Problems();
  const at = (name: string) => (root === '' ? name : `${root}.${name}`);
  const { schema, profiles } = context;
  const profile = profiles.find(({ name }) => name === wire.profile);
  if (profile === undefined)
    problems.add(
      'unknown_profile',
      at('profile'),
      `is none of ${profiles.map(({ name }) => name).join(', ')}`,
    );
  const embedding =
    wire.embedding === undefined
      ? null
      : parseEmbedding(wire.embedding, schema.embedding.dimension, at('embedding'), problems);
  const filter =
    wire.filter === undefined ? null : parsePredicate(wire.filter, schema, at('filter'), problems);
  const rankDepth = profile?.rankDepth ?? limits.rankDepthMax;
  const constraints = parseRules(wire.constraints, { schema, rankDepth }, at('constraints'), problems);
  problems.throwIfAny();
  return {
    query: wire.query === undefined ? null : wire.query.normalize('NFC').trim(),
    embedding,
    like: [...new Set(wire.like ?? [])],
    user: wire.user ?? null,
    context: wire.context,
    constraints,
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
    cursor: wire.cursor ?? null,
    cache: wire.cache,
  };
}
