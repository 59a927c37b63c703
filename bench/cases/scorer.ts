import type { BenchCase } from '../case.ts';
import { round } from '../measure.ts';
import { rerankerBench, rerankerBenchDefaults, rerankerBenchSmall } from './reranker.ts';

export const scorer: BenchCase = {
  name: 'scorer',
  description: 'the js scorer and the stages around it, by window and batch, on generated rows',
  run: async ({ size }) => {
    const options = size === 'full' ? rerankerBenchDefaults : rerankerBenchSmall;
    const figures = await rerankerBench(options);
    return {
      measurements: figures.map(({ stage, rows, requests, p50Ms, p95Ms }) => ({
        name: `${stage}, ${rows} rows x ${requests}`,
        values: { p50_ms: round(p50Ms), p95_ms: round(p95Ms) },
      })),
      notes: [`${options.dimension} dimensions; a call scores all requests of its batch`],
    };
  },
};
