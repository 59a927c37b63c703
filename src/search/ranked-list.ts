import { listDigest, type RankedList } from '../domain/ranked-list.ts';
import type { VectorOrigin } from '../domain/reasons.ts';
import { signalCount } from '../domain/signal.ts';
import type { Ranking } from './ranking.ts';
import type { SearchContext } from './search-context.ts';

/** The list that pages are cut from, freed of the epoch that it was made on. */
export function listOf(ranking: Omit<Ranking, 'list'>, id: string): RankedList {
  const { context, plan, recalled, window, scored, order, coverage, degraded } = ranking;
  const { snapshot, parts } = context;
  const { ranked } = scored;
  const indexes = order.final;
  const ids = Array.from(indexes, (index) => snapshot.idOf(window.rows[ranked.positions[index]!]!));
  const scores = Float32Array.from(indexes, (index) => ranked.scores[index]!);
  const paths = new Map(recalled.graph?.support.map((hit) => [hit.id, hit.path]));
  return {
    id,
    ids,
    scores,
    signals: gather(ranked.signals, indexes),
    contributions: gather(ranked.contributions, indexes),
    sources: Uint8Array.from(indexes, (index) => window.sources[ranked.positions[index]!]!),
    fusedRanks: ranksOf(indexes, order.fused),
    diverseRanks: ranksOf(indexes, order.diverse),
    paths: ids.map((one) => paths.get(one) ?? null),
    pinnedBy: ids.map((one) => order.pinnedBy.get(one) ?? null),
    vectorOrigin: originOf(context),
    coverage,
    degraded,
    warnings: [...context.warnings, ...order.warnings],
    total: totalOf(ranking),
    plan,
    backend: parts.backend,
    nowMs: context.nowMs,
    madeAtMs: parts.clock.nowMs(),
    digest: listDigest(ids, scores),
  };
}

function gather(values: Float64Array, indexes: Uint32Array): Float64Array {
  const gathered = new Float64Array(indexes.length * signalCount);
  indexes.forEach((index, i) => {
    gathered.set(values.subarray(index * signalCount, (index + 1) * signalCount), i * signalCount);
  });
  return gathered;
}

/** Rank from 1 of each index in an order that holds them all. */
function ranksOf(indexes: Uint32Array, order: Uint32Array): Uint32Array {
  const ranks = new Map(Array.from(order, (index, place) => [index, place + 1]));
  return indexes.map((index) => ranks.get(index)!);
}

function originOf({ request }: SearchContext): VectorOrigin {
  if (request.embedding !== null) return 'embedding';
  return request.query === null ? 'like' : 'query';
}

/**
 * Documents that pass the filter and the hard rules, counted on the whole catalogue. With min_score: those of the window
 * that also reach it, a lower bound where the window does not hold everything that passes or the list was cut at R.
 */
function totalOf({ context, scored, order, plan }: Omit<Ranking, 'list'>): RankedList['total'] {
  const passing = context.conditions?.passing ?? context.snapshot.liveCount;
  if (context.request.minScore === null) return { value: passing, relation: 'eq' };
  const reaching = order.fused.length;
  const scoredAll = scored.window.rows.length - scored.droppedCount;
  const cut = reaching >= plan.rankDepth;
  return { value: reaching, relation: scoredAll >= passing && !cut ? 'eq' : 'gte' };
}
