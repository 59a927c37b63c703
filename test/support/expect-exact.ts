import { expect } from 'vitest';
import { rescore } from '../../src/domain/rescore.ts';
import type { WindowColumns } from '../../src/domain/scoring.ts';
import { signalCount } from '../../src/domain/signal.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { limits } from '../../src/limits.ts';
import type { RerankAnswer, Reranker } from '../../src/ports/reranker.ts';
import { batchOf, type ScoreCase } from './score-cases.ts';
import { oracle } from './score-oracle.ts';

/** The rows of request `index`'s selection, ascending. */
export function selectedRows(answer: RerankAnswer, index: number, window: WindowColumns): number[] {
  return Array.from(answer.selected[index]!, (position) => window.rows[position]!).sort((a, b) => a - b);
}

/**
 * What the port promises, against the oracle: the drop counts, the size of the selection, and that the list after
 * rescoring is the oracle's, rows and score bits, which needs the exact top R in the selection.
 */
export async function expectExact(
  reranker: Reranker,
  table: TableSnapshot,
  cases: readonly ScoreCase[],
): Promise<RerankAnswer> {
  const answer = await reranker.rerank(batchOf(table, cases));
  expect(answer.selected).toHaveLength(cases.length);
  expect(answer.dropped).toHaveLength(cases.length);
  cases.forEach(({ request, window }, i) => {
    const truth = oracle(table, request, window);
    const selected = answer.selected[i]!;
    expect(Array.from(answer.dropped[i]!)).toEqual(truth.dropped);
    const { rankDepth } = request.params;
    expect(selected.length).toBe(Math.min(rankDepth + limits.rescoreMargin, truth.ranked.length));
    expect(new Set(selected).size).toBe(selected.length);
    const ranked = rescore({ table, transient: null }, request, window, selected);
    const top = truth.ranked.slice(0, rankDepth);
    expect(Array.from(ranked.positions, (position) => window.rows[position])).toEqual(
      top.map((one) => one.row),
    );
    expect(Array.from(ranked.scores)).toEqual(top.map((one) => one.score));
    expectSignals(
      ranked.signals,
      top.flatMap((one) => one.signals),
    );
    expectSignals(
      ranked.contributions,
      top.flatMap((one) => one.contributions),
    );
    expect(ranked.signals).toHaveLength(top.length * signalCount);
  });
  return answer;
}

function expectSignals(actual: Float64Array, expected: readonly (number | null)[]): void {
  const wrong = expected.findIndex((value, i) =>
    value === null ? !Number.isNaN(actual[i]!) : !(Math.abs(actual[i]! - value) < 1e-12),
  );
  if (wrong >= 0) expect([wrong, actual[wrong]]).toEqual([wrong, expected[wrong]]);
}
