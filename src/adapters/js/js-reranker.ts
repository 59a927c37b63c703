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
  readonly #scratch = new ScorerScratch();

  /** @throws RangeError (as a rejection) where the batch breaks the port's contract */
  async rerank(batch: RerankBatch): Promise<RerankAnswer> {
    checkRerankBatch(batch);
    const selected: Uint32Array[] = [];
    const dropped: Uint32Array[] = [];
    for (let i = 0; i < batch.requests.length; i++) {
      const drops = new Uint32Array(batch.requests[i]!.mask?.ruleCount ?? 0);
      selected.push(this.#select(batch, i, drops));
      dropped.push(drops);
    }
    return { selected, dropped };
  }

  /** Positions of the best rows of request `index`; counts what its rules drop into `drops`. */
  #select(batch: RerankBatch, index: number, drops: Uint32Array): Uint32Array {
    const { table } = batch;
    const { tieRanks } = table;
    const request = batch.requests[index]!;
    const from = batch.offsets[index]!;
    const to = batch.offsets[index + 1]!;
    const scorer = new WindowScorer(table, request, batch, 'score', this.#scratch);
    const best = new BestRows(Math.min(request.params.rankDepth + limits.rescoreMargin, to - from));
    for (let at = from; at < to; at++) {
      const row = batch.rows[at]!;
      if (request.mask !== null) {
        const rule = firstFailingRule(request.mask, table, row);
        if (rule >= 0) {
          drops[rule]!++;
          continue;
        }
      }
      best.offer(scorer.score(at), tieRanks[row]!, at - from);
    }
    return best.rows();
  }
}
