import { type NumberedBlock, numberedBlocks } from '../../domain/batch-rows.ts';
import { firstFailingRule } from '../../domain/mask-program.ts';
import { checkRerankBatch } from '../../domain/rerank-batch-check.ts';
import { ScorerScratch, WindowScorer } from '../../domain/scoring.ts';
import { limits } from '../../limits.ts';
import type { RerankAnswer, RerankBatch, Reranker } from '../../ports/reranker.ts';
import { BestRows } from '../../std/best-rows.ts';

/**
 * The reference backend: plain JavaScript on the calling thread. Its first pass is the exact score of
 * `domain/scoring.ts`, so its selection is exact even without the margin.
 */
export class JsReranker implements Reranker {
  readonly name = 'js';
  readonly variant = '';
  readonly #scratch = new ScorerScratch();
  #positions = new Uint32Array(0);

  /** @throws RangeError (as a rejection) where the batch breaks the port's contract */
  async rerank(batch: RerankBatch, signal?: AbortSignal): Promise<RerankAnswer> {
    signal?.throwIfAborted();
    checkRerankBatch(batch);
    const selected: Uint32Array[] = [];
    const dropped: Uint32Array[] = [];
    for (let i = 0; i < batch.requests.length; i++) {
      // Nothing else runs between two requests, but a signal with a time limit looks at the clock.
      signal?.throwIfAborted();
      const drops = new Uint32Array(batch.requests[i]!.mask?.ruleCount ?? 0);
      selected.push(this.#select(batch, i, drops));
      dropped.push(drops);
    }
    return { selected, dropped };
  }

  /** Positions of the best rows of request `index`; counts what its rules drop into `drops`. */
  #select(batch: RerankBatch, index: number, drops: Uint32Array): Uint32Array {
    const request = batch.requests[index]!;
    const from = batch.offsets[index]!;
    const count = batch.offsets[index + 1]! - from;
    const best = new BestRows(Math.min(request.params.rankDepth + limits.rescoreMargin, count));
    for (const part of numberedBlocks(batch)) {
      const { tieRanks } = part.block;
      const passing = this.#passing(batch, index, part, drops);
      const scorer = new WindowScorer(part, request, batch, passing, 'score', this.#scratch);
      for (let i = 0; i < passing.length; i++) {
        const at = passing[i]!;
        best.offer(scorer.score(i), tieRanks[batch.rows[at]! - part.firstRow]!, at - from);
      }
    }
    return best.rows();
  }

  /** Positions in the batch of the request's rows in one block that no rule drops. */
  #passing(batch: RerankBatch, index: number, part: NumberedBlock, drops: Uint32Array): Uint32Array {
    const { rows } = batch;
    const { block, firstRow } = part;
    const endRow = firstRow + block.rowCount;
    const { mask } = batch.requests[index]!;
    const from = batch.offsets[index]!;
    const to = batch.offsets[index + 1]!;
    if (this.#positions.length < to - from) this.#positions = new Uint32Array(to - from);
    const positions = this.#positions;
    let count = 0;
    for (let at = from; at < to; at++) {
      const row = rows[at]!;
      if (row < firstRow || row >= endRow) continue;
      const rule = mask === null ? -1 : firstFailingRule(mask, block, row - firstRow, firstRow);
      if (rule >= 0) drops[rule]!++;
      else positions[count++] = at;
    }
    return positions.subarray(0, count);
  }
}
