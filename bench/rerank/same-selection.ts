import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import type { RerankAnswer, RerankBatch } from '../../src/ports/reranker.ts';

/**
 * Compares a backend's selection with the reference's: scores may differ by 2e-6, so a row at the very end may be another
 * one, and no more.
 * @throws Error where it is another selection: a fast wrong answer is no result
 */
export async function sameSelection(batch: RerankBatch, answer: RerankAnswer, name: string): Promise<void> {
  const expected = await new JsReranker().rerank(batch);
  expected.selected.forEach((rows, request) => {
    const chosen = new Set(answer.selected[request]);
    const missing = rows.filter((row) => !chosen.has(row)).length;
    if (chosen.size !== rows.length || missing > Math.max(1, rows.length / 100))
      throw new Error(
        `${name}: request ${request} selects ${chosen.size} rows of ${rows.length}, ${missing} of them are missing`,
      );
    if (String(expected.dropped[request]) !== String(answer.dropped[request]))
      throw new Error(`${name}: request ${request} drops ${answer.dropped[request]} rows by rule`);
  });
}
