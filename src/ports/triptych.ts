import type { BackendName } from '../domain/backend-name.ts';
import type { Calibration } from '../domain/calibration.ts';
import type { Catalogue, CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { BulkOperation, StoredDocument } from '../domain/document.ts';
import type { Epoch } from '../domain/epoch.ts';
import type { SearchPlan } from '../domain/plan.ts';
import type { Policy, Preferences, StoredPolicy, StoredTenantRules, TenantRules } from '../domain/policy.ts';
import type { Profile } from '../domain/profile.ts';
import type {
  RelevanceAnswer,
  RelevanceRequest,
  TextRelevanceAnswer,
  TextRelevanceRequest,
} from '../domain/relevance.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { FacetCount, SearchResponse, SimilarAnswer, WhyNot } from '../domain/search-response.ts';
import type { LoggedEvent, UserEvent } from '../domain/user-event.ts';
import type { WriteAck } from './document-store.ts';
import type { EventAck } from './event-log.ts';
import type { ExpectedVersion } from './policy-store.ts';

/** A catalogue generation that is filled beside the live one. */
export interface StagedCatalogue {
  readonly generation: number;
  /** Documents that it holds already: more than 0 after an interrupted run. */
  count(): Promise<number>;
  write(operations: readonly BulkOperation[]): Promise<readonly WriteAck[]>;
  /** Makes it the live catalogue and deletes the old one's documents. */
  activate(): Promise<Catalogue>;
}

export interface CatalogueStatus {
  readonly catalogue: Catalogue;
  readonly documents: number;
  readonly epoch: Epoch;
  /** Most frequent values of each facet. */
  readonly facets: Readonly<Record<string, readonly FacetCount[]>>;
}

export interface Readiness {
  readonly ready: boolean;
  /** One line per part: `{sql: {ok: true}, embedder: {ok: false, reason: 'loading'}}`. */
  readonly parts: Readonly<Record<string, { readonly ok: boolean; readonly reason?: string }>>;
}

/** Measured latency of a leg or stage: what the planner estimates from. */
export interface LatencyStats {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

/** A backend that this build knows, and what became of it here. */
export interface BackendState {
  readonly name: BackendName;
  /** Empty where there is but one, or where it was not opened. */
  readonly variant: string;
  /** `off`: it was there and broke; it is tried again with the next start. `unused`: the settings leave it out. */
  readonly state: 'ready' | 'off' | 'missing' | 'unused';
  /** Why it is not ready. */
  readonly reason: string | null;
}

/** A calibration, and whether it was measured by an earlier run. */
export interface KnownCalibration extends Calibration {
  readonly kept: boolean;
}

/** Which backends score, and what the choice among them rests on. */
export interface ScorerStats {
  readonly setting: 'auto' | BackendName;
  readonly backends: readonly BackendState[];
  readonly calibrations: readonly KnownCalibration[];
}

export interface PlanStats {
  readonly legs: Readonly<Record<string, LatencyStats>>;
  /** The one that a single request of 300 candidates goes to now. */
  readonly backend: BackendName;
  readonly scorer: ScorerStats;
}

/** What a search tells while it runs; each is called at most once, in this order, and none for a cached answer. */
export interface SearchObserver {
  onPlan?(plan: SearchPlan): void;
  /** Every stage on what is there while a leg is still out; never before the policy is known. */
  onProvisional?(response: SearchResponse): void;
}

/** A user's policy with what was learned beside it. */
export interface PolicyView {
  readonly policy: StoredPolicy;
  /** -1..1 by facet and value, strongest first, at most limits.learnedPreferencesMax. */
  readonly learned: Preferences;
}

/** One line of what is known about a user. */
export type ExportRecord =
  | { readonly kind: 'policy'; readonly context: string; readonly policy: StoredPolicy }
  | {
      readonly kind: 'state';
      readonly taste: Float32Array | null;
      readonly learned: Preferences;
      readonly seen: readonly string[];
      readonly hidden: readonly string[];
      /** Documents with positive events, strongest first. */
      readonly liked: readonly { readonly id: string; readonly affinity: number }[];
    }
  | { readonly kind: 'event'; readonly event: LoggedEvent };

export interface CallOptions {
  /** Monotonic milliseconds (Clock.nowMs) at which the request's last body byte arrived; the deadline counts from it. */
  readonly startedAtMs: number;
  readonly observer?: SearchObserver;
}

/**
 * The whole service as HTTP, CLI and library see it. Every method throws TriptychError.
 * Written once in search/, wired in compose.ts.
 */
export interface Triptych {
  search(tenant: string, request: SearchRequest, options: CallOptions): Promise<SearchResponse>;
  /** Same order as `requests`; ready items share a scorer call. One failure does not touch the others. */
  searchBatch(
    tenant: string,
    requests: readonly SearchRequest[],
    options: CallOptions,
  ): Promise<PromiseSettledResult<SearchResponse>[]>;
  /** Why the document is where it is in this search's list, or why it is not in it. @throws TriptychError document_not_found */
  explain(tenant: string, request: SearchRequest, document: string, options: CallOptions): Promise<WhyNot>;
  /** Given documents in order of what they score for a query. */
  rerank(tenant: string, request: RelevanceRequest, options: CallOptions): Promise<RelevanceAnswer>;
  /** Given texts in order of what they score for a query; a tenant without a catalogue can ask too. */
  rerankTexts(
    tenant: string,
    request: TextRelevanceRequest,
    options: CallOptions,
  ): Promise<TextRelevanceAnswer>;
  similar(tenant: string, id: string, limit: number, options: CallOptions): Promise<SimilarAnswer>;

  /** Commits; with `wait` also waits until searchable (at most limits.searchableWaitMsMax). */
  write(
    tenant: string,
    operations: readonly BulkOperation[],
    options: { readonly waitSearchable: boolean },
  ): Promise<{ readonly outcomes: readonly WriteAck[]; readonly searchable: boolean }>;
  document(tenant: string, id: string): Promise<StoredDocument>;
  documents(tenant: string, afterId: string | null, limit: number): Promise<readonly StoredDocument[]>;

  catalogue(tenant: string): Promise<CatalogueStatus>;
  /** The live schema without I/O, for parsing; null before a catalogue exists. */
  schema(tenant: string): CatalogueSchema | null;
  createCatalogue(tenant: string, schema: CatalogueSchema): Promise<Catalogue>;
  /** Opens (or continues) the next generation with another schema. */
  replaceCatalogue(tenant: string, schema: CatalogueSchema): Promise<StagedCatalogue>;

  /** The user's policy in a context as it is stored (version 0 where it is not). @throws TriptychError unknown_context */
  policy(tenant: string, user: string, context: string): Promise<PolicyView>;
  /** @throws TriptychError precondition_failed | unknown_context | invalid_request | unknown_field */
  putPolicy(
    tenant: string,
    user: string,
    context: string,
    policy: Policy,
    expected: ExpectedVersion,
  ): Promise<PolicyView>;
  /** @throws TriptychError precondition_failed | not_found */
  deletePolicy(tenant: string, user: string, context: string, expected: ExpectedVersion): Promise<void>;
  rules(tenant: string): Promise<StoredTenantRules>;
  /** @throws TriptychError precondition_failed | invalid_request | unknown_field */
  putRules(tenant: string, rules: TenantRules, expected: ExpectedVersion): Promise<StoredTenantRules>;
  /** Acknowledged when they are committed; part of the user's state within a second. */
  recordEvents(tenant: string, events: readonly UserEvent[]): Promise<EventAck>;
  /** Everything known about the user, policies first, then the state, then the events. @throws TriptychError user_not_found */
  exportUser(tenant: string, user: string): AsyncIterable<ExportRecord>;
  /** Deletes everything known about the user, in caches too. @throws TriptychError user_not_found */
  eraseUser(tenant: string, user: string): Promise<void>;

  profiles(): readonly Profile[];
  planStats(): PlanStats;
  readiness(): Promise<Readiness>;
  /** Refuses new work, finishes what is in flight, closes the stores. */
  close(): Promise<void>;
}
