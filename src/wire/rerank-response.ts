import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { RelevanceAnswer, TextRelevanceAnswer } from '../domain/relevance.ts';
import { components } from './components.ts';
import { coverageSchema, coverageToWire } from './coverage.ts';
import { dropReasonSchema, dropReasonToWire } from './drop-reason.ts';
import { roundMs } from './plan.ts';
import type { WireTextDocument } from './rerank.ts';
import { warningSchema, warningToWire } from './warning.ts';

const resultSchema = z.strictObject({
  index: z.int().min(0).meta({ description: 'The place in `documents` or `ids`.' }),
  relevance_score: z.number().min(0).max(1).meta({ description: 'The score, cut to 0..1.' }),
  document: z.record(z.string(), z.string()).optional().meta({
    description:
      'With `return_documents`: what was sent; of a text, and of an object without one, its `text`.',
  }),
});

const droppedSchema = z.strictObject({
  index: z.int().min(0),
  dropped_by: z.array(dropReasonSchema).meta({ description: 'Every hard rule that it fails.' }),
});

const metaSchema = z.strictObject({
  api_version: z
    .strictObject({ version: z.string() })
    .meta({ description: 'That of the path: `/v1/rerank` or `/v2/rerank`; they differ in nothing else.' }),
  backend: z.string(),
  coverage: coverageSchema,
  degraded: z.boolean(),
  warnings: z.array(z.string()).meta({ description: 'The same as texts, for clients that read these.' }),
  dropped: z.array(droppedSchema).optional().meta({
    description:
      'With ids: those that hard rules leave out, in the order of `ids`, 100 at most, lists in them cut to 10.',
  }),
  dropped_count: z.int().min(0).optional().meta({ description: 'With ids: how many that are in all.' }),
  took_ms: z.number(),
});

export const rerankResponseSchema = z
  .strictObject({
    id: z.string().meta({ description: 'Of the request.' }),
    model: z.string().meta({ description: 'What scored: the profile, whatever `model` asked for.' }),
    results: z.array(resultSchema).meta({ description: 'Best first. What a hard rule drops is left out.' }),
    usage: z
      .strictObject({ total_tokens: z.int().min(0) })
      .optional()
      .meta({ description: 'With documents: words that were read, those of the query included.' }),
    warnings: z.array(warningSchema),
    meta: metaSchema,
  })
  .meta({
    examples: [
      {
        id: 'a7c1',
        model: 'linear',
        results: [{ index: 1, relevance_score: 0.62 }],
        warnings: [{ code: 'unknown_document', message: 'ids[2]: there is no document "nobody"' }],
        meta: {
          api_version: { version: '1' },
          backend: 'native',
          coverage: { lexical: { state: 'ok', ms: 0.4, budget_ms: 9_000, candidates: 12 } },
          degraded: false,
          warnings: ['ids[2]: there is no document "nobody"'],
          dropped: [
            {
              index: 0,
              dropped_by: [
                {
                  rule: { kind: 'exclude', facet: 'genres', values: ['Horror'], source: 'user', index: 0 },
                  value: ['Horror', 'Drama'],
                },
              ],
            },
          ],
          dropped_count: 1,
          took_ms: 1.2,
        },
      },
      {
        id: 'a7c2',
        model: 'linear',
        results: [
          { index: 1, relevance_score: 0.58, document: { text: 'Washington, D.C. is the capital.' } },
        ],
        usage: { total_tokens: 20 },
        warnings: [],
        meta: {
          api_version: { version: '2' },
          backend: 'js',
          coverage: {
            lexical: { state: 'ok', ms: 0.2, budget_ms: 9_000, candidates: 2, reason: 'counts_of_texts' },
            embedder: { state: 'ok', ms: 14, budget_ms: 9_000, candidates: 0 },
          },
          degraded: false,
          warnings: [],
          took_ms: 15.1,
        },
      },
    ],
  })
  .register(components, { id: 'RerankResponse' });

export type WireRerankResponse = z.output<typeof rerankResponseSchema>;

/** What an answer repeats of its request. */
export interface RerankEcho {
  readonly requestId: string;
  readonly profile: string;
  /** Of the path. */
  readonly version: '1' | '2';
}

export function rerankToWire(
  answer: RelevanceAnswer,
  schema: CatalogueSchema,
  echo: RerankEcho,
): WireRerankResponse {
  return {
    ...commonToWire(answer, echo),
    warnings: answer.warnings.map((warning) => warningToWire(warning, schema)),
    meta: {
      ...metaToWire(answer, echo),
      dropped: answer.dropped.map(({ index, droppedBy }) => ({
        index,
        dropped_by: droppedBy.map((reason) => dropReasonToWire(reason, schema)),
      })),
      dropped_count: answer.droppedCount,
    },
  };
}

/** @param documents what was sent, where it is to be sent back */
export function textsToWire(
  answer: TextRelevanceAnswer,
  texts: readonly string[],
  documents: readonly WireTextDocument[] | null,
  echo: RerankEcho,
): WireRerankResponse {
  const { id, model, results } = commonToWire(answer, echo);
  return {
    id,
    model,
    results:
      documents === null
        ? results
        : results.map((result) => ({
            ...result,
            document: documentToWire(documents[result.index]!, texts[result.index]!),
          })),
    usage: { total_tokens: answer.words },
    // None that texts give is about a rule.
    warnings: answer.warnings.map(({ code, message }) => ({ code, message })),
    meta: metaToWire(answer, echo),
  };
}

function documentToWire(document: WireTextDocument, text: string): Record<string, string> {
  return typeof document === 'string' ? { text: document } : { text, ...document };
}

type Answer = Pick<RelevanceAnswer, 'results' | 'backend' | 'coverage' | 'degraded' | 'warnings' | 'tookMs'>;

function commonToWire({ results }: Answer, { requestId, profile }: RerankEcho) {
  return {
    id: requestId,
    model: profile,
    results: results.map(({ index, relevance }) => ({ index, relevance_score: relevance })),
  };
}

function metaToWire({ backend, coverage, degraded, warnings, tookMs }: Answer, { version }: RerankEcho) {
  return {
    api_version: { version },
    backend,
    coverage: coverageToWire(coverage),
    degraded,
    warnings: warnings.map(({ message }) => message),
    took_ms: roundMs(tookMs),
  };
}
