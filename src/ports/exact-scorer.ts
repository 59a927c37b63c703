import type { BatchRows } from '../domain/batch-rows.ts';
import type { RerankRequest } from '../domain/rerank-batch.ts';
import type { RankedRows } from '../domain/rescore.ts';
import type { WindowColumns } from '../domain/scoring.ts';

/**
 * The one exact routine behind every backend's selection: f64 in a fixed order over stored bits. JavaScript
 * (`domain/rescore.ts`, `domain/gram.ts`) and C++ give the same bits, so which of them runs changes no list.
 */
export interface ExactScorer {
  readonly name: 'js' | 'native';
  /**
   * Scores the selected positions of a window exactly, best first.
   * @param selected positions in the window, each once, in any order
   * @returns at most params.rankDepth rows
   */
  rescore(
    blocks: BatchRows,
    request: RerankRequest,
    window: WindowColumns,
    selected: Uint32Array,
  ): RankedRows;
  /** Cosines of all pairs of rows: packed upper triangle (domain/gram.ts). */
  gram(blocks: BatchRows, rows: Uint32Array): Float64Array;
}
