import { evalLimits } from '../eval-limits.ts';
import { type TableRow, tableLines } from '../std/table-lines.ts';
import type { Evaluation, SystemComparison } from './evaluation.ts';

/** An evaluation, and what a reader needs to judge it. */
export interface EvalReport {
  readonly evaluation: Evaluation;
  readonly k: number;
  /** Results asked for by each search. */
  readonly depth: number;
  readonly seed: number;
  /** Queries without a relevant document among the judgements, which say nothing. */
  readonly notJudged: readonly string[];
  /** Judged queries that were not searched, because the file of queries lacks them. */
  readonly notAsked: readonly string[];
  /** Answers by system that lacked a leg. */
  readonly degraded: Readonly<Record<string, number>>;
}

/** The report for people: a table, and a line for each comparison. */
export function reportLines({ evaluation, k, depth, seed, ...report }: EvalReport): string[] {
  const { queries, systems, comparisons } = evaluation;
  const rows = systems.map(({ system, means }): TableRow => {
    const rounded = Object.entries(means).map(([name, value]) => [name, value.toFixed(4)]);
    return { system, ...(Object.fromEntries(rounded) as Record<string, string>) };
  });
  return [
    `${count(queries.length)} queries, nDCG over the first ${k}, ${depth} results asked for`,
    ...leftOut('without a relevant document, left out', report.notJudged),
    ...leftOut('judged but not asked', report.notAsked),
    '',
    ...tableLines(rows),
    ...(comparisons.length === 0 ? [] : ['']),
    ...comparisons.map((comparison) => comparisonLine(comparison, seed)),
    ...Object.entries(report.degraded)
      .filter(([, answers]) => answers > 0)
      .map(([system, answers]) => `warning: ${count(answers)} answers of ${system} were degraded`),
  ];
}

/** One line that says by how much, on how many queries, and whether chance would do. */
export function comparisonLine(
  { system, baseline, measure, difference, wins, ties, losses, pValue }: SystemComparison,
  seed: number,
): string {
  return (
    `${system} beside ${baseline}: ${measure} ${difference >= 0 ? '+' : ''}${difference.toFixed(4)}, ` +
    `better on ${count(wins)}, equal on ${count(ties)}, worse on ${count(losses)} queries, ` +
    `p = ${pValue.toFixed(4)} (paired randomisation test, ${count(evalLimits.testRounds)} rounds, seed ${seed})`
  );
}

/** The report as data; `each` has the first measure of every query. */
export function reportJson({ evaluation, ...report }: EvalReport): Readonly<Record<string, unknown>> {
  const { queries, systems, comparisons } = evaluation;
  const measure = Object.keys(systems[0]?.means ?? {})[0] ?? '';
  return {
    ...{ queries: queries.length, k: report.k, depth: report.depth, seed: report.seed },
    ...{ not_judged: report.notJudged, not_asked: report.notAsked, degraded: report.degraded },
    systems: systems.map(({ system, means }) => ({ system, ...means })),
    comparisons: comparisons.map(({ pValue, ...comparison }) => ({ ...comparison, p_value: pValue })),
    measure,
    each: queries.map((query, i) => ({
      query,
      ...Object.fromEntries(systems.map(({ system, each }) => [system, each[measure]![i]])),
    })),
  };
}

const namesShown = 5;

function leftOut(what: string, queries: readonly string[]): string[] {
  if (queries.length === 0) return [];
  const more = queries.length > namesShown ? ', ...' : '';
  return [`${count(queries.length)} ${what}: ${queries.slice(0, namesShown).join(', ')}${more}`];
}

function count(value: number): string {
  return value.toLocaleString('en');
}
