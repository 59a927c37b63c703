import { setImmediate } from 'node:timers/promises';
import { type LegList, uniteCandidates } from '../domain/candidate-window.ts';
import type { SearchPlan } from '../domain/plan.ts';
import { planSearch } from '../domain/planner.ts';
import type { Coverage } from '../domain/search-response.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { matchingEmbedder } from './embedding-space.ts';
import { rowsOfHits } from './hit-rows.ts';
import { coverageOf } from './leg-runner.ts';
import { orderStages } from './list-stages.ts';
import { observeLegs } from './observe-legs.ts';
import { policyCandidates } from './policy-leg.ts';
import type { PolicyOutcome } from './policy-outcome.ts';
import { listOf } from './ranked-list.ts';
import type { Ranking } from './ranking.ts';
import {
  type Embedding,
  type QuestionLegs,
  Recall,
  type Recalled,
  startQuestion,
  startSeeded,
} from './recall.ts';
import { type ScoredWindow, scoreWindow } from './score-window.ts';
import { readableWindow } from './scorer-rows.ts';
import { graphSeeds, isBrowse, type SearchContext } from './search-context.ts';

/** What may be under way already when ranking begins. */
export interface Started {
  readonly question?: QuestionLegs;
  readonly embedding?: Embedding;
}

/**
 * Plan -> recall -> union -> score -> diversity and list-wise rules, on the context's epoch and inside its deadline. The
 * asker is known.
 * @param id what the list is called
 * @throws TriptychError unavailable | deadline_exceeded | overloaded
 */
export async function rank(
  context: SearchContext,
  id: string,
  policy: PolicyOutcome,
  started: Started = {},
): Promise<Ranking> {
  const { parts, observer } = context;
  const plan = makePlan(context);
  const startMs = parts.clock.nowMs();
  const question = started.question ?? startQuestion(context, plan, started.embedding);
  const recall = new Recall(context, plan, question, startSeeded(context, plan, question.joint));
  observer.onPlan?.(plan);
  // Who takes no incomplete answer is shown none on the way.
  if (observer.onProvisional !== undefined && context.request.partial)
    await provisional(context, id, policy, plan, recall);
  const recalled = await recall.done();
  context.stages.recall = parts.clock.nowMs() - startMs;
  observeLegs(context, recalled.coverage);
  return rankRecalled(context, id, policy, plan, recalled);
}

/** Tells what is there as soon as a leg has answered while another is still out. */
async function provisional(
  context: SearchContext,
  id: string,
  policy: PolicyOutcome,
  plan: SearchPlan,
  recall: Recall,
): Promise<void> {
  await recall.first();
  // Legs that are through in this turn need no announcement.
  await setImmediate();
  const recalled = recall.now();
  if (!recall.pending || !isUsable(context, recalled)) return;
  const { list } = await rankRecalled({ ...context, stages: {} }, id, policy, plan, recalled);
  context.observer.onProvisional?.(list, context);
}

async function rankRecalled(
  context: SearchContext,
  id: string,
  policy: PolicyOutcome,
  plan: SearchPlan,
  recalled: Recalled,
): Promise<Ranking> {
  const fromPolicy = policyCandidates(context);
  const coverage = {
    ...recalled.coverage,
    policy: { ...policy.coverage, candidates: fromPolicy.rows.length },
  };
  if (!isUsable(context, recalled))
    throw new TriptychError('unavailable', 'No leg of the search could answer in time.', {
      members: { coverage },
      retryAfterSeconds: 1,
    });
  if (isDegraded(context, plan, policy, coverage)) refusePartial(context, plan, coverage);
  const lists = legLists(context, recalled, fromPolicy.rows);
  const united = uniteCandidates(lists, limits.windowMax, fromPolicy.pinned);
  const endMs = readEndMs(context, plan);
  const { window, isLost } = await readableWindow(context, recalled, united, endMs);
  if (isLost)
    throw new TriptychError('unavailable', 'None of the candidates could be read in time.', {
      members: { coverage: withDocuments(context, coverage) },
      retryAfterSeconds: 1,
    });
  const scored = await scoreWindow(context, recalled, window, fromPolicy.pinned);
  const order = orderStages(context, window, scored, fromPolicy);
  const complete = withDocuments(context, withWords(coverage, scored));
  const degraded = isDegraded(context, plan, policy, complete);
  if (degraded) refusePartial(context, plan, complete);
  const ranking = {
    context,
    plan,
    recalled,
    window,
    scored,
    order,
    policy: fromPolicy,
    coverage: complete,
    degraded,
  };
  return { ...ranking, list: listOf(ranking, id) };
}

