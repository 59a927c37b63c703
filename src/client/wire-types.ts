import type { z } from 'zod';
import type { bulkLineSchema, bulkOutcomeSchema } from '../wire/bulk.ts';
import type { catalogueSchemaSchema } from '../wire/catalogue.ts';
import type {
  documentBodySchema,
  documentPageSchema,
  storedDocumentSchema,
  writeAckSchema,
} from '../wire/document.ts';
import type { eventsAckSchema, eventsRequestSchema } from '../wire/event.ts';
import type { explainResponseSchema } from '../wire/explain.ts';
import type { exportLineSchema } from '../wire/export.ts';
import type { planStatsSchema } from '../wire/plan-stats.ts';
import type { policyBodySchema, policyPatchSchema, policyResponseSchema } from '../wire/policy.ts';
import type { problemSchema } from '../wire/problem.ts';
import type { rerankRequestSchema } from '../wire/rerank.ts';
import type { rerankResponseSchema } from '../wire/rerank-response.ts';
import type { batchRequestSchema, explainRequestSchema, searchRequestSchema } from '../wire/search.ts';
import type { searchEventSchema } from '../wire/search-event.ts';
import type { batchResponseSchema, searchResponseSchema } from '../wire/search-response.ts';
import type { similarResponseSchema } from '../wire/similar.ts';
import type {
  catalogueAckSchema,
  catalogueStatusSchema,
  healthSchema,
  indexSchema,
  liveSchema,
  profilesSchema,
} from '../wire/status.ts';
import type { tenantRulesBodySchema, tenantRulesResponseSchema } from '../wire/tenant-rules.ts';

/**
 * Bodies and answers as the wire has them (docs/api.md): taken from the schemas that the service parses with, and types
 * only, so that a client needs nothing of them at run time.
 */
export type SearchBody = z.input<typeof searchRequestSchema>;
export type SearchAnswer = z.output<typeof searchResponseSchema>;
/** What a search in parts is answered with; an `error` is thrown instead. */
export type SearchEvent = Exclude<z.output<typeof searchEventSchema>, { event: 'error' }>;
export type BatchBody = z.input<typeof batchRequestSchema>;
export type BatchAnswer = z.output<typeof batchResponseSchema>;
export type ExplainBody = z.input<typeof explainRequestSchema>;
export type ExplainAnswer = z.output<typeof explainResponseSchema>;
export type RerankBody = z.input<typeof rerankRequestSchema>;
export type RerankAnswer = z.output<typeof rerankResponseSchema>;
export type SimilarAnswer = z.output<typeof similarResponseSchema>;

export type DocumentBody = z.input<typeof documentBodySchema>;
export type StoredDocument = z.output<typeof storedDocumentSchema>;
export type DocumentPage = z.output<typeof documentPageSchema>;
export type WriteAck = z.output<typeof writeAckSchema>;
/** A document with its id, or `{delete: id}`. */
export type BulkLine = z.input<typeof bulkLineSchema>;
export type BulkOutcome = z.output<typeof bulkOutcomeSchema>;

export type CatalogueSchemaBody = z.input<typeof catalogueSchemaSchema>;
export type CatalogueStatus = z.output<typeof catalogueStatusSchema>;
export type CatalogueAck = z.output<typeof catalogueAckSchema>;

export type PolicyBody = z.input<typeof policyBodySchema>;
/** A JSON merge patch of a PolicyBody. */
export type PolicyPatch = z.input<typeof policyPatchSchema>;
export type PolicyAnswer = z.output<typeof policyResponseSchema>;
export type RulesBody = z.input<typeof tenantRulesBodySchema>;
export type RulesAnswer = z.output<typeof tenantRulesResponseSchema>;
export type EventsBody = z.input<typeof eventsRequestSchema>;
export type EventsAck = z.output<typeof eventsAckSchema>;
/** A fact about a user; an `error` is thrown instead. */
export type ExportLine = Exclude<z.output<typeof exportLineSchema>, { kind: 'error' }>;

export type Profiles = z.output<typeof profilesSchema>;
export type PlanStats = z.output<typeof planStatsSchema>;
export type Health = z.output<typeof healthSchema>;
export type Live = z.output<typeof liveSchema>;
export type RouteIndex = z.output<typeof indexSchema>;
/** The OpenAPI 3.1 document. */
export type OpenApiDocument = { readonly openapi: string } & Readonly<Record<string, unknown>>;
export type Problem = z.output<typeof problemSchema>;

/** As sent: with the events and lines that the client throws. */
export type SentSearchEvent = z.output<typeof searchEventSchema>;
export type SentExportLine = z.output<typeof exportLineSchema>;
