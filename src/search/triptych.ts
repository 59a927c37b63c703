import type { Profile } from '../domain/profile.ts';
import { countFacets } from '../domain/row-view.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { SearchResponse } from '../domain/search-response.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentStore } from '../ports/document-store.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { Meter } from '../ports/meter.ts';
import type { Reranker } from '../ports/reranker.ts';
import type { CatalogueStatus, Triptych } from '../ports/triptych.ts';
import type { CatalogueRegistry } from './catalogue-registry.ts';
import { LatencyBook } from './latency-book.ts';
import { ReadinessProbe } from './readiness-probe.ts';
import { RerankBatcher } from './rerank-batcher.ts';
import { search } from './search.ts';
import type { SearchParts } from './search-context.ts';
import { similar } from './similar.ts';
import { WritePath } from './write-path.ts';

export interface TriptychParts {
  readonly store: DocumentStore;
  readonly registry: CatalogueRegistry;
  readonly embedder: Embedder | null;
  readonly reranker: Reranker;
  readonly profiles: readonly Profile[];
  readonly clock: Clock;
  readonly meter: Meter;
  /** Closes what the parts hold, after the last request. */
  readonly closeParts: () => Promise<void>;
}

/** The service over its ports: `compose.ts` chooses the adapters. */
export function assembleTriptych(parts: TriptychParts): Triptych {
  const { store, registry, meter } = parts;
  const latencies = new LatencyBook();
  const searchParts: SearchParts = {
    ...parts,
    batcher: new RerankBatcher(parts.reranker, meter),
    backend: parts.reranker.name,
    profiles: new Map(parts.profiles.map((profile) => [profile.name, profile])),
    latencies,
  };
  const writes = new WritePath(parts);
  const probe = new ReadinessProbe(parts);
  let closed: Promise<void> | null = null;
  const open = (): void => {
    if (closed !== null)
      throw new TriptychError('not_ready', 'The service is stopping.', { retryAfterSeconds: 1 });
  };
  return {
    async search(tenant, request, { startedAtMs }) {
      open();
      return measuredSearch(searchParts, tenant, request, startedAtMs);
    },
    async searchBatch(tenant, requests, { startedAtMs }) {
      open();
      return Promise.allSettled(
        requests.map((request) => measuredSearch(searchParts, tenant, request, startedAtMs)),
      );
    },
    async similar(tenant, id, limit, { startedAtMs }) {
      open();
      return similar(searchParts, tenant, id, limit, startedAtMs);
    },
    async write(tenant, operations, options) {
      open();
      return writes.write(tenant, operations, options);
    },
    ...documentReads(store, registry),
    schema: (tenant) => registry.find(tenant)?.schema ?? null,
    async createCatalogue(tenant, schema) {
      open();
      return writes.createCatalogue(tenant, schema);
    },
    async replaceCatalogue(tenant, schema) {
      open();
      return writes.replaceCatalogue(tenant, schema);
    },
    ...notYet,
    profiles: () => parts.profiles,
    planStats: () => ({ legs: latencies.stats(), backend: parts.reranker.name }),
    readiness: () => probe.readiness(closed !== null),
    close() {
      closed ??= registry.close().then(parts.closeParts);
      return closed;
    },
  };
}

/** A search that fails has no plan to measure it by; it is measured here. */
async function measuredSearch(
  parts: SearchParts,
  tenant: string,
  request: SearchRequest,
  startedAtMs: number,
): Promise<SearchResponse> {
  try {
    return await search(parts, tenant, request, startedAtMs);
  } catch (error) {
    parts.meter.search('none', 'error', parts.clock.nowMs() - startedAtMs);
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

const later = (): never => {
  throw new TriptychError('internal', 'placeholder');
};
const notYet: Pick<
  Triptych,
  | 'explain'
  | 'policy'
  | 'putPolicy'
  | 'deletePolicy'
  | 'rules'
  | 'putRules'
  | 'recordEvents'
  | 'exportUser'
  | 'eraseUser'
> = {
  explain: later,
  policy: later,
  putPolicy: later,
  deletePolicy: later,
  rules: later,
  putRules: later,
  recordEvents: later,
  exportUser: later,
  eraseUser: later,
};
