import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { PathStep, SearchResponse, SearchResult } from '../domain/search-response.ts';
import { signalNames } from '../domain/signal.ts';
import { mapValues } from '../std/map-values.ts';
import { components } from './components.ts';
import { coverageSchema, coverageToWire } from './coverage.ts';
import { planSchema, planToWire, roundMs } from './plan.ts';
import { problemSchema } from './problem.ts';
import { warningSchema, warningToWire } from './warning.ts';

export const signalSchema = z.strictObject({
  value: z.number().nullable().meta({ description: 'null: could not be known, contributes 0.' }),
  weight: z.number(),
  contribution: z.number(),
});

export const pathStepSchema = z
  .strictObject({
    type: z.string(),
    from: z.string(),
    to: z.string(),
    strength: z.number(),
    shared: z
      .array(z.strictObject({ facet: z.string(), values: z.array(z.string()) }))
      .optional()
      .meta({ description: 'The values that a derived relation runs over.' }),
  })
  .register(components, { id: 'PathStep' });

const fieldValue = z.union([z.number(), z.string(), z.boolean()]);

/** The rank after each stage, from 1. */
export const ranksSchema = z.strictObject({ fused: z.int(), diverse: z.int(), final: z.int() });

export const legNamesSchema = z.array(z.enum(['vector', 'lexical', 'graph', 'policy']));

export const searchResultSchema = z
  .strictObject({
    id: z.string(),
    rank: z.int().min(1),
    title: z.string(),
    score: z.number(),
    signals: z
      .partialRecord(z.enum(signalNames), signalSchema)
      .optional()
      .meta({ description: 'With explain: score or full.' }),
    sources: legNamesSchema,
    reasons: z.array(z.string()).optional().meta({ description: 'With explain: score or full.' }),
    fields: z.record(z.string(), fieldValue).optional(),
    facets: z.record(z.string(), z.array(z.string())).optional(),
    relationships: z
      .array(z.strictObject({ type: z.string(), id: z.string(), strength: z.number() }))
      .optional(),
    ranks: ranksSchema
      .optional()
      .meta({ description: 'With explain: full. The rank after each stage, from 1.' }),
    path: z
      .array(pathStepSchema)
      .optional()
      .meta({ description: 'With explain: full, where the graph reached it. The best path from a seed.' }),
  })
  .register(components, { id: 'SearchResult' });

export const facetCountsSchema = z.record(
  z.string(),
  z.array(z.strictObject({ value: z.string(), count: z.int().min(0) })),
);

export const searchResponseSchema = z
  .strictObject({
    results: z.array(searchResultSchema).meta({ description: 'In rank order.' }),
    coverage: coverageSchema,
    degraded: z.boolean().meta({
      description:
        'A planned leg or the embedder was not ok, or a leg was left out or shortened because it was too slow for ' +
        'the deadline. With `partial: false` that is a 504 instead.',
    }),
    warnings: z.array(warningSchema),
    total: z.strictObject({ value: z.int().min(0), relation: z.enum(['eq', 'gte']) }).meta({
      description:
        'Documents that pass the filter, counted over the whole catalogue (`eq`). With `min_score`, those that also ' +
        'reach it among the candidates that were scored: `gte` where more may.',
    }),
    facet_counts: facetCountsSchema.optional(),
    strategy: z.string(),
    backend: z.string(),
    cached: z.boolean().meta({ description: 'Whether the ranked list came from the cache.' }),
    cursor: z.string().nullable().meta({ description: 'Continues the list; null at its end.' }),
    took_ms: z.number().min(0),
    plan: planSchema.optional().meta({ description: 'With explain: plan or full.' }),
    timings: z
      .record(z.string(), z.number())
      .optional()
      .meta({ description: 'With explain: plan or full. Actual milliseconds by stage.' }),
    request_id: z.string(),
  })
  .meta({
    examples: [
      {
        results: [
          {
            id: 'the-iron-giant-1999-08-04',
            rank: 1,
            title: 'The Iron Giant',
            score: 0.5,
            signals: { similarity: { value: 0.75, weight: 0.4, contribution: 0.3 } },
            sources: ['vector', 'lexical'],
            reasons: ['matches the words of the query'],
          },
        ],
        coverage: { vector: { state: 'ok', ms: 1.2, budget_ms: 200, candidates: 300 } },
        degraded: false,
        warnings: [],
        total: { value: 3201, relation: 'eq' },
        strategy: 'HybridParallel',
        backend: 'js',
        cached: false,
        cursor: null,
        took_ms: 3.4,
        request_id: '4f7d0c1e-6a53-4a6e-9f0c-0a4a3b0f1f57',
      },
    ],
  })
  .register(components, { id: 'SearchResponse' });

export type WireSearchResponse = z.output<typeof searchResponseSchema>;

export const batchResponseSchema = z
  .strictObject({
    responses: z
      .array(
        z.strictObject({
          status: z.int(),
          body: z.union([searchResponseSchema, problemSchema]),
        }),
      )
      .meta({ description: 'In the order of the searches; one failure does not touch the others.' }),
    request_id: z.string(),
  })
  .register(components, { id: 'BatchResponse' });

/** The domain's answer as the wire writes it. */
export function searchResponseToWire(
  response: SearchResponse,
  schema: CatalogueSchema,
  requestId: string,
): WireSearchResponse {
  return {
    results: response.results.map(resultToWire),
    coverage: coverageToWire(response.coverage),
    degraded: response.degraded,
    warnings: response.warnings.map((warning) => warningToWire(warning, schema)),
    total: { ...response.total },
    ...(response.facetCounts !== undefined && { facet_counts: facetCountsToWire(response.facetCounts) }),
    strategy: response.strategy,
    backend: response.backend,
    cached: response.cached,
    cursor: response.cursor,
    took_ms: roundMs(response.tookMs),
    ...(response.plan !== undefined && {
      plan: planToWire(response.plan, response.coverage, schema),
      timings: mapValues(response.stages, roundMs),
    }),
    request_id: requestId,
  };
}

function resultToWire(result: SearchResult): WireSearchResponse['results'][number] {
  const { signals, reasons, fields, facets, relationships, ranks, path } = result;
  return {
    id: result.id,
    rank: result.rank,
    title: result.title,
    score: result.score,
    ...(signals !== undefined && { signals: { ...signals } }),
    sources: [...result.sources],
    ...(reasons !== undefined && { reasons: [...reasons] }),
    ...(fields !== undefined && { fields: { ...fields } }),
    ...(facets !== undefined && { facets: mapValues(facets, (values) => [...values]) }),
    ...(relationships !== undefined && {
      relationships: relationships.map(({ type, id, strength }) => ({ type, id, strength })),
    }),
    ...(ranks !== undefined && { ranks: { ...ranks } }),
    ...(path !== undefined && { path: path.map(pathStepToWire) }),
  };
}

export function pathStepToWire(step: PathStep): z.output<typeof pathStepSchema> {
  return {
    type: step.type,
    from: step.from,
    to: step.to,
    strength: step.strength,
    ...(step.shared !== undefined && {
      shared: step.shared.map(({ facet, values }) => ({ facet, values: [...values] })),
    }),
  };
}

export function facetCountsToWire(
  counts: Readonly<Record<string, readonly { readonly value: string; readonly count: number }[]>>,
): z.output<typeof facetCountsSchema> {
  return mapValues(counts, (values) => values.map(({ value, count }) => ({ value, count })));
}
