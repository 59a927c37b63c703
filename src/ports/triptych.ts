import type { Catalogue, CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { BulkOperation, StoredDocument } from '../domain/document.ts';
import type { Epoch } from '../domain/epoch.ts';
import type { Profile } from '../domain/profile.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { FacetCount, SearchResponse, SimilarDocument } from '../domain/search-response.ts';
import type { WriteAck } from './document-store.ts';

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

export interface CallOptions {
  /** Monotonic milliseconds (Clock.nowMs) at which the request's last body byte arrived; the deadline counts from it. */
  readonly startedAtMs: number;
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
  similar(
    tenant: string,
    id: string,
    limit: number,
    options: CallOptions,
  ): Promise<readonly SimilarDocument[]>;

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

  profiles(): readonly Profile[];
  planStats(): { readonly legs: Readonly<Record<string, LatencyStats>>; readonly backend: string };
  readiness(): Promise<Readiness>;
  /** Refuses new work, finishes what is in flight, closes the stores. */
  close(): Promise<void>;
}
