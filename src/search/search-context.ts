import { type EffectivePolicy, effectivePolicy } from '../domain/effective-policy.ts';
import type { SearchPlan } from '../domain/plan.ts';
import type { PlannerInput } from '../domain/planner.ts';
import { noTenantRules } from '../domain/policy.ts';
import type { Profile } from '../domain/profile.ts';
import type { RankedList } from '../domain/ranked-list.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { HeldSnapshot } from '../domain/table-snapshot.ts';
import { vectorProblem } from '../domain/vector-check.ts';
import type { Warning } from '../domain/warning.ts';
import { TriptychError } from '../errors.ts';
import type { Cache } from '../ports/cache.ts';
import type { Clock } from '../ports/clock.ts';
import type { DocumentStore } from '../ports/document-store.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { ExactScorer } from '../ports/exact-scorer.ts';
import type { Meter } from '../ports/meter.ts';
import type { LruMap } from '../std/lru-map.ts';
import type { ActiveCatalogue } from './active-catalogue.ts';
import type { Asker } from './asker.ts';
import type { CatalogueRegistry } from './catalogue-registry.ts';
import { type Conditions, compileConditions } from './conditions.ts';
import type { CursorCodec } from './cursor.ts';
import type { Flights } from './flights.ts';
import type { HeadBook } from './head-book.ts';
import type { LatencyBook } from './latency-book.ts';
import type { LegMemory } from './leg-memory.ts';
import type { RerankBatcher } from './rerank-batcher.ts';
import type { SharedIndexes } from './shared-indexes.ts';
import { TransientVectors } from './transient-vectors.ts';

