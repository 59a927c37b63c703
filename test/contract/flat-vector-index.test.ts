import { describe, expect, it } from 'vitest';
import { FlatVectorIndex } from '../../src/adapters/flat/flat-vector-index.ts';
import { JsRowScanner } from '../../src/adapters/js/js-row-scanner.ts';
import { dotRow, widen } from '../../src/domain/vector.ts';
import { vectorOf } from '../../src/domain/vector-rows.ts';
import { limits } from '../../src/limits.ts';
import { Random } from '../support/random.ts';
import { snapshotReader } from '../support/recall-subject.ts';
import { makeTable } from '../support/table.ts';
import { vectorIndexContract } from './vector-index.contract.ts';

vectorIndexContract('flat', () => snapshotReader(new FlatVectorIndex(new JsRowScanner())));

describe('FlatVectorIndex', () => {
  const random = new Random('flat');
  const dimension = 512;
  const rows = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ id: `d${i}`, vector: random.unitVector(dimension) }));
  const signal = new AbortController().signal;
  const request = { tenant: 't', predicate: null, limit: 100, timeoutMs: 10_000, signal };

  it('has the very score that the scorer computes, and the exact order of it', async () => {
    const snapshot = makeTable(dimension, rows(500));
    const vector = random.unitVector(dimension);
    const [hits] = await new FlatVectorIndex(new JsRowScanner()).search({
      ...request,
      snapshot,
      vectors: [vector],
    });
    const wide = widen(vector);
    const scored = Array.from({ length: 500 }, (_, row) => ({
      id: `d${row}`,
      score: dotRow(vectorOf(snapshot.vectors, row), 0, wide, dimension),
      row,
    }));
    const naive = (id: string) => {
      const stored = vectorOf(snapshot.vectors, snapshot.rowOf(id));
      return vector.reduce((sum, value, i) => sum + value * stored[i]!, 0);
    };
    scored.sort((a, b) => b.score - a.score);
    expect(hits).toEqual(scored.slice(0, 100));
    for (const { id, score } of hits!) expect(Math.abs(score - naive(id))).toBeLessThan(1e-12);
  });

  it('lets the event loop turn while it reads a large table, and stops there when aborted', async () => {
    const vectors = Array.from({ length: 4 }, () => random.unitVector(dimension));
    const few = rows(16);
    const rowCount = Math.ceil((3 * limits.flatScanProductsPerTurn) / (vectors.length * dimension));
    const large = Array.from({ length: rowCount }, (_, i) => ({ id: `d${i}`, vector: few[i % 16]!.vector }));
    const snapshot = makeTable(dimension, large);
    let turns = 0;
    const count = () => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    const lists = await new FlatVectorIndex(new JsRowScanner()).search({ ...request, snapshot, vectors });
    clearImmediate(timer);
    expect(turns).toBeGreaterThanOrEqual(2);
    expect(lists.map((hits) => hits.length)).toEqual([100, 100, 100, 100]);

    const abort = new AbortController();
    setImmediate(() => abort.abort(new Error('late')));
    const search = new FlatVectorIndex(new JsRowScanner()).search({
      ...request,
      snapshot,
      vectors,
      signal: abort.signal,
    });
    await expect(search).rejects.toThrow('late');
  });
});
