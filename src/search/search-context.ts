import type { Profile } from '../domain/profile.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { HeldSnapshot } from '../domain/table-snapshot.ts';
import { vectorProblem } from '../domain/vector-check.ts';
import type { Warning } from '../domain/warning.ts';
import { TriptychError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { Meter } from '../ports/meter.ts';
import type { ActiveCatalogue, ActivePredicate } from './active-catalogue.ts';
import type { CatalogueRegistry } from './catalogue-registry.ts';
import type { LatencyBook } from './latency-book.ts';
import type { RerankBatcher } from './rerank-batcher.ts';

/** What every search of the process shares. */
export interface SearchParts {
  readonly registry: CatalogueRegistry;
  readonly embedder: Embedder | null;
  readonly batcher: RerankBatcher;
  readonly backend: string;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly latencies: LatencyBook;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** One search at work: the request, the epoch it is computed on, and what is known of it so far. */
export interface SearchContext {
  readonly parts: SearchParts;
  readonly request: SearchRequest;
  readonly catalogue: ActiveCatalogue;
  readonly snapshot: HeldSnapshot;
  readonly profile: Profile;
  readonly predicate: ActivePredicate | null;
  /** Ids of `like` that are in the catalogue. */
  readonly seeds: readonly string[];
  readonly diversity: number;
  /** Monotonic and wall-clock milliseconds of the request's start; "now" is frozen here. */
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly warnings: Warning[];
  /** Actual milliseconds by stage. */
  readonly stages: Record<string, number>;
}

/** Opens a search on the current epoch; the caller releases `snapshot`. */
export function openSearch(
  parts: SearchParts,
  tenant: string,
  request: SearchRequest,
  startedAtMs: number,
): SearchContext {
  const profile = parts.profiles.get(request.profile);
  if (profile === undefined)
    throw new TriptychError('unknown_profile', `There is no profile "${request.profile}".`, {
      fields: [{ path: 'profile', message: `one of ${[...parts.profiles.keys()].join(', ')}` }],
    });
  const catalogue = parts.registry.active(tenant);
  checkEmbedding(request, catalogue);
  const snapshot = catalogue.table.acquire();
  try {
    const warnings: Warning[] = [];
    const seeds = knownSeeds(request, snapshot, warnings);
    const filterStart = parts.clock.nowMs();
    const predicate = request.filter === null ? null : catalogue.compile(request.filter, snapshot);
    const stages = predicate === null ? {} : { filter: parts.clock.nowMs() - filterStart };
    return {
      parts,
      request,
      catalogue,
      snapshot,
      profile,
      predicate,
      seeds,
      diversity: request.diversity ?? profile.diversity,
      startedAtMs,
      nowMs: parts.clock.epochMs(),
      warnings,
      stages,
    };
  } catch (error) {
    snapshot.release();
    throw error;
  }
}

function checkEmbedding(request: SearchRequest, catalogue: ActiveCatalogue): void {
  if (request.embedding === null) return;
  const problem = vectorProblem(request.embedding, catalogue.schema.embedding.dimension);
  if (problem === null) return;
  const { kind, message } = problem;
  throw new TriptychError(
    kind === 'dimension' ? 'wrong_dimension' : 'invalid_request',
    `embedding: ${message}`,
    {
      fields: [{ path: 'embedding', message }],
    },
  );
}

/** Unknown seeds warn; nothing but unknown seeds is 404. */
function knownSeeds(request: SearchRequest, snapshot: HeldSnapshot, warnings: Warning[]): string[] {
  const seeds = [...new Set(request.like)];
  const known = seeds.filter((id) => snapshot.rowOf(id) >= 0);
  const alone = request.query === null && request.embedding === null && request.filter === null;
  if (seeds.length > 0 && known.length === 0 && alone)
    throw new TriptychError('document_not_found', 'None of the documents in `like` exists.', {
      fields: seeds.map((id, i) => ({ path: `like[${i}]`, message: `there is no document "${id}"` })),
    });
  for (const id of seeds)
    if (snapshot.rowOf(id) < 0)
      warnings.push({ code: 'unknown_document', message: `like: there is no document "${id}"` });
  return known;
}
