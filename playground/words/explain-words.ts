import type { Explanation } from '../api/wire.ts';
import { countText, listText, scoreText, valueText } from './format.ts';
import { sourcedRuleWords } from './rule-words.ts';

/** What became of a document, as a headline and the sentences behind it. */
export interface OutcomeWords {
  readonly headline: string;
  /** How it is shown: it is there, it is missing, it is there but lower than it could be. */
  readonly tone: 'there' | 'missing' | 'lowered';
  readonly sentences: readonly string[];
}

/** An answer of `POST /v1/explain` in words. */
export function explainWords(why: Explanation): OutcomeWords {
  const sentences = [
    ...drops(why),
    ...scoreAgainstFloor(why),
    ...pushes(why),
    ...adjustments(why),
    ...recall(why),
  ];
  if (why.degraded) sentences.push('Not every part answered in time, so this may be different next time.');
  return { headline: headline(why), tone: toneOf(why), sentences };
}

function toneOf({ outcome, pushed_by }: Explanation): OutcomeWords['tone'] {
  if (outcome !== 'ranked') return 'missing';
  return pushed_by.length > 0 ? 'lowered' : 'there';
}

function headline({ outcome, title, ranks, score, floor }: Explanation): string {
  switch (outcome) {
    case 'ranked':
      return `${title} is in the list, at rank ${ranks?.final ?? '?'}.`;
    case 'dropped':
      return `${title} was dropped.`;
    case 'seed':
      return `${title} is one of the documents that more is wanted of, so it is left out.`;
    case 'below_floor':
      return floor !== null && score < floor
        ? `${title} scores too low for this list.`
        : `${title} was pushed off the end of the list.`;
    case 'not_recalled':
      return `${title} scores enough, but nothing found it.`;
  }
}

function drops({ dropped_by }: Explanation): string[] {
  return dropped_by.map(({ rule, value }) => {
    // A filter is a tree of conditions: no one value is what it dropped.
    if (rule === null) return 'Dropped by the filter of this search.';
    const by = sourcedRuleWords(rule);
    if (rule.source === 'events' || rule.kind === 'hideSeen' || rule.kind === 'idsExclude')
      return `Dropped by ${by}.`;
    return `Dropped by ${by}: its value is ${valueText(value)}.`;
  });
}

function scoreAgainstFloor({ outcome, score, floor }: Explanation): string[] {
  if (outcome === 'ranked' || outcome === 'seed') return [`Its score is ${scoreText(score)}.`];
  if (floor === null) return [`Its score would be ${scoreText(score)}, and the list has room.`];
  const enough = score >= floor ? 'which would be enough' : `${scoreText(floor - score)} too little`;
  return [`Its score is ${scoreText(score)}; the list asks for ${scoreText(floor)}, ${enough}.`];
}

function pushes({ pushed_by, ranks }: Explanation): string[] {
  const from = ranks === null ? [] : [`By score alone it would be at rank ${ranks.fused}.`];
  const steps = pushed_by.map(({ stage, ranks: by, rule }) => {
    const what = rule === null ? (stage === 'diversity' ? 'diversity' : 'rules') : sourcedRuleWords(rule);
    return `Pushed down ${countText(by, 'rank')} by ${what}.`;
  });
  return ranks !== null && (steps.length > 0 || ranks.fused !== ranks.final) ? [...from, ...steps] : steps;
}

function adjustments({ adjusted_by }: Explanation): string[] {
  return adjusted_by.map(
    ({ rule, by }) =>
      `${by > 0 ? 'Raised' : 'Lowered'} by ${scoreText(Math.abs(by))} through ${sourcedRuleWords(rule)}.`,
  );
}

const legWords = { vector: 'meaning', lexical: 'words', graph: 'the graph', policy: 'the rules' } as const;

function recall({ outcome, in_window, sources }: Explanation): string[] {
  if (outcome === 'dropped' || outcome === 'seed') return [];
  if (!in_window || sources.length === 0) return ['No leg brought it among its candidates.'];
  return [`Found by ${listText(sources.map((source) => legWords[source]))}.`];
}
