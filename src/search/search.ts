import { type LegList, uniteCandidates } from '../domain/candidate-window.ts';
import type { SearchPlan } from '../domain/plan.ts';
import { type PlannerInput, planSearch } from '../domain/planner.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { Coverage, LegCoverage, SearchResponse } from '../domain/search-response.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { TriptychError } from '../errors.ts';
import type { Hit } from '../ports/recall.ts';
import { diverseOrder } from './diverse-order.ts';
import { matchingEmbedder } from './embedding-space.ts';
import type { LatencyBook, TimedPart } from './latency-book.ts';
import { coverageOf } from './leg-runner.ts';
import { popularRows } from './popular.ts';
import { type Recalled, recall } from './recall.ts';
import { respond } from './respond.ts';
import { type ScoredWindow, scoreWindow } from './score-window.ts';
import { openSearch, type SearchContext, type SearchParts } from './search-context.ts';

/**
 * One search, end to end: filter -> plan -> recall -> union -> score -> diversify -> answer, on one epoch and inside the
 * request's deadline, which counts from `startedAtMs`.
 */
export async function search(
  parts: SearchParts,
  tenant: string,
  request: SearchRequest,
  startedAtMs: number,
): Promise<SearchResponse> {
  const context = openSearch(parts, tenant, request, startedAtMs);
  try {
    return await run(context);
  } finally {
    context.snapshot.release();
  }
}

async function run(context: SearchContext): Promise<SearchResponse> {
  const { parts, request, snapshot, catalogue, predicate, seeds, startedAtMs } = context;
  const plan = makePlan(context);
  const recallStart = parts.clock.nowMs();
  const recalled = await recall({
    request,
    plan,
    catalogue,
    snapshot,
    predicate,
    seeds,
    embedder: matchingEmbedder(parts.embedder, catalogue.schema),
    startedAtMs,
    clock: parts.clock,
  });
  context.stages.recall = parts.clock.nowMs() - recallStart;
  observeLegs(context, recalled.coverage);
  const browsed = isBrowse(context) ? popularRows(snapshot, predicate, context.profile.legDepth) : null;
  const coverage = browsed === null ? recalled.coverage : withPolicy(recalled.coverage, browsed.length);
  refuseUnusable(context, plan, recalled, coverage);

  const window = uniteCandidates(legLists(context, recalled, browsed));
  const scored = await scoreWindow(context, recalled, window);
  const order = diverseOrder(context, scored);
  const complete = withWords(coverage, scored);
  const degraded = isDegraded(context, plan, complete);
  if (degraded) refusePartial(context, plan, complete);
  return respond(context, { plan, coverage: complete, degraded, recalled, window, scored, order });
}

/** Filter alone: popular documents that pass it. */
function isBrowse(context: SearchContext): boolean {
  const { request, seeds } = context;
  return request.query === null && request.embedding === null && seeds.length === 0;
}

function makePlan(context: SearchContext): SearchPlan {
  const { parts, request, catalogue, snapshot, predicate, seeds } = context;
  return planSearch({
    hasQuery: request.query !== null,
    hasEmbedding: request.embedding !== null,
    seedCount: seeds.length,
    includeRelationships: request.includeRelationships,
    diversity: context.diversity,
    profile: context.profile,
    timeoutMs: request.timeoutMs,
    pushdownShare: catalogue.stores.pushdownShare,
    predicate: predicate === null ? null : { passing: predicate.passing, of: snapshot.liveCount },
    embedderAvailable: matchingEmbedder(parts.embedder, catalogue.schema) !== null,
    estimates: parts.latencies.estimates(),
    probe: parts.latencies.takeProbe(),
  });
}

/** A late leg would have taken longer than it was given; nobody knows how much, the planner assumes a quarter more. */
const lateFactor = 1.25;

function observeLatency(latencies: LatencyBook, part: TimedPart, leg: LegCoverage): void {
  if (leg.state !== 'late') latencies.add(part, leg.ms);
  else {
    const atLeastMs = leg.budgetMs * lateFactor;
    // That it took longer than a very short budget says nothing about a part that is known to be slower.
    if (atLeastMs >= (latencies.estimates()[part as keyof PlannerInput['estimates']]?.p50Ms ?? 0))
      latencies.add(part, atLeastMs);
  }
}