/** The plan as far as it is known what to ask: without the asker's facts while they are not there. */
export function makePlan(context: SearchContext): SearchPlan {
  const { parts, request, catalogue, snapshot, conditions, seeds, asker } = context;
  return planSearch({
    hasQuery: request.query !== null,
    hasEmbedding: request.embedding !== null,
    seedCount: seeds.length,
    hasUser: request.user !== null,
    hasTaste: asker?.taste != null,
    affinityCount: graphSeeds(context).length,
    ordersByRules: (asker?.policy.list.length ?? 0) > 0,
    includeRelationships: request.includeRelationships,
    diversity: context.diversity,
    profile: context.profile,
    timeoutMs: request.timeoutMs,
    pushdownShare: catalogue.stores.pushdownShare,
    predicate:
      conditions === null
        ? null
        : {
            passing: conditions.passing,
            of: snapshot.liveCount,
            drops: conditions.parts.map((rule, i) => ({ rule, documents: conditions.dropped[i]! })),
          },
    partlyResident: snapshot.resident.liveCount < snapshot.liveCount,
    embedderAvailable: matchingEmbedder(parts.embedder, catalogue.schema) !== null,
    ...context.latencies(),
  });
}

/** An answer that is empty because nothing answered must not look like one that found nothing. */
function isUsable(context: SearchContext, { vector, taste, text, graph }: Recalled): boolean {
  return isBrowse(context) || [vector, taste, text, graph].some((answer) => answer !== null);
}

/**
 * Something that the request asks for is missing for lack of time or of a store: a planned leg or the embedder was not
 * ok, the policy is not known, or the planner left a leg out, or made it shorter, because it is too slow for the deadline.
 */
function isDegraded(
  context: SearchContext,
  plan: SearchPlan,
  policy: PolicyOutcome,
  coverage: Coverage,
): boolean {
  if (policy.missing) return true;
  if (plan.skipped.some((leg) => leg.reason === 'too_slow')) return true;
  if (plan.legs.some((leg) => leg.depth < context.profile.legDepth)) return true;
  const planned = [
    ...plan.legs.map((leg) => leg.leg),
    ...(plan.embed === null ? [] : (['embedder'] as const)),
  ];
  return planned.some((part) => coverage[part]?.state !== 'ok') || documentsMissing(coverage);
}

/** Until when candidates that are not resident may be read, monotonic milliseconds. */
export function readEndMs({ startedAtMs, endMs }: SearchContext, { documents }: SearchPlan): number {
  return documents === null ? endMs : startedAtMs + documents.budgetMs;
}

/** How reading what is not resident went, where something had to be read. */
export function withDocuments({ vectors }: SearchContext, coverage: Coverage): Coverage {
  return vectors.coverage === null ? coverage : { ...coverage, documents: vectors.coverage };
}

/** Whether candidates were left out because they could not be read. */
export function documentsMissing({ documents }: Coverage): boolean {
  return documents !== undefined && documents.state !== 'ok';
}

/** 504 where the request does not take an incomplete answer. */
function refusePartial(context: SearchContext, plan: SearchPlan, coverage: Coverage): void {
  if (context.request.partial) return;
  throw new TriptychError('deadline_exceeded', 'The answer would be incomplete and `partial` is false.', {
    members: { coverage, strategy: plan.strategy },
  });
}

/** The lexical leg has answered only when it also scored the other legs' candidates. */
export function withWords(coverage: Coverage, { words }: ScoredWindow): Coverage {
  if (words === null || words.state === 'ok') return coverage;
  return { ...coverage, lexical: coverageOf(words, coverage.lexical?.candidates ?? 0) };
}

/** Each leg's candidates as rows of the epoch, without the seeds; ids that are not in it are left out. */
function legLists(context: SearchContext, recalled: Recalled, policy: readonly number[]): LegList[] {
  const { snapshot, seeds } = context;
  const excluded = new Set(seeds.map((id) => snapshot.rowOf(id)));
  const lists: LegList[] = policy.length === 0 ? [] : [{ leg: 'policy', rows: policy }];
  for (const hits of [recalled.vector, recalled.taste])
    if (hits !== null) lists.push({ leg: 'vector', rows: known(rowsOfHits(snapshot, hits), excluded) });
  if (recalled.text !== null)
    lists.push({ leg: 'lexical', rows: known(rowsOfHits(snapshot, recalled.text.hits), excluded) });
  if (recalled.graphCandidates !== null)
    lists.push({ leg: 'graph', rows: known(recalled.graphCandidates, excluded) });
  return lists;
}

function known(rows: readonly number[], excluded: ReadonlySet<number>): number[] {
  return rows.filter((row) => row >= 0 && !excluded.has(row));
}
