import { comparePaired, type PairedComparison } from '../domain/paired-test.ts';
import {
  averagePrecision,
  type Judgements,
  ndcgAt,
  precisionAt,
  recallAt,
  reciprocalRank,
  relevantCount,
} from '../domain/ranking-metrics.ts';
import { evalLimits } from '../eval-limits.ts';
import { seededRandom } from '../std/seeded-random.ts';
import type { Qrels, Rankings } from './trec-files.ts';

/** A number that says how good one ranking is, 0..1. */
export interface Measure {
  /** As `ndcg@10`. */
  readonly name: string;
  readonly of: (ranking: readonly string[], judgements: Judgements) => number;
}

/**
 * The measures of a report, the one that systems are compared by first.
 * @param k places that people look at
 * @param depth places that were asked for
 */
export function measuresAt(k: number, depth: number): Measure[] {
  const at = (place: number): Measure => ({
    name: `recall@${place}`,
    of: (ranking, judgements) => recallAt(ranking, judgements, place),
  });
  return [
    { name: `ndcg@${k}`, of: (ranking, judgements) => ndcgAt(ranking, judgements, k) },
    at(k),
    ...(depth > k ? [at(depth)] : []),
    { name: `p@${k}`, of: (ranking, judgements) => precisionAt(ranking, judgements, k) },
    { name: 'map', of: averagePrecision },
    { name: 'mrr', of: reciprocalRank },
  ];
}

/** One system's rankings, judged. */
export interface SystemScores {
  readonly system: string;
  /** Mean over the queries, by measure. */
  readonly means: Readonly<Record<string, number>>;
  /** By measure, in the order of `queries`. */
  readonly each: Readonly<Record<string, readonly number[]>>;
}

/** A system beside the first one, by the first measure. */
export interface SystemComparison extends PairedComparison {
  readonly system: string;
  readonly baseline: string;
  readonly measure: string;
}

export interface Evaluation {
  readonly queries: readonly string[];
  readonly systems: readonly SystemScores[];
  readonly comparisons: readonly SystemComparison[];
}

/**
 * Judges the rankings of several systems on the same queries. A query that a system did not answer counts 0 for it.
 * @param queries those to judge; each has something relevant, see judgedQueries
 * @param seed of the significance test
 */
export function evaluate(
  systems: ReadonlyMap<string, Rankings>,
  qrels: Qrels,
  queries: readonly string[],
  measures: readonly Measure[],
  seed: number,
): Evaluation {
  const scores = [...systems].map(([system, rankings]): SystemScores => {
    const each = Object.fromEntries(
      measures.map(({ name, of }) => [
        name,
        queries.map((query) => of(rankings.get(query) ?? [], qrels.get(query) ?? new Map())),
      ]),
    );
    const means = Object.fromEntries(Object.entries(each).map(([name, values]) => [name, meanOf(values)]));
    return { system, means, each };
  });
  const measure = measures[0]!.name;
  const [first, ...others] = scores;
  const comparisons = others.map((other): SystemComparison => {
    const random = seededRandom(seed);
    const paired = comparePaired(first!.each[measure]!, other.each[measure]!, random, evalLimits.testRounds);
    return { system: other.system, baseline: first!.system, measure, ...paired };
  });
  return { queries, systems: scores, comparisons };
}

/** The queries that have something relevant: on the others every ranking scores 0. */
export function judgedQueries(queries: readonly string[], qrels: Qrels): string[] {
  return queries.filter((query) => relevantCount(qrels.get(query) ?? new Map()) > 0);
}

export function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
