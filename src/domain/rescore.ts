import { float32sOf } from '../std/mapped.ts';
import { type BatchRows, numberedBlocks, positionsIn } from './batch-rows.ts';
import type { RerankRequest } from './rerank-batch.ts';
import { ScorerScratch, type WindowColumns, WindowScorer } from './scoring.ts';
import { signalCount } from './signal.ts';
import { topOrder } from './top-rows.ts';

/** The first rows of a ranked list, best first, as struct of arrays. */
export interface RankedRows {
  readonly count: number;
  /** Positions in the window. */
  readonly positions: Uint32Array;
  /** Descending. */
  readonly scores: Float32Array;
  /** count x signalCount, row-major, in the order of signalNames; NaN where a signal is absent. */
  readonly signals: Float64Array;
  /** count x signalCount; each row sums to its score within 1e-6. */
  readonly contributions: Float64Array;
}

const scratch = new ScorerScratch();

/**
 * Scores a backend's selection exactly and orders it: f64 in a fixed order over stored bits, rounded to f32 once. Every
 * backend's selection goes through here, so lists, scores and explanations are the same bits on all of them.
 * @param blocks what the window's row numbers lead to
 * @param selected positions in the window, in any order
 * @returns at most params.rankDepth rows
 */
export function rescore(
  blocks: BatchRows,
  request: RerankRequest,
  window: WindowColumns,
  selected: Uint32Array,
): RankedRows {
  const scores = new Float32Array(selected.length);
  const tieRanks = new Uint32Array(selected.length);
  const signals = new Float64Array(selected.length * signalCount);
  const contributions = new Float64Array(selected.length * signalCount);
  const positions = new Uint32Array(selected.length);
  let count = 0;
  for (const part of numberedBlocks(blocks)) {
    const { firstRow, block } = part;
    const blockTieRanks = block.tieRanks;
    const own = positionsIn(part, window.rows, selected);
    const scorer = new WindowScorer(part, request, window, own, 'signals', scratch);
    for (let i = 0; i < own.length; i++, count++) {
      positions[count] = own[i]!;
      scores[count] = scorer.score(i);
      tieRanks[count] = blockTieRanks[window.rows[own[i]!]! - firstRow]!;
      signals.set(scorer.signals, count * signalCount);
      contributions.set(scorer.contributions, count * signalCount);
    }
  }
  const order = topOrder(scores, tieRanks, request.params.rankDepth);
  return {
    count: order.length,
    positions: order.map((index) => positions[index]!),
    scores: float32sOf(order, (index) => scores[index]!),
    signals: gather(signals, order),
    contributions: gather(contributions, order),
  };
}

function gather(values: Float64Array, order: Uint32Array): Float64Array {
  const gathered = new Float64Array(order.length * signalCount);
  for (let i = 0; i < order.length; i++) {
    const from = order[i]! * signalCount;
    gathered.set(values.subarray(from, from + signalCount), i * signalCount);
  }
  return gathered;
}
