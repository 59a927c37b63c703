import type { ExplainAnswer } from '../../client/index.ts';
import { type Style, shown } from '../style.ts';
import { coverageLines, pathText, signalLines, warningLines } from './part-lines.ts';

const outcomes: Readonly<Record<ExplainAnswer['outcome'], string>> = {
  ranked: 'is in the list',
  dropped: 'is left out by a rule or the filter',
  seed: 'is one of those that more was asked of',
  below_floor: 'scores too low for the list',
  not_recalled: 'was found by no leg, and would be in the list',
};

/** Why a document is where it is, or is not there, in lines for people. */
export function whyLines(answer: ExplainAnswer, style: Style): string[] {
  const { title, id, outcome, ranks, score, floor, path } = answer;
  const at = ranks === null ? '' : `, at rank ${ranks.final}`;
  const needed = floor === null ? '' : `; the list asks for ${floor.toFixed(3)}`;
  return [
    `${style.bold(shown(title))}  ${style.dim(id)}`,
    `${outcomes[outcome]}${at}; score ${score.toFixed(3)}${needed}`,
    ...answer.dropped_by.map(({ rule, value }) => {
      // A filter is a tree of conditions: no one value is what it dropped.
      const by = rule === null ? 'the filter' : `${ruleText(rule)}; its value: ${shown(valueText(value))}`;
      return style.colour(`dropped by ${by}`, 'red');
    }),
    ...answer.pushed_by.map(({ stage, ranks: down, rule }) => {
      const by = rule === null ? stage : ruleText(rule);
      return `${down} rank${down === 1 ? '' : 's'} lower by ${by}`;
    }),
    ...answer.adjusted_by.map(({ rule, by }) => `${by > 0 ? 'raised' : 'lowered'} by ${ruleText(rule)}`),
    ...signalLines(answer.signals, style),
    ...(path === null || path.length === 0 ? [] : [style.dim(pathText(path))]),
    ...warningLines(answer.warnings, style),
    ...coverageLines(answer, style),
  ];
}

/** A rule as it was written, and whose it is. */
function ruleText({
  source,
  index,
  ...rule
}: NonNullable<ExplainAnswer['dropped_by'][number]['rule']>): string {
  return `${JSON.stringify(rule)} (${source}, number ${index + 1})`;
}

function valueText(value: ExplainAnswer['dropped_by'][number]['value']): string {
  if (value === null) return 'none';
  return Array.isArray(value) ? value.join(', ') : String(value);
}
