import type { Catalogue, CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { BulkOperation, StoredDocument } from '../../src/domain/document.ts';
import { addHash, documentHash } from '../../src/domain/epoch.ts';
import type { StoredTenantRules } from '../../src/domain/policy.ts';
import { matches } from '../../src/domain/predicate.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import type {
  RelevanceAnswer,
  RelevanceRequest,
  TextRelevanceAnswer,
  TextRelevanceRequest,
} from '../../src/domain/relevance.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { SearchResponse, SimilarAnswer, WhyNot } from '../../src/domain/search-response.ts';
import type { UserEvent } from '../../src/domain/user-event.ts';
import type { Warning } from '../../src/domain/warning.ts';
import { TriptychError } from '../../src/errors.ts';
import type { EventAck } from '../../src/ports/event-log.ts';
import type {
  CallOptions,
  CatalogueStatus,
  ExportRecord,
  PlanStats,
  PolicyView,
  Readiness,
  StagedCatalogue,
  Triptych,
} from '../../src/ports/triptych.ts';
import { compareUtf8 } from '../../src/std/utf8-order.ts';
import { fakePlan, pendingCoverage, planStats, whyNot } from './fake-answers.ts';
import { FakeUsers } from './fake-users.ts';

export const filmSchema: CatalogueSchema = {
  name: 'films',
  facets: ['genres', 'tags'],
  fields: {
    year: { type: 'number' },
    released: { type: 'date' },
    mpaa: { type: 'keyword', scale: 'mpaa' },
    seen: { type: 'flag' },
  },
  scales: { mpaa: ['G', 'PG', 'R'] },
  embedding: { model: 'test', dimension: 4, tier: 'f32', lo: 0, hi: 1, text: ['title'] },
  popularity: 'year',
  recency: { field: 'released', reference: 'now' },
  relations: [{ type: 'SAME_GENRE', facet: 'genres', strength: 0.5 }],
  language: 'en',
};

/**
 * The service's interface in memory, for tests of the edge: documents are really kept, searches filter and count but do
 * not rank. It records what it was asked, and can be told to wait or to fail.
 */
export class FakeTriptych implements Triptych {
  live: Catalogue | null = { schema: filmSchema, generation: 1 };
  readonly stored = new Map<string, StoredDocument>();
  readonly searches: { readonly request: SearchRequest; readonly options: CallOptions }[] = [];
  readonly textRequests: { readonly request: TextRelevanceRequest; readonly options: CallOptions }[] = [];
  readonly writes: { readonly operations: readonly BulkOperation[]; readonly waitSearchable: boolean }[] = [];
  ready: Readiness = { ready: true, parts: { sql: { ok: true } } };
  /** Runs before every search and write; throws or waits as the test wants. */
  before: () => Promise<void> = async () => {};
  /** Runs before every record of an export. */
  beforeRecord: () => Promise<void> = async () => {};
  /** Between plan and provisional answer, of a search that is observed. */
  beforeProvisional: () => Promise<void> = async () => {};
  /** Searches are answered as from the cache: without plan and provisional answer. */
  cached = false;
  readonly users = new FakeUsers();
  beforeWrite: (operations: readonly BulkOperation[]) => Promise<void> = async () => {};

  async search(_tenant: string, request: SearchRequest, options: CallOptions): Promise<SearchResponse> {
    this.searches.push({ request, options });
    await this.before();
    const { observer } = options;
    if (!this.cached) {
      observer?.onPlan?.(fakePlan);
      await this.beforeProvisional();
    }
    const response = this.#answer(request);
    if (!this.cached) observer?.onProvisional?.({ ...response, coverage: pendingCoverage });
    return response;
  }

  #answer(request: SearchRequest): SearchResponse {
    const { schema } = this.#catalogue();
    const found = [...this.stored.values()].filter(
      (document) => request.filter === null || matches(schema, document, request.filter),
    );
    return {
      results: found.slice(0, request.k).map((document, index) => ({
        id: document.id,
        rank: index + 1,
        title: document.title,
        score: 0.5,
        sources: ['vector'],
        signals: { similarity: { value: 1, weight: 0.5, contribution: 0.5 } },
        ...(request.include.includes('fields') && { fields: document.fields }),
        ...(request.include.includes('facets') && { facets: document.facets }),
      })),
      coverage: { vector: { state: 'ok', ms: 1.23456, budgetMs: 100, candidates: found.length } },
      degraded: false,
      // A pin of a document that is not there is what a warning about a rule can be tested with.
      warnings: request.constraints.flatMap((rule, index) => this.#pinWarning(rule, index)),
      total: { value: found.length, relation: 'eq' },
      strategy: 'VectorOnly',
      backend: 'js',
      cached: this.cached,
      cursor: request.cursor,
      tookMs: 1.5,
      stages: { plan: 0.1, 'odd stage': 0.2 },
    };
  }

  searchBatch(
    tenant: string,
    requests: readonly SearchRequest[],
    options: CallOptions,
  ): Promise<PromiseSettledResult<SearchResponse>[]> {
    return Promise.allSettled(requests.map((request) => this.search(tenant, request, options)));
  }

  async similar(_tenant: string, id: string, limit: number): Promise<SimilarAnswer> {
    await this.before();
    this.#known(id);
    const neighbours = [...this.stored.values()]
      .filter((document) => document.id !== id)
      .slice(0, limit)
      .map((document) => ({
        id: document.id,
        title: document.title,
        score: 0.5,
        similarity: 0.5,
        path: [{ type: 'SAME_GENRE', from: id, to: document.id, strength: 0.5 }],
        reasons: ['shares a genre'],
      }));
    return { neighbours, coverage: pendingCoverage, degraded: false };
  }

