import type { SearchAnswer } from '../../client/index.ts';
import {
  contributionsText,
  coverageText,
  degradedLines,
  memberLines,
  scoreText,
  warningLines,
} from './parts.ts';

type Result = SearchAnswer['results'][number];

/** What became of the search, then the list with scores and reasons: a text that is too long is cut at its end. */
export function searchText(answer: SearchAnswer): string {
  const { results, total, cursor } = answer;
  const count = `${total.relation === 'gte' ? 'at least ' : ''}${total.value}`;
  const head =
    results.length === 0
      ? `No result; ${count} documents pass.`
      : `${results.length} results; ${count} documents pass.`;
  return [
    head,
    ...degradedLines(answer.degraded),
    ...warningLines(answer.warnings),
    `Search: ${coverageText(answer.coverage)}; ${answer.strategy}, ${answer.took_ms} ms${answer.cached ? ', from the cache' : ''}.`,
    ...(cursor === null ? [] : [`More with cursor: ${cursor}`]),
    ...results.flatMap(resultLines),
    ...facetCountLines(answer.facet_counts),
  ].join('\n');
}

function resultLines(result: Result): string[] {
  const {
    rank,
    title,
    id,
    score,
    reasons = [],
    signals,
    fields = {},
    facets = {},
    relationships = [],
  } = result;
  const sum = signals === undefined ? '' : contributionsText(signals);
  return [
    `${rank}. ${title} [${id}] ${scoreText(score)}${sum === '' ? '' : ` = ${sum}`}`,
    ...(reasons.length === 0 ? [] : [`   ${reasons.join('; ')}`]),
    ...memberLines({ ...facets, ...fields }, '   '),
    ...relationships.map(({ type, id: other, strength }) => `   ${type} ${other} ${scoreText(strength)}`),
  ];
}

function facetCountLines(counts: SearchAnswer['facet_counts'] = {}): string[] {
  return Object.entries(counts).map(
    ([facet, values]) => `${facet}: ${values.map(({ value, count }) => `${value} ${count}`).join(', ')}`,
  );
}
