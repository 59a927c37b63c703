import { evaluate, measuresAt } from '../../src/eval/evaluation.ts';
import { comparisonLine } from '../../src/eval/report.ts';
import type { Qrels, Rankings } from '../../src/eval/trec-files.ts';
import { limits } from '../../src/limits.ts';
import type { TableRow } from '../../src/std/table-lines.ts';
import { filmsAvailable } from '../../test/support/films.ts';
import type { BenchCase, BenchContext, BenchResult, Measurement } from '../case.ts';
import { rankByBaselines, rankForUsers, userQueries } from '../eval/personal.ts';
import { ratingsAvailable } from '../eval/ratings.ts';
import { halfOf } from '../eval/split.ts';
import { rankTags, tagQueries } from '../eval/text-to-film.ts';

/** One question to all systems, judged. */
interface Task {
  readonly name: string;
  readonly queries: readonly string[];
  readonly qrels: Qrels;
  readonly rankings: ReadonlyMap<string, Rankings>;
  /** The measures that are shown. */
  readonly shown: readonly string[];
  /** What nDCG@10 is to reach, by system, given that of the others. */
  readonly aims: Readonly<Record<string, (ndcgOf: (system: string) => number) => number>>;
  /** Whom the first is compared with, by the significance test. */
  readonly comparisons: readonly (readonly [baseline: string, system: string])[];
}

/** Cut for a run that only has to work. */
const smallQueries = 40;
const textAim = 0.18;
const popularityAim = 1.3;

export const evaluation: BenchCase = {
  name: 'eval',
  description:
    'how good the ranking is: tags to films by text, and what users come to like, beside baselines',
  onRequest: true,
  async run(context): Promise<BenchResult> {
    if (!filmsAvailable() || !ratingsAvailable())
      return { measurements: [], notes: ['skipped: the films and ratings are not in ../shared/data'] };
    const parts = [await textTask(context), await personalTask(context)].map((task) => judge(task, context));
    return {
      measurements: parts.flatMap(({ measurements }) => measurements),
      tables: { quality: parts.flatMap(({ rows }) => rows) },
      notes: parts.flatMap(({ notes }) => notes),
    };
  },
};

async function textTask({ size, say }: BenchContext): Promise<Task> {
  const { queries, qrels } = tagQueries();
  const some = size === 'small' ? queries.slice(0, smallQueries) : queries;
  return {
    name: 'text to film',
    queries: some.map(({ id }) => id),
    qrels,
    rankings: await rankTags(some, say),
    shown: ['ndcg@10', 'recall@100'],
    aims: { linear: () => textAim },
    comparisons: [
      ['rrf', 'linear'],
      ['lexical', 'linear'],
      ['vector', 'linear'],
    ],
  };
}

async function personalTask({ size, say }: BenchContext): Promise<Task> {
  const users = size === 'small' ? userQueries(smallQueries) : userQueries();
  const rankings = new Map([...rankByBaselines(users), ...(await rankForUsers(users, say))]);
  const aim = (ndcgOf: (system: string) => number): number => popularityAim * ndcgOf('popularity');
  return {
    name: 'what users come to like',
    queries: users.queries.map(({ id }) => id),
    qrels: users.qrels,
    rankings,
    shown: ['ndcg@10', 'recall@10'],
    aims: { personal: aim, 'personal with co-likes': aim, 'collaborative with co-likes': aim },
    comparisons: [
      ['popularity', 'personal'],
      ['popularity', 'collaborative with co-likes'],
      ['ItemKNN', 'collaborative with co-likes'],
    ],
  };
}

function judge(
  task: Task,
  { seed }: BenchContext,
): { readonly measurements: Measurement[]; readonly rows: TableRow[]; readonly notes: string[] } {
  const rows: TableRow[] = [];
  const measurements: Measurement[] = [];
  const notes: string[] = [];
  const measures = measuresAt(10, limits.kMax);
  for (const half of ['validation', 'test', 'all'] as const) {
    const queries = task.queries.filter((query) => half === 'all' || halfOf(query) === half);
    const { systems } = evaluate(task.rankings, task.qrels, queries, measures, seed);
    const ndcgOf = (name: string): number =>
      systems.find(({ system }) => system === name)?.means['ndcg@10'] ?? Number.NaN;
    for (const { system, means } of systems) {
      const aim = task.aims[system]?.(ndcgOf);
      const values: Record<string, number> = {
        queries: queries.length,
        ...Object.fromEntries(task.shown.map((name) => [name.replace('@', '_at_'), rounded(means[name]!)])),
        ...(aim === undefined ? {} : { aim: rounded(aim), met: ndcgOf(system) >= aim ? 1 : 0 }),
      };
      measurements.push({ name: `${task.name}, ${half}: ${system}`, values });
      rows.push({ task: task.name, half, system, ...values });
    }
    if (half !== 'test') continue;
    for (const [baseline, system] of task.comparisons) {
      const pair = new Map([baseline, system].map((name) => [name, task.rankings.get(name)!]));
      const [comparison] = evaluate(pair, task.qrels, queries, measures, seed).comparisons;
      notes.push(`${task.name}, test: ${comparisonLine(comparison!, seed)}`);
    }
  }
  return { measurements, rows, notes };
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
