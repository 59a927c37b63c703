import type { SearchAnswer } from '../../client/index.ts';
import { bar, cut, type Style, shown } from '../style.ts';
import { coverageLines, pathText, signalLines, warningLines } from './part-lines.ts';

type Result = SearchAnswer['results'][number];

const barColumns = 20;

/** An answer in lines for people: what was found, why, and what was left out. */
export function answerLines(answer: SearchAnswer, style: Style): string[] {
  const { results, facet_counts: counts = {}, cursor } = answer;
  const best = Math.max(...results.map(({ score }) => score), 0);
  return [
    ...results.flatMap((result) => resultLines(result, best, style)),
    ...Object.entries(counts).map(([facet, values]) =>
      cut(
        shown(`${facet}: ${values.map(({ value, count }) => `${value} ${count}`).join(', ')}`),
        style.columns,
      ),
    ),
    style.dim(summary(answer)),
    ...warningLines(answer.warnings, style),
    ...(answer.degraded ? [style.colour('degraded: a part was missing or late', 'yellow')] : []),
    ...coverageLines(answer, style),
    ...planLines(answer, style),
    ...(cursor === null || results.length === 0 ? [] : [style.dim(`more: --cursor ${cursor}`)]),
  ];
}

function resultLines(result: Result, best: number, style: Style): string[] {
  const { rank, score, title, id, reasons = [], fields, facets, ranks, path } = result;
  const inset = ' '.repeat(4);
  const line = `${style.colour(bar(best === 0 ? 0 : score / best, barColumns), 'cyan')}  ${style.bold(shown(title))}`;
  const more = [
    ...(reasons.length === 0 ? [] : [reasons.join(', ')]),
    ...(fields === undefined ? [] : [pairs(fields)]),
    ...(facets === undefined ? [] : [pairs(facets)]),
  ];
  return [
    `${String(rank).padStart(3)} ${score.toFixed(3).padStart(6)} ${line}  ${style.dim(id)}`,
    ...more.map((text) => style.dim(cut(`${inset}${shown(text)}`, style.columns))),
    // The ranks come with what --explain asks for.
    ...(ranks === undefined ? [] : signalLines(result.signals ?? {}, style)),
    ...(ranks === undefined ? [] : [style.dim(`${inset}${ranksText(ranks)}`)]),
    ...(path === undefined || path.length === 0 ? [] : [style.dim(`${inset}${pathText(path)}`)]),
  ];
}

function ranksText({ fused, diverse, final }: NonNullable<Result['ranks']>): string {
  return `rank ${fused} by score, ${diverse} after diversity, ${final} after rules`;
}

function pairs(members: Readonly<Record<string, unknown>>): string {
  return Object.entries(members)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(', ') : String(value)}`)
    .join('; ');
}

function summary({ results, total, strategy, backend, cached, took_ms: tookMs }: SearchAnswer): string {
  const of = `${total.relation === 'gte' ? 'at least ' : ''}${total.value.toLocaleString('en')}`;
  const how = cached ? 'from the cache' : `${strategy}, ${backend}`;
  return `${results.length} of ${of}; ${how}, ${tookMs.toFixed(1)} ms`;
}

/** What was planned, with --explain. */
function planLines({ plan, timings = {} }: SearchAnswer, style: Style): string[] {
  if (plan === undefined) return [];
  const { predicate, rejected } = plan;
  const stages = Object.entries(timings).map(([stage, ms]) => `${stage} ${ms.toFixed(1)}`);
  return [
    ...(predicate === null ? [] : [`passing: ${predicate.passing} of ${predicate.of} documents`]),
    ...(stages.length === 0 ? [] : [`ms: ${stages.join(', ')}`]),
    ...rejected.map(({ strategy, reason }) => `not ${strategy}: ${reason}`),
  ].map((line) => style.dim(cut(line, style.columns)));
}
