import { type CandidateWindow, sourcesOf } from '../domain/candidate-window.ts';
import type { SearchPlan } from '../domain/plan.ts';
import { reasonsFor, type VectorOrigin } from '../domain/reasons.ts';
import { countFacets, facetsOf, fieldsOf, titleIn } from '../domain/row-view.ts';
import type {
  Coverage,
  PathStep,
  Relationship,
  SearchResponse,
  SearchResult,
  SignalExplanation,
} from '../domain/search-response.ts';
import { type SignalName, signalCount, signalNames } from '../domain/signal.ts';
import { limits } from '../limits.ts';
import { coverageOf, runLeg } from './leg-runner.ts';
import type { Recalled } from './recall.ts';
import type { ScoredWindow } from './score-window.ts';
import type { SearchContext } from './search-context.ts';

/** What the stages made of a request. */
export interface Ranked {
  readonly plan: SearchPlan;
  readonly coverage: Coverage;
  readonly degraded: boolean;
  readonly recalled: Recalled;
  readonly window: CandidateWindow;
  readonly scored: ScoredWindow;
  /** Final order as indexes into scored.ranked. */
  readonly order: Uint32Array;
}

/** Cuts the page out of the ranked list and says where each result comes from. */
export async function respond(context: SearchContext, ranked: Ranked): Promise<SearchResponse> {
  const { parts, request, snapshot, startedAtMs } = context;
  const reaching = reachingScore(context, ranked);
  const page = reaching.slice(0, request.k);
  const related = await relationshipsOf(context, ranked, page);
  const results = page.map((index, i) => resultOf(context, ranked, index, i + 1, related.lists[i]));
  const tookMs = parts.clock.nowMs() - startedAtMs;
  parts.latencies.add('search', tookMs);
  parts.meter.search(ranked.plan.strategy, ranked.degraded ? 'degraded' : 'ok', tookMs);
  const wantsPlan = request.explain === 'plan' || request.explain === 'full';
  return {
    results,
    coverage: related.coverage,
    degraded: ranked.degraded,
    warnings: context.warnings,
    total: totalOf(context, ranked, reaching.length),
    ...(request.include.includes('facet_counts')
      ? {
          facetCounts: countFacets(
            snapshot,
            context.predicate?.mask ?? snapshot.live,
            limits.facetCountValuesMax,
          ),
        }
      : {}),
    strategy: ranked.plan.strategy,
    backend: parts.backend,
    cached: false,
    cursor: null,
    tookMs,
    ...(wantsPlan ? { plan: ranked.plan } : {}),
    stages: context.stages,
  };
}

/** The ranked list without what scores below min_score. */
function reachingScore(context: SearchContext, ranked: Ranked): number[] {
  const { minScore } = context.request;
  const order = [...ranked.order];
  return minScore === null ? order : order.filter((index) => ranked.scored.ranked.scores[index]! >= minScore);
}

/**
 * Documents that pass the filter, counted on the whole catalogue. With min_score: those of the window that also reach
 * it, a lower bound where the window does not hold everything that passes or the list was cut at R.
 */
function totalOf(context: SearchContext, ranked: Ranked, reaching: number): SearchResponse['total'] {
  const passing = context.predicate?.passing ?? context.snapshot.liveCount;
  if (context.request.minScore === null) return { value: passing, relation: 'eq' };
  const scoredAll = ranked.scored.window.rows.length - ranked.scored.droppedCount;
  const cut = reaching === ranked.plan.rankDepth;
  return { value: reaching, relation: scoredAll >= passing && !cut ? 'eq' : 'gte' };
}

