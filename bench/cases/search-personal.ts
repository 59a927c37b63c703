import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { BenchCase, BenchResult, Measurement } from '../case.ts';
import { searchOf } from '../catalogue.ts';
import { interleave, median, type Round, round, runClients, summary } from '../measure.ts';
import { historyOf, introduce, richPolicy } from '../person.ts';
import { fill, searchOnce, withService } from '../service.ts';

const userOnly: Partial<SearchRequest> = { query: null, embedding: null, like: [] };

/** What is known about who asks; all variants that have a query see the same queries. */
const variants: Readonly<Record<string, Partial<SearchRequest>>> = {
  anonymous: {},
  'user, nothing known': { user: 'stranger' },
  'user, history alone': { user: 'regular' },
  'user, policy alone': { user: 'strict' },
  'user, policy and history': { user: 'both' },
  'recommendations, no query': { ...userOnly, user: 'both', profile: 'personal' },
};

const stages = ['filter', 'recall', 'score', 'rescore', 'rules'] as const;

export const searchPersonal: BenchCase = {
  name: 'search-personal',
  description: 'what a policy and a history add to a search, in process, all legs, 1 client, nothing cached',
  run: ({ size, catalogue }) =>
    withService(async (open) => {
      await fill(open, catalogue);
      const seen = size === 'full' ? 200 : 60;
      const policy = richPolicy(catalogue);
      await introduce(open, 'regular', null, historyOf('regular', catalogue, seen));
      await introduce(open, 'strict', policy, []);
      await introduce(open, 'both', policy, historyOf('both', catalogue, seen));
      const { queries } = catalogue;
      const calls = size === 'full' ? 200 : 20;
      const spent = new Map<string, number[]>();
      const list = Object.entries(variants).map(([name, changes]) => ({
        name,
        round: (): Promise<Round> =>
          runClients(1, calls, async (index) => {
            const response = await searchOnce(open, searchOf(queries[index % queries.length]!, changes));
            for (const stage of stages) note(spent, `${name} ${stage}`, response.stages[stage] ?? 0);
          }),
      }));
      await interleave(list, size === 'full' ? 2 : 1);
      spent.clear();
      const rounds = await interleave(list, size === 'full' ? 7 : 1);
      return resultOf(rounds, spent, seen);
    }),
};

function note(spent: Map<string, number[]>, key: string, ms: number): void {
  const samples = spent.get(key);
  if (samples === undefined) spent.set(key, [ms]);
  else samples.push(ms);
}

function resultOf(
  rounds: ReadonlyMap<string, readonly Round[]>,
  spent: ReadonlyMap<string, readonly number[]>,
  seen: number,
): BenchResult {
  const names = [...rounds.keys()];
  const medians = (name: string): number[] => rounds.get(name)!.map(({ samplesMs }) => median(samplesMs));
  const anonymous = medians('anonymous');
  const whole = names.map((name): Measurement => {
    const ratios = medians(name).map((ms, i) => ms / anonymous[i]!);
    return { name, values: { ...summary(rounds.get(name)!), ratio: round(median(ratios)) } };
  });
  const parts = names.map((name): Measurement => {
    const values = stages.map((stage) => [`${stage}_p50_ms`, round(median(spent.get(`${name} ${stage}`)!))]);
    return { name: `stages, ${name}`, values: Object.fromEntries(values) as Record<string, number> };
  });
  return {
    measurements: [...whole, ...parts],
    notes: [
      `policy: 3 hard rules (one hides what was seen), 2 soft, a quota, a spacing, 2 pins, 3 preferences; history: ${seen} events`,
      'ratio: of the medians of a round to those of "anonymous" in the same round, the median of all rounds',
      'filter: compiling filter and hard rules and counting what passes; rules: list-wise rules; soft ones are part of score',
    ],
  };
}
