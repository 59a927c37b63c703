import { listDigest, type RankedList } from '../domain/ranked-list.ts';
import type { VectorOrigin } from '../domain/reasons.ts';
import { signalCount } from '../domain/signal.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { float32sOf, listOf as mapped } from '../std/mapped.ts';
import { SparseNumbers } from '../std/sparse-numbers.ts';
import { rowOfHit } from './hit-rows.ts';
import type { Ranking } from './ranking.ts';
import type { Recalled } from './recall.ts';
import type { SearchContext } from './search-context.ts';

/** Used within one function only. */
const numbers = new SparseNumbers();

/** The list that pages are cut from, freed of the epoch that it was made on. */
export function listOf(ranking: Omit<Ranking, 'list'>, id: string): RankedList {
  const { context, plan, recalled, window, scored, order, coverage, degraded } = ranking;
  const { snapshot, parts } = context;
  const { ranked } = scored;
  const indexes = order.final;
  const rows = mapped(indexes, (index) => window.rows[ranked.positions[index]!]!);
  const ids = rows.map((row) => snapshot.idOf(row));
  const scores = float32sOf(indexes, (index) => ranked.scores[index]!);
  return {
    id,
    ids,
    scores,
    signals: gather(ranked.signals, indexes),
    contributions: gather(ranked.contributions, indexes),
    sources: new Uint8Array(mapped(indexes, (index) => window.sources[ranked.positions[index]!]!)),
    fusedRanks: ranksOf(indexes, order.fused),
    diverseRanks: ranksOf(indexes, order.diverse),
    paths: pathsOf(snapshot, recalled, rows),
    pinnedBy: ids.map((one) => order.pinnedBy.get(one) ?? null),
    vectorOrigin: originOf(context),
    coverage,
    degraded,
    warnings: [...context.warnings, ...order.warnings],
    total: totalOf(ranking),
    plan,
    backend: scored.backend,
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

/** The best path from a seed to each row; null where the graph did not reach it. */
function pathsOf(snapshot: TableSnapshot, { graph }: Recalled, rows: readonly number[]): RankedList['paths'] {
  if (graph === null) return rows.map(() => null);
  numbers.clear();
  for (const [index, hit] of graph.support.entries()) {
    const row = rowOfHit(snapshot, hit);
    if (row >= 0) numbers.set(row, index);
  }
  return rows.map((row) => graph.support[numbers.get(row, -1)]?.path ?? null);
}

/** Rank from 1 of each index in an order that holds them all. */
function ranksOf(indexes: Uint32Array, order: Uint32Array): Uint32Array {
  numbers.clear();
  for (let place = 0; place < order.length; place++) numbers.set(order[place]!, place + 1);
  return indexes.map((index) => numbers.get(index, 0));
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
