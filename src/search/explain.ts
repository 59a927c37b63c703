import { sourcesOf } from '../domain/candidate-window.ts';
import { listPushes } from '../domain/list-explain.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { PushReason, ScoreAdjustment, WhyNot } from '../domain/search-response.ts';
import { signalCount } from '../domain/signal.ts';
import { softRulesOf } from '../domain/soft-rules.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { TriptychError } from '../errors.ts';
import type { CallOptions } from '../ports/triptych.ts';
import { dropReasons } from './drop-reasons.ts';
import { rankFor } from './list-for.ts';
import { requestHash } from './list-keys.ts';
import { itemOf } from './list-stages.ts';
import { withDocuments } from './rank.ts';
import type { Ranking } from './ranking.ts';
import { explainedSignals } from './respond.ts';
import { type ScoredWindow, scoreWindow } from './score-window.ts';
import { readableWindow } from './scorer-rows.ts';
import { openCall, type SearchContext, type SearchParts } from './search-context.ts';

/**
 * Ranks the request once more and says what became of one document in it: the hard rules that it fails, its exact score
 * whether or not a leg brought it, the score it would have needed, and what moved it down after scoring.
 * @throws TriptychError document_not_found, and whatever a search throws
 */
export async function explain(
  parts: SearchParts,
  tenant: string,
  request: SearchRequest,
  id: string,
  { startedAtMs }: CallOptions,
): Promise<WhyNot> {
  const call = openCall(
    parts,
    tenant,
    { ...request, cursor: null },
    { startedAtMs, requestHash: requestHash(tenant, request) },
  );
  // Before the work of ranking, and again on the epoch that it was done on.
  requireRow(call.catalogue.table.current, id);
  const { ranking } = await rankFor(call, null, null);
  const { snapshot } = ranking.context;
  try {
    return await whyNot(ranking, requireRow(snapshot, id));
  } finally {
    snapshot.release();
  }
}

function requireRow(table: TableSnapshot, id: string): number {
  const row = table.rowOf(id);
  if (row >= 0) return row;
  throw new TriptychError('document_not_found', `There is no document "${id}".`, {
    fields: [{ path: 'document', message: `there is no document "${id}"` }],
  });
}

async function whyNot(ranking: Ranking, row: number): Promise<WhyNot> {
  const { context, window, list } = ranking;
  const { snapshot } = context;
  const id = snapshot.idOf(row);
  const position = window.rows.indexOf(row);
  const { scored, index } = await scoreOf(ranking, row, position);
  const { ranked } = scored;
  const values = ranked.signals.subarray(index * signalCount, (index + 1) * signalCount);
  const contributions = ranked.contributions.subarray(index * signalCount, (index + 1) * signalCount);
  const score = ranked.scores[index]!;
  const droppedBy = dropReasons(context, row);
  const floor = floorOf(ranking);
  const final = list.ids.indexOf(id);
  const path = ranking.recalled.graph?.support.find((hit) => hit.id === id)?.path ?? null;
  return {
    id,
    title: snapshot.titleOf(row),
    outcome: droppedBy.length > 0 ? 'dropped' : outcomeOf(ranking, row, position >= 0, score),
    inWindow: position >= 0,
    sources: position < 0 ? [] : sourcesOf(window.sources[position]!),
    score,
    floor,
    droppedBy,
    pushedBy: pushReasons(ranking, row),
    adjustedBy: adjustments(context, row),
    ranks:
      final < 0
        ? null
        : { fused: list.fusedRanks[final]!, diverse: list.diverseRanks[final]!, final: final + 1 },
    signals: explainedSignals(context, values, contributions),
    path,
    coverage: ranking.coverage,
    degraded: ranking.degraded,
    warnings: list.warnings,
    tookMs: context.parts.clock.nowMs() - context.startedAtMs,
  };
}

/** The document's place among scored rows: the list's, or those of a window that holds it alone. */
async function scoreOf(
  ranking: Ranking,
  row: number,
  position: number,
): Promise<{ readonly scored: ScoredWindow; readonly index: number }> {
  const { context, recalled, scored } = ranking;
  const index = position < 0 ? -1 : scored.ranked.positions.indexOf(position);
  if (index >= 0) return { scored, index };
  const alone = { rows: Uint32Array.of(row), sources: Uint8Array.of(0) };
  const { isLost } = await readableWindow(context, recalled, alone, context.endMs, [row]);
  if (isLost)
    throw new TriptychError('unavailable', 'The document could not be read in time.', {
      members: { coverage: withDocuments(context, ranking.coverage) },
      retryAfterSeconds: 1,
    });
  return { scored: await scoreWindow(context, recalled, alone, [row]), index: 0 };
}

/** The soft rules that apply, and by how much. */
function adjustments({ asker, snapshot }: SearchContext, row: number): ScoreAdjustment[] {
  const soft = asker?.policy.soft ?? [];
  const rules = soft.map((sourced) => sourced.rule);
  return softRulesOf(rules, snapshot, row).map(({ index, by }) => ({ rule: soft[index]!, by }));
}

/** What a document must score to be in the list; null while it has room. */
function floorOf({ context, order, scored, plan }: Ranking): number | null {
  const last = order.fused[plan.rankDepth - 1];
  const full = last === undefined ? null : scored.ranked.scores[last]!;
  const { minScore } = context.request;
  if (full === null || minScore === null) return full ?? minScore;
  return Math.max(full, minScore);
}

/** What passes the hard rules. In the window and yet not in the list is also what pins have pushed off its end. */
function outcomeOf(ranking: Ranking, row: number, inWindow: boolean, score: number): WhyNot['outcome'] {
  const { context, list } = ranking;
  const id = context.snapshot.idOf(row);
  if (list.ids.includes(id)) return 'ranked';
  if (context.seeds.includes(id)) return 'seed';
  return inWindow || !wouldRank(ranking, row, score) ? 'below_floor' : 'not_recalled';
}

/** Whether a document with this score would have made the list, had a leg brought it. */
function wouldRank({ context, window, order, scored, plan }: Ranking, row: number, score: number): boolean {
  const { request, snapshot } = context;
  if (request.minScore !== null && score < request.minScore) return false;
  const last = order.fused[plan.rankDepth - 1];
  if (last === undefined) return true;
  const { scores, positions } = scored.ranked;
  const lastRow = window.rows[positions[last]!]!;
  return (
    score > scores[last]! ||
    (score === scores[last]! && snapshot.tieRanks[row]! < snapshot.tieRanks[lastRow]!)
  );
}

/** Stages after scoring that moved the document down, each with the rule where one did. */
function pushReasons(ranking: Ranking, row: number): PushReason[] {
  const { context, window, scored, order } = ranking;
  const position = window.rows.indexOf(row);
  const index = scored.ranked.positions.indexOf(position);
  const [fused, diverse] = [order.fused.indexOf(index), order.diverse.indexOf(index)];
  if (position < 0 || index < 0 || fused < 0) return [];
  const reasons: PushReason[] = [];
  if (diverse > fused) reasons.push({ stage: 'diversity', ranks: diverse - fused, rule: null });
  const { rules } = ranking.policy;
  if (rules.length === 0) return reasons;
  const items = Array.from(order.diverse, (one) =>
    itemOf(context.snapshot, window.rows[scored.ranked.positions[one]!]!),
  );
  for (const { rule, ranks } of listPushes(items, rules, context.snapshot.dictionary, diverse))
    reasons.push({ stage: 'rules', ranks, rule });
  return reasons;
}