/** What every search of the process shares. */
export interface SearchParts {
  readonly registry: CatalogueRegistry;
  /** The truth, for what is not in memory. */
  readonly store: Pick<DocumentStore, 'embeddings'>;
  readonly embedder: Embedder | null;
  readonly batcher: RerankBatcher;
  /** Scores what the backend selected. */
  readonly exact: ExactScorer;
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly latencies: LatencyBook;
  readonly heads: HeadBook;
  readonly lists: Cache<RankedList>;
  /** When lists were last made here to be kept (monotonic), by requestHash: questions whose answer is probably there. */
  readonly answered: LruMap<number>;
  readonly flights: Flights;
  /** When users were erased lately (monotonic), by userPrefix. */
  readonly erasures: LruMap<number>;
  readonly legs: LegMemory;
  /** Whether what was found depends on an index that may not have had everything. */
  readonly indexes: Pick<SharedIndexes, 'settled'>;
  readonly cursors: CursorCodec;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** What ranking tells while it runs. */
export interface RankObserver {
  onPlan?(plan: SearchPlan): void;
  onProvisional?(list: RankedList, context: SearchContext): void;
}

/** One call before an epoch is chosen for it. */
export interface SearchCall {
  readonly parts: SearchParts;
  readonly tenant: string;
  readonly request: SearchRequest;
  /** Of what is asked, see list-keys.ts. */
  readonly requestHash: string;
  readonly catalogue: ActiveCatalogue;
  readonly profile: Profile;
  readonly observer: RankObserver;
  /** Monotonic milliseconds of the request's start and of its deadline. */
  readonly startedAtMs: number;
  readonly endMs: number;
  /** Wall clock at the start of the list: "now" is frozen here, for all its pages. */
  readonly nowMs: number;
  /** What is known of the legs' speed, the same for every plan of the call: a leg that one plan starts no other skips. */
  latencies(): Pick<PlannerInput, 'estimates' | 'probe'>;
}

/** One search at work: the call, the epoch it is computed on, and what is known of it so far. */
export interface SearchContext extends SearchCall {
  readonly snapshot: HeldSnapshot;
  /** The vectors of the epoch, resident or read. */
  readonly vectors: TransientVectors;
  /** null: the policy store has not answered yet. */
  readonly asker: Asker | null;
  /** The filter and the request's hard rules, and all others once the asker is known; null: everything passes. */
  readonly conditions: Conditions | null;
  /** Ids of `like` that are in the catalogue. */
  readonly seeds: readonly string[];
  readonly diversity: number;
  readonly warnings: readonly Warning[];
  /** Actual milliseconds by stage. */
  readonly stages: Record<string, number>;
  /** How a leg came to its answer, where that was not the usual way. */
  readonly notes: { vector?: 'exact_scan' };
}

export interface CallStart {
  readonly requestHash: string;
  readonly startedAtMs: number;
  readonly observer?: RankObserver;
  /** Frozen by the first page; absent: now. */
  readonly nowMs?: number;
}

/** What became known of the asker, and what is to be said about that. */
export interface AskerNews {
  readonly asker: Asker;
  readonly warnings: readonly Warning[];
}

/** @throws TriptychError unknown_profile | no_catalogue | wrong_dimension | invalid_request */
export function openCall(
  parts: SearchParts,
  tenant: string,
  request: SearchRequest,
  { startedAtMs, requestHash, observer, nowMs }: CallStart,
): SearchCall {
  const profile = parts.profiles.get(request.profile);
  if (profile === undefined)
    throw new TriptychError('unknown_profile', `There is no profile "${request.profile}".`, {
      fields: [{ path: 'profile', message: `one of ${[...parts.profiles.keys()].join(', ')}` }],
    });
  const catalogue = parts.registry.active(tenant);
  checkEmbedding(request, catalogue);
  let latencies: ReturnType<SearchCall['latencies']> | null = null;
  return {
    parts,
    tenant,
    request,
    requestHash,
    catalogue,
    profile,
    observer: observer ?? {},
    startedAtMs,
    endMs: startedAtMs + request.timeoutMs,
    nowMs: nowMs ?? parts.clock.epochMs(),
    latencies: () => {
      // Late, so that only requests that are computed count for the probes.
      latencies ??= { estimates: parts.latencies.estimates(), probe: parts.latencies.takeProbe() };
      return latencies;
    },
  };
}

/** Takes the current epoch; the caller releases `snapshot`. @throws TriptychError document_not_found */
export function openContext(call: SearchCall, known: AskerNews | null): SearchContext {
  const { request, catalogue, profile } = call;
  const snapshot = catalogue.table.acquire();
  try {
    const warnings: Warning[] = [];
    const seeds = knownSeeds(request, snapshot, warnings);
    const opened = {
      ...call,
      snapshot,
      vectors: new TransientVectors(call.parts, call.tenant, snapshot, catalogue.demand),
      seeds,
      diversity: request.diversity ?? profile.diversity,
      warnings,
      stages: {},
      notes: {},
    };
    return withAsker({ ...opened, asker: null, conditions: null }, known);
  } catch (error) {
    snapshot.release();
    throw error;
  }
}

/** The same search on the same epoch, now that it is known who asks. */
export function withAsker(context: SearchContext, known: AskerNews | null): SearchContext {
  const { parts, request, catalogue, snapshot, nowMs } = context;
  const asker = known?.asker ?? null;
  const startMs = parts.clock.nowMs();
  const { conditions, unknown } = compileConditions(catalogue, snapshot, {
    filter: request.filter,
    // The request's own rules hold whoever asks.
    policy: asker?.policy ?? ownRules(request),
    seen: asker?.seen ?? null,
    hidden: asker?.hidden ?? [],
    nowMs,
  });
  if (conditions !== null) context.stages.filter = parts.clock.nowMs() - startMs;
  // Said once, when all rules are known.
  const warnings = (asker === null ? [] : unknown).map(
    (rule): Warning => ({
      code: 'rule_unknown_field',
      message: `${rule.rule.kind} of ${rule.source} names something that the catalogue does not have`,
      rule,
    }),
  );
  return {
    ...context,
    asker,
    conditions,
    warnings: [...context.warnings, ...(known?.warnings ?? []), ...warnings],
  };
}

function ownRules({ constraints }: SearchRequest): EffectivePolicy {
  const nobody = { template: null, policy: null, contextPolicy: null };
  return effectivePolicy({ ...nobody, tenant: noTenantRules, constraints });
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
  const alone = [request.query, request.embedding, request.filter, request.user].every((one) => one === null);
  if (seeds.length > 0 && known.length === 0 && alone)
    throw new TriptychError('document_not_found', 'None of the documents in `like` exists.', {
      fields: seeds.map((id, i) => ({ path: `like[${i}]`, message: `there is no document "${id}"` })),
    });
  for (const id of seeds)
    if (snapshot.rowOf(id) < 0)
      warnings.push({ code: 'unknown_document', message: `like: there is no document "${id}"` });
  return known;
}

/** Whether the request asks nothing but what is popular, or what suits the user. */
export function isBrowse({ request, seeds }: SearchContext): boolean {
  return request.query === null && request.embedding === null && seeds.length === 0;
}

/** Documents that the graph starts from: the request's own, else those that the user likes. */
export function graphSeeds({
  seeds,
  asker,
}: SearchContext): { readonly id: string; readonly weight: number }[] {
  if (seeds.length > 0) return seeds.map((id) => ({ id, weight: 1 }));
  return [...(asker?.seeds ?? [])];
}
