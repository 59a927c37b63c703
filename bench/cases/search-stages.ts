import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { BenchCase, BenchContext, BenchResult, Measurement } from '../case.ts';
import { searchOf } from '../catalogue.ts';
import { interleave, latencies, type Round, runClients, summary } from '../measure.ts';
import { fill, searchOnce, withService } from '../service.ts';

/** What one search can be made of; all variants see the same queries. */
const variants: Readonly<Record<string, Partial<SearchRequest>>> = {
  'all legs, linear': {},
  'all legs, rrf': { profile: 'rrf' },
  'all legs, multiplicative': { profile: 'multiplicative' },
  'all legs, diversity 0.3': { diversity: 0.3 },
  'all legs, explain full': { explain: 'full', include: ['fields', 'facets', 'facet_counts'] },
  'vector only': { query: null, like: [] },
  'lexical and vector': { like: [] },
};

export const searchStages: BenchCase = {
  name: 'search-stages',
  description: 'whole request and each stage, in process, 1 client, query embedding given',
  run: (context) =>
    withService(async (open) => {
      await fill(open, context.catalogue);
      const calls = context.size === 'full' ? 200 : 20;
      const stages = new Map<string, number[]>();
      const { queries } = context.catalogue;
      const variantOf = ([name, changes]: [string, Partial<SearchRequest>]) => ({
        name,
        round: (): Promise<Round> =>
          runClients(1, calls, async (index) => {
            const response = await searchOnce(open, searchOf(queries[index % queries.length]!, changes));
            if (name === 'all legs, linear') collect(stages, response.stages);
          }),
      });
      const list = Object.entries(variants).map(variantOf);
      await interleave(list, context.size === 'full' ? 2 : 1);
      stages.clear();
      const rounds = await interleave(list, context.size === 'full' ? 5 : 1);
      return resultOf(context, rounds, stages);
    }),
};

function collect(stages: Map<string, number[]>, response: Readonly<Record<string, number>>): void {
  for (const [stage, ms] of Object.entries(response)) {
    const samples = stages.get(stage) ?? [];
    samples.push(ms);
    stages.set(stage, samples);
  }
}

function resultOf(
  context: BenchContext,
  rounds: ReadonlyMap<string, readonly Round[]>,
  stages: ReadonlyMap<string, readonly number[]>,
): BenchResult {
  const whole: Measurement[] = [...rounds].map(([name, list]) => ({ name, values: summary(list) }));
  const parts: Measurement[] = [...stages].map(([stage, samples]) => ({
    name: `stage ${stage}`,
    values: latencies(samples),
  }));
  return {
    measurements: [...whole, ...parts],
    notes: [
      `${context.catalogue.queries.length} queries about documents; warm-up rounds left out; variants interleaved`,
      'stages are those of "all legs, linear"; legs run at the same time, so stages do not add up',
    ],
  };
}
