import type { LegScores } from '../domain/leg-scores.ts';
import type { Profile } from '../domain/profile.ts';
import type { RankedList } from '../domain/ranked-list.ts';
import { countFacets } from '../domain/row-view.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { SearchResponse } from '../domain/search-response.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Cache } from '../ports/cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentStore } from '../ports/document-store.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { ExactScorer } from '../ports/exact-scorer.ts';
import type { Logger } from '../ports/logger.ts';
import type { Meter } from '../ports/meter.ts';
import type { PolicyStore } from '../ports/policy-store.ts';
import type { SharedIndex } from '../ports/shared-index.ts';
import type { SyncLog } from '../ports/sync-log.ts';
import type { CallOptions, CatalogueStatus, Triptych } from '../ports/triptych.ts';
import { LruMap } from '../std/lru-map.ts';
import type { ActiveCatalogue } from './active-catalogue.ts';
import { BackendChoice, type ScoringBackends } from './backend-choice.ts';
import type { CatalogueRegistry } from './catalogue-registry.ts';
import { CursorCodec } from './cursor.ts';
import { warnOfOtherSpaces } from './embedding-space.ts';
import { EventApplier } from './event-applier.ts';
import { EventIntake } from './event-intake.ts';
import { explain } from './explain.ts';
import { Flights } from './flights.ts';
import { HeadBook } from './head-book.ts';
import { LatencyBook } from './latency-book.ts';
import { LegMemory } from './leg-memory.ts';
import { ReadinessProbe } from './readiness-probe.ts';
import { rerank } from './relevance.ts';
import { RerankBatcher } from './rerank-batcher.ts';
import { search } from './search.ts';
import type { SearchParts } from './search-context.ts';
import { SharedIndexes } from './shared-indexes.ts';
import { similar } from './similar.ts';
import { rerankTexts } from './text-relevance.ts';
import { UserDesk } from './user-desk.ts';
import { WritePath } from './write-path.ts';

export interface TriptychParts {
  readonly store: DocumentStore;
  readonly policies: PolicyStore;
  readonly events: EventLog;
  /** Whether this process alone writes the stores: then what it remembers of them need not be asked again. */
  readonly soleWriter: boolean;
  /** Where ranked lists are kept for answers and cursors. */
  readonly lists: Cache<RankedList>;
  /** Where answers of indexes outside the process are kept; nowhere but in memory unless given. */
  readonly legs?: Cache<LegScores>;
  /** Asks the store of what processes share for a sign of life; absent: there is none. */
  readonly pingCaches?: () => Promise<void>;
  /** Gives 32 bytes, which sign cursors. @throws TriptychError not_ready */
  readonly cursorKey: () => Uint8Array;
  readonly registry: CatalogueRegistry;
  /** Indexes outside the process, and where it is kept what they have yet to apply; none: everything is in process. */
  readonly shared: { readonly indexes: readonly SharedIndex[]; readonly log: SyncLog } | null;
  readonly embedder: Embedder | null;
  readonly exact: ExactScorer;
  readonly scoring: ScoringBackends;
  readonly profiles: readonly Profile[];
  readonly clock: Clock;
  readonly meter: Meter;
  readonly logger: Logger;
  /** Closes what the parts hold, after the last request. */
  readonly closeParts: () => Promise<void>;
}

/** The service over its ports: `compose.ts` chooses the adapters. */
export function assembleTriptych(parts: TriptychParts): Triptych {
  const { store, registry } = parts;
  const choice = new BackendChoice(parts.scoring, parts);
  const indexes = new SharedIndexes(parts);
  const searchParts = searchPartsOf(parts, choice, indexes);
  const { latencies } = searchParts;
  const writes = new WritePath({ ...parts, indexes });
  const probe = new ReadinessProbe({ ...parts, choice, indexes, pings: pingsOf(parts) });
  const { applier, intake, desk } = learningOf(parts, searchParts);
  followCatalogues(registry, choice, indexes, warnOfOtherSpaces(parts.embedder, parts.logger));
  indexes.start();
  applier.start();
  let closed: Promise<void> | null = null;
  /** Acknowledged events wait in the log; what is being acknowledged is waited for. */
  const end = async (): Promise<void> => {
    await intake.close();
    await applier.stop();
    await indexes.stop();
    await registry.close();
    await choice.close();
    await parts.closeParts();
  };
  const { open, openEach } = whileOpen(() => closed === null);
  return {
    search: open((tenant, request, options) => measuredSearch(searchParts, tenant, request, options)),
    searchBatch: open((tenant, requests, options) =>
      Promise.allSettled(requests.map((request) => measuredSearch(searchParts, tenant, request, options))),
    ),
    explain: open((...args) => explain(searchParts, ...args)),
    rerank: open((...args) => rerank(searchParts, ...args)),
    rerankTexts: open((...args) => rerankTexts(searchParts, ...args)),
    similar: open((tenant, id, limit, { startedAtMs }) =>
      similar(searchParts, tenant, id, limit, startedAtMs),
    ),
    write: open((...args) => writes.write(...args)),
    ...documentReads(store, registry),
    schema: (tenant) => registry.find(tenant)?.schema ?? null,
    createCatalogue: open((...args) => writes.createCatalogue(...args)),
    replaceCatalogue: open((...args) => writes.replaceCatalogue(...args)),
    policy: open((...args) => desk.policy(...args)),
    putPolicy: open((...args) => desk.putPolicy(...args)),
    deletePolicy: open((...args) => desk.deletePolicy(...args)),
    rules: open((tenant) => desk.rules(tenant)),
    putRules: open((...args) => desk.putRules(...args)),
    recordEvents: open((...args) => desk.recordEvents(...args)),
    exportUser: openEach((...args) => desk.exportUser(...args)),
    eraseUser: open((...args) => desk.eraseUser(...args)),
    profiles: () => parts.profiles,
    planStats: () => ({ legs: latencies.stats(), backend: choice.usual(), scorer: choice.stats() }),
    readiness: () => probe.readiness(closed !== null),
    close() {
      closed ??= end();
      return closed;
    },
  };
}

