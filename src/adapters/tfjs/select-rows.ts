import { numberedBlocks, positionsIn } from '../../domain/batch-rows.ts';
import type { RerankBatch, RerankRequest } from '../../domain/rerank-batch.ts';
import { ScorerScratch, WindowScorer } from '../../domain/scoring.ts';
import { signalIndex } from '../../domain/signal.ts';
import { limits } from '../../limits.ts';
import { BestRows } from '../../std/best-rows.ts';
import type { GraphScores } from './pack-batch.ts';

/** How far the graph's score is from the exact one where similarity is not stretched: what the port allows. */
const scoreErrorMax = 2e-6;
/** The same of a cosine; twice what was seen at 4,096 dimensions. */
const cosineErrorMax = 5e-7;

const scratch = new ScorerScratch();

/**
 * Per request the positions, in its own window, of its best min(R + limits.rescoreMargin, passing) rows. The exact top R is
 * among them whatever the errors of the scores are, up to `errorMax`: a row of it has at least the R-th best score less
 * two errors. Where more rows than fit are that close, thousands of equal ones for example, those are scored exactly.
 */
export function selectRows(batch: RerankBatch, graph: GraphScores): Uint32Array[] {
  return batch.requests.map((_, request) => selectOne(batch, request, graph));
}

function selectOne(batch: RerankBatch, request: number, graph: GraphScores): Uint32Array {
  const from = batch.offsets[request]!;
  const first = graph.entryStarts[request]!;
  const end = graph.entryStarts[request + 1]!;
  const positions = graph.positions.subarray(first, end);
  const scores = graph.scores.subarray(first, end);
  const { rankDepth } = batch.requests[request]!.params;
  const wanted = rankDepth + limits.rescoreMargin;
  if (scores.length <= wanted) return positions.map((position) => position - from);
  const floor = nthBest(scores, rankDepth) - 2 * errorMax(batch.requests[request]!);
  let close = 0;
  for (const score of scores) if (score >= floor) close++;
  if (close > wanted)
    return exactBest(
      batch,
      request,
      positions.filter((_, i) => scores[i]! >= floor),
      wanted,
    );
  const best = new BestRows(wanted);
  for (let i = 0; i < scores.length; i++)
    best.offer(scores[i]!, tieRank(batch, positions[i]!), positions[i]! - from);
  return best.rows();
}

/** A cosine's error counts more the narrower lo..hi is, and where it is multiplied. */
function errorMax({ params }: RerankRequest): number {
  const { weights, lo, hi, formula, productMax } = params;
  const weight =
    formula === 'multiplicative'
      ? productMax
      : weights[signalIndex.similarity]! + weights[signalIndex.taste]!;
  return Math.max(scoreErrorMax, (cosineErrorMax * weight) / (hi - lo));
}

/** The n-th best of more than n scores; infinite for n = 0. */
function nthBest(scores: Float32Array, n: number): number {
  return n === 0 ? Number.POSITIVE_INFINITY : scores.toSorted()[scores.length - n]!;
}

/** The best `wanted` of some positions by their exact scores. */
function exactBest(batch: RerankBatch, request: number, positions: Uint32Array, wanted: number): Uint32Array {
  const from = batch.offsets[request]!;
  const best = new BestRows(wanted);
  for (const part of numberedBlocks(batch)) {
    const own = positionsIn(part, batch.rows, positions);
    const scorer = new WindowScorer(part, batch.requests[request]!, batch, own, 'score', scratch);
    for (let i = 0; i < own.length; i++) best.offer(scorer.score(i), tieRank(batch, own[i]!), own[i]! - from);
  }
  return best.rows();
}

function tieRank({ table, transient, rows }: RerankBatch, position: number): number {
  const row = rows[position]!;
  return row < table.rowCount ? table.tieRanks[row]! : transient!.tieRanks[row - table.rowCount]!;
}
