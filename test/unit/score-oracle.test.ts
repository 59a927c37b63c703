import { describe, expect, it } from 'vitest';
import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import type { SignalName } from '../../src/domain/signal.ts';
import { copyVector, type VectorRows } from '../../src/domain/vector-rows.ts';
import type { RerankBatch, Reranker, RowBlock } from '../../src/ports/reranker.ts';
import { denseCases, perturbed } from '../support/dense-cases.ts';
import { expectExact } from '../support/expect-exact.ts';
import { expectSameWhenMoved } from '../support/expect-same-when-moved.ts';
import { Random } from '../support/random.ts';
import { params, randomCase, randomTable, request, weightsOf, windowOf } from '../support/score-cases.ts';
import { splitTable } from '../support/split-table.ts';
import { makeTable, mapVectors } from '../support/table.ts';

/** A backend with a planted fault: it sees another batch than it was given. */
function faulty(fault: (batch: RerankBatch) => RerankBatch): Reranker {
  const inner = new JsReranker();
  return { name: 'js', variant: '', rerank: (batch) => inner.rerank(fault(batch)) };
}

/** Signals that come from the rows of a block; the others come with the window. */
const readFromRows: ReadonlySet<SignalName> = new Set([
  'similarity',
  'taste',
  'preference',
  'popularity',
  'recency',
]);

function nextVectors({ vectors, rowCount }: RowBlock): VectorRows {
  const copy = mapVectors(vectors, (x) => x);
  for (let row = 0; row + 1 < rowCount; row++) copyVector(vectors, row + 1, copy, row);
  return copy;
}

/** Every row but the last as the row after it: a backend that is one row off. */
function shifted(block: RowBlock): RowBlock {
  const next = <T extends Float32Array | Float64Array | Uint32Array>(column: T): T => {
    const copy = column.slice() as T;
    copy.copyWithin(0, 1, block.rowCount);
    return copy;
  };
  return {
    ...block,
    vectors: nextVectors(block),
    popularity: next(block.popularity),
    recencyMs: next(block.recencyMs),
    facetStarts: next(block.facetStarts),
    facetCounts: next(block.facetCounts),
  };
}

describe('the oracle comparison notices', () => {
  it('nothing where nothing is wrong, even an error of 2e-6', async () => {
    for (const one of denseCases(new Random('mutants'))) {
      await expectExact(
        faulty((batch) => batch),
        one.table,
        [one],
      );
      await expectExact(
        faulty((batch) => perturbed(batch, one.signal, 2e-6)),
        one.table,
        [one],
      );
    }
  });

  for (const one of denseCases(new Random('mutants'))) {
    it(`an error of 1e-4 in one signal: ${one.name}`, async () => {
      const mutant = faulty((batch) => perturbed(batch, one.signal, 1e-4));
      await expect(expectExact(mutant, one.table, [one])).rejects.toThrow();
    });
  }

  for (const one of denseCases(new Random('mutants')).filter(({ signal }) => readFromRows.has(signal))) {
    it(`transient rows mixed up: ${one.name}`, async () => {
      const split = splitTable(new Random(one.name), one.table, (row) => row % 2 === 0);
      const cases = [{ ...one, rules: [] }];
      await expectSameWhenMoved(new JsReranker(), one.table, cases, split);
      const mutant = faulty((batch) => ({
        ...batch,
        transient: batch.transient && shifted(batch.transient),
      }));
      await expect(expectSameWhenMoved(mutant, one.table, cases, split)).rejects.toThrow();
    });
  }

  it('rules by id that do not know the transient rows', async () => {
    const rows = Array.from({ length: 10 }, (_, i) => ({ id: String(i), vector: [1] }));
    const table = makeTable(1, rows);
    const ids = { kind: 'ids', ids: ['1', '2', '3', '4'] } as const;
    const cases = [{ request: request(), window: windowOf(rows.map((_, row) => row)), rules: [ids] }];
    const split = splitTable(new Random('ids'), table, (row) => row % 2 === 0);
    await expectSameWhenMoved(new JsReranker(), table, cases, split);
    const forgetful = { ...split, rowOf: (id: string) => split.blocks.table.rowOf(id) };
    await expect(expectSameWhenMoved(new JsReranker(), table, cases, forgetful)).rejects.toThrow();
  });

  it('ties broken by anything but the tie rank', async () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({ id: String(i), vector: [1] }));
    const table = makeTable(1, rows);
    const one = { request: request(), window: windowOf(rows.map((_, row) => row)) };
    await expectExact(new JsReranker(), table, [one]);
    const mutant = faulty((batch) => ({
      ...batch,
      table: { ...batch.table, tieRanks: batch.table.tieRanks.map((rank) => 299 - rank) },
    }));
    await expect(expectExact(mutant, table, [one])).rejects.toThrow();
  });

  it('columns shifted by one request, a selection that is too small, wrong drop counts', async () => {
    const random = new Random('more mutants');
    const table = randomTable(random, 400, 16);
    const cases = [0, 1].map(() => {
      const one = randomCase(random, table, { formula: 'linear', ruleCount: 2 });
      const weighted = params({ weights: weightsOf({ lexical: 0.8, similarity: 0.2 }), rankDepth: 50 });
      return { ...one, request: { ...one.request, params: weighted } };
    });
    await expectExact(new JsReranker(), table, cases);
    const shifted = faulty((batch) => ({
      ...batch,
      lexical: Float32Array.from(batch.lexical, (_, i) => batch.lexical[(i + 400) % 800]!),
    }));
    await expect(expectExact(shifted, table, cases)).rejects.toThrow();
    const small = faulty((batch) => ({
      ...batch,
      requests: batch.requests.map((one) => ({ ...one, params: { ...one.params, rankDepth: 40 } })),
    }));
    await expect(expectExact(small, table, cases)).rejects.toThrow();
    const miscounting: Reranker = {
      name: 'js',
      variant: '',
      rerank: async (batch) => {
        const answer = await new JsReranker().rerank(batch);
        return { ...answer, dropped: answer.dropped.map((drops) => drops.map((count) => count + 1)) };
      },
    };
    await expect(expectExact(miscounting, table, cases)).rejects.toThrow();
  });
});
