import type { SearchPlan } from '../domain/plan.ts';
import type { DroppedDocument, RelevanceAnswer, RelevanceRequest } from '../domain/relevance.ts';
import { clamp01 } from '../domain/scoring.ts';
import type { Coverage } from '../domain/search-response.ts';
import { recallLegs } from '../domain/signal.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import type { Warning } from '../domain/warning.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { CallOptions } from '../ports/triptych.ts';
import { dropReasons, shortReasons } from './drop-reasons.ts';
import { askerAtHand, findAsker, type KnownAsker } from './find-asker.ts';
import { requestHash } from './list-keys.ts';
import { observeLegs } from './observe-legs.ts';
import { documentsMissing, makePlan, readEndMs, withDocuments, withWords } from './rank.ts';
import { recallGiven } from './recall.ts';
import { scoreWindow } from './score-window.ts';
import { readableWindow } from './scorer-rows.ts';
import { openCall, openContext, type SearchContext, type SearchParts } from './search-context.ts';

/**
 * Scores given documents as a search would that had recalled them: the same signals, policy and rules, in order of the
 * score alone. Nothing is recalled, so it costs the embedding, the words and the graph of the user, and the scorer.
 * @throws TriptychError unknown_profile | unknown_context | no_catalogue | wrong_dimension | policy_unavailable |
 * deadline_exceeded | overloaded
 */
export async function rerank(
  parts: SearchParts,
  tenant: string,
  request: RelevanceRequest,
  { startedAtMs }: CallOptions,
): Promise<RelevanceAnswer> {
  const { search } = request;
  const call = openCall(parts, tenant, search, { startedAtMs, requestHash: requestHash(tenant, search) });
  const known = askerAtHand(call) ?? (await findAsker(call));
  const context = openContext(call, known);
  try {
    return await scored(context, request, known);
  } finally {
    context.snapshot.release();
  }
}

async function scored(
  context: SearchContext,
  { search, ids, topN }: RelevanceRequest,
  known: KnownAsker,
): Promise<RelevanceAnswer> {
  const { parts, snapshot } = context;
  const plan = makePlan(context);
  const { indexes, rows, unknown } = present(snapshot, ids);
  const recalled = await recallGiven(context, plan);
  observeLegs(context, recalled.coverage);
  // Everything is wanted, not the profile's R.
  const whole = { ...context, profile: { ...context.profile, rankDepth: rows.length } };
  const given = { rows, sources: new Uint8Array(rows.length) };
  const { window, places } = await readableWindow(whole, recalled, given, readEndMs(context, plan));
  const scores = await scoreWindow(whole, recalled, window, []);
  const { ranked, backend } = scores;
  const policy = { ...known.policy.coverage, candidates: 0 };
  const coverage = withDocuments(context, withWords({ ...recalled.coverage, policy }, scores));
  const degraded = known.policy.missing || isDegraded(plan, coverage);
  if (degraded && !search.partial)
    throw new TriptychError('deadline_exceeded', 'The answer would be incomplete and `partial` is false.', {
      members: { coverage },
    });
  const count = Math.min(topN, ranked.count);
  return {
    results: Array.from({ length: count }, (_, rank) => ({
      index: indexes[places?.[ranked.positions[rank]!] ?? ranked.positions[rank]!]!,
      relevance: clamp01(ranked.scores[rank]!),
    })),
    coverage,
    degraded,
    warnings: [...context.warnings, ...unknown],
    backend,
    ...droppedOf(context, indexes, rows),
    tookMs: parts.clock.nowMs() - context.startedAtMs,
  };
}

/** The documents that hard rules leave out, and why: the first of them. */
function droppedOf(
  context: SearchContext,
  indexes: readonly number[],
  rows: Uint32Array,
): Pick<RelevanceAnswer, 'dropped' | 'droppedCount'> {
  const dropped: DroppedDocument[] = [];
  let droppedCount = 0;
  const { conditions } = context;
  if (conditions === null) return { dropped, droppedCount };
  rows.forEach((row, i) => {
    if (conditions.mask[row] === 1) return;
    if (droppedCount++ < limits.rerankDroppedMax)
      dropped.push({ index: indexes[i]!, droppedBy: shortReasons(dropReasons(context, row)) });
  });
  return { dropped, droppedCount };
}

/** Places in `ids` of the documents that the epoch has, and their rows. */
function present(
  snapshot: TableSnapshot,
  ids: readonly string[],
): { readonly indexes: readonly number[]; readonly rows: Uint32Array; readonly unknown: readonly Warning[] } {
  const indexes: number[] = [];
  const rows: number[] = [];
  const unknown: Warning[] = [];
  ids.forEach((id, index) => {
    const row = snapshot.rowOf(id);
    if (row < 0)
      unknown.push({ code: 'unknown_document', message: `ids[${index}]: there is no document "${id}"` });
    else {
      indexes.push(index);
      rows.push(row);
    }
  });
  return { indexes, rows: new Uint32Array(rows), unknown };
}

/** The embedder, the words, the graph or the truth were to answer, or too slow to be asked, and did not. */
function isDegraded(plan: SearchPlan, coverage: Coverage): boolean {
  if (plan.skipped.some(({ reason }) => reason === 'too_slow')) return true;
  const planned = recallLegs.filter((leg) => leg !== 'vector' && plan.legs.some((one) => one.leg === leg));
  const parts = [...planned, ...(plan.embed === null ? [] : (['embedder'] as const))];
  return parts.some((part) => coverage[part]?.state !== 'ok') || documentsMissing(coverage);
}