  async write(
    _tenant: string,
    operations: readonly BulkOperation[],
    options: { readonly waitSearchable: boolean },
  ) {
    await this.before();
    await this.beforeWrite(operations);
    this.writes.push({ operations, waitSearchable: options.waitSearchable });
    const outcomes = operations.map((operation) => this.#apply(operation));
    return { outcomes, searchable: options.waitSearchable };
  }

  async document(_tenant: string, id: string): Promise<StoredDocument> {
    return this.#known(id);
  }

  async documents(_tenant: string, afterId: string | null, limit: number): Promise<StoredDocument[]> {
    return [...this.stored.values()]
      .sort((a, b) => compareUtf8(a.id, b.id))
      .filter(({ id }) => afterId === null || compareUtf8(id, afterId) > 0)
      .slice(0, limit);
  }

  async catalogue(): Promise<CatalogueStatus> {
    let checksum = 0n;
    for (const { id, version } of this.stored.values())
      checksum = addHash(checksum, documentHash(id, version));
    return {
      catalogue: this.#catalogue(),
      documents: this.stored.size,
      epoch: { generation: 1, checksum },
      facets: { genres: [{ value: 'Drama', count: 1 }] },
    };
  }

  schema(): CatalogueSchema | null {
    return this.live?.schema ?? null;
  }

  async createCatalogue(_tenant: string, schema: CatalogueSchema): Promise<Catalogue> {
    if (this.live !== null && JSON.stringify(this.live.schema) !== JSON.stringify(schema))
      throw new TriptychError('catalogue_conflict', 'another schema is live');
    this.live ??= { schema, generation: 1 };
    return this.live;
  }

  async replaceCatalogue(): Promise<StagedCatalogue> {
    throw new Error('the edge never replaces a catalogue');
  }

  async explain(_tenant: string, request: SearchRequest, document: string): Promise<WhyNot> {
    await this.before();
    const { schema } = this.#catalogue();
    const known = this.#known(document);
    const passes = request.filter === null || matches(schema, known, request.filter);
    return whyNot(known, passes ? 'ranked' : 'dropped', request);
  }

  async rerank(_tenant: string, request: RelevanceRequest, options: CallOptions): Promise<RelevanceAnswer> {
    await this.before();
    const { search, ids, topN } = request;
    this.searches.push({ request: search, options });
    return {
      results: ids.slice(0, topN).map((_, index) => ({ index, relevance: 1 / (index + 1) })),
      coverage: pendingCoverage,
      degraded: false,
      warnings: [],
      backend: 'js',
      dropped: [],
      droppedCount: 0,
      tookMs: 1,
    };
  }

  async rerankTexts(
    _tenant: string,
    request: TextRelevanceRequest,
    options: CallOptions,
  ): Promise<TextRelevanceAnswer> {
    await this.before();
    this.textRequests.push({ request, options });
    return {
      results: request.texts
        .slice(0, request.topN)
        .map((_, index) => ({ index, relevance: 1 / (index + 1) })),
      coverage: pendingCoverage,
      degraded: false,
      warnings: [],
      backend: 'js',
      tookMs: 1,
      words: 7,
    };
  }

  async policy(tenant: string, user: string, context: string): Promise<PolicyView> {
    await this.before();
    return this.users.policy(tenant, user, context);
  }

  async putPolicy(...given: Parameters<Triptych['putPolicy']>): Promise<PolicyView> {
    await this.before();
    return this.users.putPolicy(...given);
  }

  async deletePolicy(...given: Parameters<Triptych['deletePolicy']>): Promise<void> {
    await this.before();
    this.users.deletePolicy(...given);
  }

  async rules(tenant: string): Promise<StoredTenantRules> {
    await this.before();
    return this.users.rules(tenant);
  }

  async putRules(...given: Parameters<Triptych['putRules']>): Promise<StoredTenantRules> {
    await this.before();
    return this.users.putRules(...given);
  }

  async recordEvents(tenant: string, events: readonly UserEvent[]): Promise<EventAck> {
    await this.before();
    return this.users.recordEvents(tenant, events);
  }

  async *exportUser(tenant: string, user: string): AsyncGenerator<ExportRecord> {
    await this.before();
    for (const record of this.users.records(tenant, user)) {
      await this.beforeRecord();
      yield record;
    }
  }

  async eraseUser(tenant: string, user: string): Promise<void> {
    await this.before();
    this.users.erase(tenant, user);
  }

  profiles() {
    return builtInProfiles;
  }

  planStats(): PlanStats {
    return planStats;
  }

  async readiness(): Promise<Readiness> {
    return this.ready;
  }

  async close(): Promise<void> {}

  #pinWarning(rule: Rule, index: number): Warning[] {
    if (rule.kind !== 'pin' || this.stored.has(rule.id)) return [];
    return [{ code: 'pin_dropped', message: 'is not there', rule: { rule, source: 'request', index } }];
  }

  #apply(operation: BulkOperation): { id: string; version: number } {
    const id = operation.kind === 'put' ? operation.document.id : operation.id;
    const before = this.stored.get(id);
    if (operation.kind === 'delete') {
      this.stored.delete(id);
      return { id, version: before === undefined ? 0 : before.version + 1 };
    }
    const version = (before?.version ?? 0) + 1;
    const embedding = operation.document.embedding ?? Float32Array.of(1, 0, 0, 0);
    this.stored.set(id, { ...operation.document, embedding, version });
    return { id, version };
  }

  #catalogue(): Catalogue {
    if (this.live === null) throw new TriptychError('no_catalogue', 'there is no catalogue');
    return this.live;
  }

  #known(id: string): StoredDocument {
    const document = this.stored.get(id);
    if (document === undefined) throw new TriptychError('document_not_found', 'no such document');
    return document;
  }
}