function resultOf(
  context: SearchContext,
  ranked: Ranked,
  index: number,
  rank: number,
  relationships: readonly Relationship[] | undefined,
): SearchResult {
  const { request, snapshot } = context;
  const { ranked: rows } = ranked.scored;
  const position = rows.positions[index]!;
  const row = ranked.window.rows[position]!;
  const sources = sourcesOf(ranked.window.sources[position]!);
  const explained = request.explain === 'score' || request.explain === 'full';
  const path = pathTo(ranked.recalled, snapshot.idOf(row));
  return {
    id: snapshot.idOf(row),
    rank,
    title: snapshot.titleOf(row),
    score: rows.scores[index]!,
    sources,
    ...(explained ? explanation(context, ranked, index, path) : {}),
    ...(request.include.includes('fields') ? { fields: fieldsOf(snapshot, row) } : {}),
    ...(request.include.includes('facets') ? { facets: facetsOf(snapshot, row) } : {}),
    ...(relationships === undefined ? {} : { relationships }),
    ...(request.explain === 'full'
      ? {
          ranks: { fused: index + 1, diverse: ranked.order.indexOf(index) + 1, final: rank },
          ...(path === null ? {} : { path }),
        }
      : {}),
  };
}

function explanation(
  context: SearchContext,
  ranked: Ranked,
  index: number,
  path: readonly PathStep[] | null,
): Pick<SearchResult, 'signals' | 'reasons'> {
  const { snapshot, profile } = context;
  const { ranked: rows } = ranked.scored;
  const signals: Partial<Record<SignalName, SignalExplanation>> = {};
  signalNames.forEach((name, s) => {
    const value = rows.signals[index * signalCount + s]!;
    const contribution = rows.contributions[index * signalCount + s]!;
    // A signal that the formula does not use says nothing about the score.
    if (profile.weights[name] === 0 && contribution === 0) return;
    signals[name] = {
      value: Number.isNaN(value) ? null : value,
      weight: profile.weights[name],
      contribution,
    };
  });
  const reasons = reasonsFor({
    signals: rows.signals.subarray(index * signalCount, (index + 1) * signalCount),
    contributions: rows.contributions.subarray(index * signalCount, (index + 1) * signalCount),
    sources: sourcesOf(ranked.window.sources[rows.positions[index]!]!),
    path,
    vectorOrigin: originOf(context),
    titleOf: (id) => titleIn(snapshot, id),
  });
  return { signals, reasons };
}

function originOf(context: SearchContext): VectorOrigin {
  if (context.request.embedding !== null) return 'embedding';
  return context.request.query === null ? 'like' : 'query';
}

function pathTo(recalled: Recalled, id: string): readonly PathStep[] | null {
  return recalled.graph?.support.find((hit) => hit.id === id)?.path ?? null;
}

/** Relations of the page's documents, fetched by id after ranking; late or failed they are left out and reported. */
async function relationshipsOf(
  context: SearchContext,
  ranked: Ranked,
  page: readonly number[],
): Promise<{ coverage: Coverage; lists: readonly (readonly Relationship[])[] }> {
  const { parts, request, catalogue, snapshot, startedAtMs } = context;
  if (!request.includeRelationships) return { coverage: ranked.coverage, lists: [] };
  const ids = page.map((index) => snapshot.idOf(ranked.window.rows[ranked.scored.ranked.positions[index]!]!));
  const outcome = await runLeg(parts.clock, startedAtMs + request.timeoutMs, (signal) =>
    catalogue.stores.graph.relationships(catalogue.tenant, ids, limits.relationshipsPerResultMax, signal),
  );
  context.stages.relationships = outcome.ms;
  parts.meter.stage('relationships', outcome.state, outcome.ms);
  if (outcome.value !== null) {
    // The graph is asked now, the answer is of the epoch in which the search began.
    const lists = outcome.value.map((list) => list.filter(({ id: other }) => snapshot.rowOf(other) >= 0));
    return { coverage: ranked.coverage, lists };
  }
  context.warnings.push({
    code: 'relationships_missing',
    message: 'relationships: the graph did not answer, they are left out',
  });
  const { graph } = ranked.coverage;
  const coverage =
    graph?.state === 'ok' ? ranked.coverage : { ...ranked.coverage, graph: coverageOf(outcome, 0) };
  return { coverage, lists: [] };
}