/** Stores outside the process beside the truth, as `/readyz` names them. */
function pingsOf({ shared, pingCaches }: TriptychParts): Record<string, () => Promise<void>> {
  const indexes = (shared?.indexes ?? []).map((index) => [index.name, () => index.ping()] as const);
  return { ...Object.fromEntries(indexes), ...(pingCaches !== undefined && { cache: pingCaches }) };
}

/** Tells the parts that must know of catalogues which are live. */
function followCatalogues(
  registry: CatalogueRegistry,
  choice: BackendChoice,
  indexes: SharedIndexes,
  checkSpace: (active: ActiveCatalogue) => void,
): void {
  const show = (active: ActiveCatalogue): void => {
    const { tenant, schema, generation, table } = active;
    checkSpace(active);
    indexes.nudge(tenant);
    indexes.activate(tenant, { schema, generation }, table.current.liveCount);
  };
  for (const active of registry.live()) show(active);
  registry.watch(
    (active) => {
      choice.expect(active.table.current.resident);
      show(active);
    },
    ({ tenant }) => indexes.nudge(tenant),
  );
}

/** Wraps what must not begin once the service is closed: calls, and what is read one by one (from its first `next`). */
function whileOpen(isOpen: () => boolean) {
  const requireOpen = (): void => {
    if (!isOpen()) throw new TriptychError('not_ready', 'The service is stopping.', { retryAfterSeconds: 1 });
  };
  return {
    open:
      <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        requireOpen();
        return work(...args);
      },
    openEach: <A extends unknown[], R>(work: (...args: A) => AsyncIterable<R>) =>
      async function* (...args: A): AsyncGenerator<R> {
        requireOpen();
        yield* work(...args);
      },
  };
}

/** What takes events in, learns from them, and keeps policies. */
function learningOf(parts: TriptychParts, { heads, erasures }: SearchParts) {
  const applier = new EventApplier({
    ...parts,
    log: parts.events,
    onApplied: (tenant, user) => heads.dropUser(tenant, user),
  });
  const intake = new EventIntake({
    ...parts,
    log: parts.events,
    onCommitted: (tenant, users) => {
      for (const user of users) heads.dropUser(tenant, user);
      applier.nudge();
    },
  });
  const desk = new UserDesk({
    ...parts,
    heads,
    erasures,
    intake,
    rankDepthMax: Math.max(...parts.profiles.map((profile) => profile.rankDepth)),
  });
  return { applier, intake, desk };
}

function searchPartsOf(parts: TriptychParts, choice: BackendChoice, indexes: SharedIndexes): SearchParts {
  return {
    ...parts,
    indexes,
    batcher: new RerankBatcher(choice.reranker, parts),
    profiles: new Map(parts.profiles.map((profile) => [profile.name, profile])),
    latencies: new LatencyBook(parts.clock),
    heads: new HeadBook(parts),
    answered: new LruMap(limits.answeredRemembered),
    flights: new Flights(),
    erasures: new LruMap(limits.erasuresRemembered),
    legs: new LegMemory(parts.clock, parts.meter, parts.legs ?? null),
    cursors: new CursorCodec(parts.cursorKey),
  };
}

/** A search that fails has no plan to measure it by; it is measured here. */
async function measuredSearch(
  parts: SearchParts,
  tenant: string,
  request: SearchRequest,
  options: CallOptions,
): Promise<SearchResponse> {
  try {
    return await search(parts, tenant, request, options);
  } catch (error) {
    parts.meter.search('none', 'error', parts.clock.nowMs() - options.startedAtMs);
    throw error;
  }
}

/** Reads of the truth, which need no search. */
function documentReads(
  store: DocumentStore,
  registry: CatalogueRegistry,
): Pick<Triptych, 'document' | 'documents' | 'catalogue'> {
  return {
    async document(tenant, id) {
      const document = await store.get(tenant, registry.active(tenant).generation, id);
      if (document === null) throw new TriptychError('document_not_found', `There is no document "${id}".`);
      return document;
    },
    async documents(tenant, afterId, limit) {
      const { generation } = registry.active(tenant);
      return store.list(tenant, generation, afterId, Math.min(limit, limits.listPageMax));
    },
    async catalogue(tenant) {
      return catalogueStatus(registry, tenant);
    },
  };
}

function catalogueStatus(registry: CatalogueRegistry, tenant: string): CatalogueStatus {
  const active = registry.active(tenant);
  const table = active.table.current;
  return {
    catalogue: { schema: active.schema, generation: active.generation },
    documents: table.liveCount,
    epoch: table.epoch,
    facets: countFacets(table, table.live, limits.catalogueFacetValuesMax),
  };
}
