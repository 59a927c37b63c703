import type { ExplainAnswer } from '../../client/index.ts';
import {
  contributionsText,
  coverageText,
  degradedLines,
  scoreText,
  sourcedRuleText,
  valueText,
  warningLines,
} from './parts.ts';

/** What became of one document, in sentences. */
export function explainText(answer: ExplainAnswer): string {
  const { title, id, score, signals } = answer;
  const sum = contributionsText(signals);
  return [
    `${title} [${id}] ${outcomes[answer.outcome](answer)}`,
    `Score ${scoreText(score)}${sum === '' ? '' : ` = ${sum}`}.`,
    ...droppedLines(answer),
    ...pushedLines(answer),
    ...answer.adjusted_by.map(
      ({ rule, by }) =>
        `${by > 0 ? 'Boosted' : 'Buried'} by ${scoreText(Math.abs(by))}: ${sourcedRuleText(rule)}.`,
    ),
    ...(answer.sources.length === 0 ? [] : [`Brought by ${answer.sources.join(', ')}.`]),
    ...degradedLines(answer.degraded),
    ...warningLines(answer.warnings),
    `Search: ${coverageText(answer.coverage)}; ${answer.took_ms} ms.`,
  ].join('\n');
}

const outcomes: Readonly<Record<ExplainAnswer['outcome'], (answer: ExplainAnswer) => string>> = {
  ranked: ({ ranks }) =>
    ranks === null
      ? 'is in the list.'
      : `is in the list at rank ${ranks.final} (by score ${ranks.fused}, after diversity ${ranks.diverse}, after rules ${ranks.final}).`,
  dropped: () => 'is not in the list: a condition drops it.',
  seed: () => 'is not in the list: it is one of the documents that more like was asked for.',
  below_floor: ({ floor }) =>
    floor === null
      ? 'is not in the list: its score is too low, or pins took the places.'
      : `is not in the list: it would need a score of ${scoreText(floor)}, or pins took the places.`,
  not_recalled: () => 'is not in the list: its score would be enough, but no part of the search found it.',
};

function droppedLines({ dropped_by }: ExplainAnswer): string[] {
  return dropped_by.map(({ rule, value }) => {
    // A filter is a tree of conditions: no one value is what it dropped.
    if (rule === null) return "Dropped by the search's own filter.";
    return `Dropped by ${sourcedRuleText(rule)}${value === null ? '; it has no such value' : `; its value is ${valueText(value)}`}.`;
  });
}

function pushedLines({ pushed_by }: ExplainAnswer): string[] {
  return pushed_by.map(({ stage, ranks, rule }) => {
    const why = rule === null ? stage : sourcedRuleText(rule);
    return `Moved down by ${ranks} ranks: ${why}.`;
  });
}