/** Feeds what the legs took to the planner and the metrics. */
function observeLegs(context: SearchContext, coverage: Coverage): void {
  const { parts, stages } = context;
  for (const part of ['embedder', 'vector', 'lexical', 'graph'] as const) {
    const leg = coverage[part];
    if (leg === undefined || leg.state === 'skipped' || leg.state === 'pending') continue;
    observeLatency(parts.latencies, part, leg);
    parts.meter.stage(part, leg.state, leg.ms);
    stages[part] = leg.ms;
  }
}

function withPolicy(coverage: Coverage, candidates: number): Coverage {
  return { ...coverage, policy: { state: 'ok', ms: 0, budgetMs: 0, candidates } };
}

/**
 * Something that the request asks for is missing for lack of time or of a store: a planned leg or the embedder was not
 * ok, or the planner left a leg out, or made it shorter, because it is too slow for the deadline.
 */
function isDegraded(context: SearchContext, plan: SearchPlan, coverage: Coverage): boolean {
  if (plan.skipped.some((leg) => leg.reason === 'too_slow')) return true;
  if (plan.legs.some((leg) => leg.depth < context.profile.legDepth)) return true;
  const planned = [
    ...plan.legs.map((leg) => leg.leg),
    ...(plan.embed === null ? [] : (['embedder'] as const)),
  ];
  return planned.some((part) => coverage[part]?.state !== 'ok');
}

function refuseUnusable(
  context: SearchContext,
  plan: SearchPlan,
  recalled: Recalled,
  coverage: Coverage,
): void {
  const usable = recalled.vector ?? recalled.text ?? recalled.graph;
  if (usable === null && !isBrowse(context))
    throw new TriptychError('unavailable', 'No leg of the search could answer in time.', {
      members: { coverage },
      retryAfterSeconds: 1,
    });
  if (isDegraded(context, plan, coverage)) refusePartial(context, plan, coverage);
}

/** 504 where the request does not take an incomplete answer. */
function refusePartial(context: SearchContext, plan: SearchPlan, coverage: Coverage): void {
  if (context.request.partial) return;
  throw new TriptychError('deadline_exceeded', 'The answer would be incomplete and `partial` is false.', {
    members: { coverage, strategy: plan.strategy },
  });
}

/** The lexical leg has answered only when it also scored the other legs' candidates. */
function withWords(coverage: Coverage, { words }: ScoredWindow): Coverage {
  if (words === null || words.state === 'ok') return coverage;
  return { ...coverage, lexical: coverageOf(words, coverage.lexical?.candidates ?? 0) };
}

/** Each leg's candidates as rows of the epoch, without the seeds; ids that are not in it are left out. */
function legLists(context: SearchContext, recalled: Recalled, browsed: readonly number[] | null): LegList[] {
  const { snapshot, seeds } = context;
  const excluded = new Set(seeds.map((id) => snapshot.rowOf(id)));
  const lists: LegList[] = [];
  if (browsed !== null) lists.push({ leg: 'policy', rows: browsed });
  if (recalled.vector !== null)
    lists.push({ leg: 'vector', rows: rowsOf(snapshot, idsOf(recalled.vector), excluded) });
  if (recalled.text !== null)
    lists.push({ leg: 'lexical', rows: rowsOf(snapshot, idsOf(recalled.text.hits), excluded) });
  if (recalled.graphCandidates !== null)
    lists.push({ leg: 'graph', rows: rowsOf(snapshot, recalled.graphCandidates, excluded) });
  return lists;
}

function idsOf(hits: readonly Hit[]): string[] {
  return hits.map((hit) => hit.id);
}

function rowsOf(snapshot: TableSnapshot, ids: readonly string[], excluded: ReadonlySet<number>): number[] {
  return ids.map((id) => snapshot.rowOf(id)).filter((row) => row >= 0 && !excluded.has(row));
}
