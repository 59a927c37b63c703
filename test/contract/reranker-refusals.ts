import { expect, it } from 'vitest';
import type { RerankBatch, Reranker } from '../../src/ports/reranker.ts';
import { expectExact } from '../support/expect-exact.ts';
import { Random } from '../support/random.ts';
import { batchOf, randomCase, randomTable, weightsOf } from '../support/score-cases.ts';
import { splitTable } from '../support/split-table.ts';

type Get = () => Promise<Reranker>;

/** An aborted call fails with the reason, or it had its answer already. */
export function signalTests(reranker: Get): void {
  it('aborted before the call refuses it; aborted later, the answer is right or the reason is given', async () => {
    const random = new Random('signals');
    const table = randomTable(random, 300, 64);
    const cases = Array.from({ length: 6 }, () => randomCase(random, table));
    const batch = batchOf(table, cases);
    const backend = await reranker();
    const late = new Error('late');
    await expect(backend.rerank(batch, AbortSignal.abort(late))).rejects.toBe(late);
    const abort = new AbortController();
    const running = backend.rerank(batch, abort.signal);
    abort.abort(late);
    const outcome: unknown = await running.catch((error: unknown) => error);
    const answer = await expectExact(backend, table, cases);
    if (outcome !== late) expect(outcome).toEqual(answer);
  });
}

export function refusalTests(reranker: Get): void {
  const random = new Random('refusals');
  const table = randomTable(random, 20, 6);
  const good = batchOf(table, [randomCase(random, table), randomCase(random, table)]);
  const split = splitTable(random, table, (row) => row % 2 === 0);
  const mixed = { ...good, ...split.blocks, rows: good.rows.map((row) => split.numbers[row]!) };
  const withTransient = (changes: object): RerankBatch => ({
    ...mixed,
    transient: { ...split.blocks.transient, ...changes },
  });
  const withVectors = (changes: object): RerankBatch =>
    withTransient({ vectors: { ...split.blocks.transient.vectors, ...changes } });
  const withRequest = (changes: object): RerankBatch => ({
    ...good,
    requests: [good.requests[0]!, { ...good.requests[1]!, ...changes }],
  });
  const withParams = (changes: object): RerankBatch =>
    withRequest({ params: { ...good.requests[1]!.params, ...changes } });
  const bad: Record<string, RerankBatch> = {
    'batch.offsets:': { ...good, offsets: Uint32Array.of(0, 40) },
    'batch.offsets[0]:': { ...good, offsets: Uint32Array.of(1, 20, 40) },
    'batch.offsets[2]: 40 ': { ...good, offsets: Uint32Array.of(0, 50, 40) },
    'batch.offsets[2]: ends': { ...good, offsets: Uint32Array.of(0, 20, 39) },
    'batch.rows[3]: 20': { ...good, rows: good.rows.with(3, 20) },
    'batch.rows[0]: row': { ...good, table: { ...table, live: new Uint8Array(20) } },
    'batch.rows[5]: 20 is not a row of a table of 10 and 10 transient rows': {
      ...mixed,
      rows: mixed.rows.with(5, 20),
    },
    'batch.transient.rowCount:': withTransient({ rowCount: -1 }),
    'batch.transient.vectors.values: has 86 entries, needs 87': withVectors({ values: new Float32Array(86) }),
    'batch.transient.vectors.tier: is f16,': withVectors({ tier: 'f16' }),
    'batch.transient.vectors.dimension:': withVectors({ dimension: 5 }),
    'batch.transient.vectors.stride:': withVectors({ stride: 5 }),
    'batch.transient.tieRanks: has 9 entries, needs 10': withTransient({ tieRanks: new Uint32Array(9) }),
    'batch.transient.popularity:': withTransient({ popularity: new Float32Array(9) }),
    'batch.transient.recencyMs:': withTransient({ recencyMs: new Float64Array(9) }),
    'batch.transient.facetStarts:': withTransient({ facetStarts: new Uint32Array(9) }),
    'batch.transient.facetCounts:': withTransient({ facetCounts: new Uint32Array(9) }),
    'batch.transient.facetCounts[0]:': withTransient({ facetCounts: new Uint32Array(10).fill(1e6) }),
    'batch.transient.fields:': withTransient({ fields: [] }),
    'batch.transient.fields[1]:': withTransient({
      fields: split.blocks.transient.fields.with(1, new Float64Array(9)),
    }),
    'batch.lexical:': { ...good, lexical: good.lexical.slice(1) },
    'batch.graph:': { ...good, graph: good.graph.slice(1) },
    'batch.fused:': { ...good, fused: good.fused.slice(1) },
    'batch.rules:': { ...good, rules: good.rules.slice(1) },
    'batch.requests[1].queryVector: has 5': withRequest({ queryVector: new Float32Array(5) }),
    'batch.requests[1].queryVector: has length 0': withRequest({ queryVector: new Float32Array(6) }),
    'batch.requests[1].tasteVector: has length NaN': withRequest({
      tasteVector: new Float32Array(6).fill(Number.NaN),
    }),
    'batch.requests[1].params.weights:': withParams({ weights: new Float64Array(3) }),
    'batch.requests[1].params.weights[2]:': withParams({ weights: weightsOf({ lexical: Number.NaN }) }),
    'batch.requests[1].params.lo:': withParams({ lo: 1, hi: 1 }),
    'batch.requests[1].params.halfLifeMs:': withParams({ halfLifeMs: 0 }),
    'batch.requests[1].params.productMin:': withParams({ productMin: 5 }),
    'batch.requests[1].params.rankDepth:': withParams({ rankDepth: 1.5 }),
  };
  for (const [path, batch] of Object.entries(bad)) {
    it(path, async () => {
      const error: unknown = await (await reranker()).rerank(batch).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RangeError);
      expect((error as RangeError).message.startsWith(path), (error as RangeError).message).toBe(true);
    });
  }
}
