import { expect } from 'vitest';
import { gram } from '../../src/domain/gram.ts';
import { compileMask } from '../../src/domain/mask-compiler.ts';
import { diversify } from '../../src/domain/mmr.ts';
import type { Predicate } from '../../src/domain/predicate.ts';
import { rescore } from '../../src/domain/rescore.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { Reranker } from '../../src/ports/reranker.ts';
import { expectExact } from './expect-exact.ts';
import { batchOf, type ScoreCase } from './score-cases.ts';
import type { SplitTable } from './split-table.ts';

/** A case whose hard rules are still to be compiled: their program differs with the numbers of the rows. */
export interface RuledCase extends ScoreCase {
  readonly rules: readonly Predicate[];
}

function compiled(one: RuledCase, table: TableSnapshot, rowOf?: (id: string) => number): ScoreCase {
  const mask = one.rules.length === 0 ? null : compileMask(one.rules, table, rowOf);
  return { window: one.window, request: { ...one.request, mask } };
}

/**
 * Cases over a whole table against the same documents in two blocks: drops, lists, score bits, signals, contributions,
 * cosines and the order after MMR must be equal to the bit. The whole table's answer is held against the oracle.
 */
export async function expectSameWhenMoved(
  reranker: Reranker,
  table: TableSnapshot,
  cases: readonly RuledCase[],
  split: SplitTable,
): Promise<void> {
  const { blocks, numbers } = split;
  const wholeCases = cases.map((one) => compiled(one, table));
  const splitCases = cases.map((one): ScoreCase => {
    const window = { ...one.window, rows: one.window.rows.map((row) => numbers[row]!) };
    return { ...compiled(one, blocks.table, split.rowOf), window };
  });
  const whole = await expectExact(reranker, table, wholeCases);
  const moved = await reranker.rerank(batchOf(blocks.table, splitCases, blocks.transient));
  expect(moved.dropped).toEqual(whole.dropped);
  expect(moved.selected.map((rows) => rows.length)).toEqual(whole.selected.map((rows) => rows.length));
  splitCases.forEach(({ request, window }, i) => {
    const before = wholeCases[i]!;
    const resident = { table, transient: null };
    const expected = rescore(resident, before.request, before.window, whole.selected[i]!);
    const ranked = rescore(blocks, request, window, moved.selected[i]!);
    expect(ranked.positions).toEqual(expected.positions);
    expect(ranked).toEqual(expected);
    const rows = ranked.positions.map((position) => window.rows[position]!);
    const rowsBefore = expected.positions.map((position) => before.window.rows[position]!);
    const cosines = gram(blocks, rows);
    expect(cosines).toEqual(gram(resident, rowsBefore));
    expect(diversify(ranked.scores, cosines, 0.4)).toEqual(
      diversify(expected.scores, gram(resident, rowsBefore), 0.4),
    );
  });
}
