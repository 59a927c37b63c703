import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { RelevanceAnswer, RelevanceRequest } from '../domain/relevance.ts';
import { isListRule } from '../domain/rule.ts';
import { limits } from '../limits.ts';
import { components } from './components.ts';
import { coverageSchema, coverageToWire } from './coverage.ts';
import { idSchema } from './names.ts';
import { roundMs } from './plan.ts';
import { Problems, parseWith } from './problems.ts';
import { parseSearchRequest, type SearchContext, searchShape } from './search.ts';
import { warningSchema, warningToWire } from './warning.ts';

const { query, embedding, user, context, constraints, profile, timeout_ms, partial } = searchShape;

/** Body of `POST /v1/rerank`: Cohere's, with ids where that has texts, and what a search can say of who asks. */
export const rerankRequestSchema = z
  .strictObject({
    model: z
      .string()
      .max(limits.idCharsMax)
      .optional()
      .meta({ description: 'Accepted for clients that send it; `profile` says how to score.' }),
    query: query.unwrap(),
    ids: z
      .array(idSchema)
      .min(1)
      .max(limits.windowMax)
      .meta({ description: 'Documents of the catalogue, in any order; unknown ones warn.' }),
    top_n: z.int().min(1).max(limits.windowMax).optional().meta({ description: 'Default: all of them.' }),
    embedding,
    user,
    context,
    constraints,
    profile,
    timeout_ms: timeout_ms.unwrap().default(limits.timeoutMsMax),
    partial,
  })
  .meta({
    description:
      'Documents that another system found, to be scored for a query and whoever asks. Hard and soft rules hold, of ' +
      'the request and of the policy; list-wise rules have no part in it.',
    examples: [
      {
        query: 'lonely robot in space',
        ids: ['the-iron-giant-1999-08-04', 'wall-e-2008-06-27'],
        top_n: 1,
      },
    ],
  })
  .register(components, { id: 'RerankRequest' });

export const rerankResponseSchema = z
  .strictObject({
    id: z.string().meta({ description: 'Of the request.' }),
    results: z
      .array(z.strictObject({ index: z.int().min(0), relevance_score: z.number().min(0).max(1) }))
      .meta({
        description:
          'Best first: the place in `ids`, and the score cut to 0..1. What a hard rule drops is left out.',
      }),
    meta: z.strictObject({
      api_version: z.strictObject({ version: z.string() }),
      backend: z.string(),
      coverage: coverageSchema,
      degraded: z.boolean(),
      warnings: z.array(warningSchema),
      took_ms: z.number(),
    }),
  })
  .meta({
    examples: [
      {
        id: 'a7c1',
        results: [{ index: 1, relevance_score: 0.62 }],
        meta: {
          api_version: { version: '2' },
          backend: 'native',
          coverage: { lexical: { state: 'ok', ms: 0.4, budget_ms: 9_000, candidates: 12 } },
          degraded: false,
          warnings: [],
          took_ms: 1.2,
        },
      },
    ],
  })
  .register(components, { id: 'RerankResponse' });

/** @throws TriptychError invalid_request | unknown_field | unknown_profile | wrong_dimension, with field paths */
export function parseRerankRequest(input: unknown, known: SearchContext): RelevanceRequest {
  const { model: _, ids, top_n, ...search } = parseWith(rerankRequestSchema, input);
  const request = parseSearchRequest({ ...search, k: 1, explain: 'none', cache: 'skip' }, known);
  const problems = new Problems();
  // Its signals for words and vectors are ranks within what legs recalled, and nothing is recalled here.
  if (known.profiles.find(({ name }) => name === request.profile)?.formula === 'rrf')
    problems.add(
      'invalid_request',
      'profile',
      'ranks what legs recall, and here nothing is recalled: take one that weighs signals, such as linear or personal',
    );
  request.constraints.forEach((rule, i) => {
    if (isListRule(rule))
      problems.add(
        'invalid_request',
        `constraints[${i}].kind`,
        `${rule.kind} orders lists, and here the score alone orders; a search keeps it`,
      );
  });
  problems.throwIfAny();
  return { search: request, ids, topN: top_n ?? ids.length };
}

export function rerankToWire(
  answer: RelevanceAnswer,
  schema: CatalogueSchema,
  requestId: string,
): z.output<typeof rerankResponseSchema> {
  return {
    id: requestId,
    results: answer.results.map(({ index, relevance }) => ({ index, relevance_score: relevance })),
    meta: {
      api_version: { version: '2' },
      backend: answer.backend,
      coverage: coverageToWire(answer.coverage),
      degraded: answer.degraded,
      warnings: answer.warnings.map((warning) => warningToWire(warning, schema)),
      took_ms: roundMs(answer.tookMs),
    },
  };
}
