import { expect, it } from 'vitest';
import { rerankerBench, rerankerBenchSmall } from '../../bench/cases/reranker.ts';

it('the bench of the scorer runs and times every stage', async () => {
  const figures = await rerankerBench(rerankerBenchSmall);
  expect(new Set(figures.map((figure) => figure.stage))).toEqual(
    new Set(['rerank vector', 'rerank full', 'dot products', 'rescore', 'gram and mmr']),
  );
  for (const { stage, p50Ms, p95Ms } of figures) {
    expect(p50Ms, stage).toBeGreaterThan(0);
    expect(p95Ms, stage).toBeGreaterThanOrEqual(p50Ms);
  }
});
