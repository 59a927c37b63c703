import type { PolicyAnswer, SearchAnswer } from '../../client/index.ts';
import type { WireSourcedRule } from '../../wire/rule.ts';

type Result = SearchAnswer['results'][number];

export function scoreText(score: number): string {
  return score.toFixed(3);
}

/** `similarity 0.250 + lexical 0.125 - rules 0.100`: contributions, largest first; they sum to the score. */
export function contributionsText(signals: NonNullable<Result['signals']>): string {
  const terms = Object.entries(signals)
    .flatMap(([name, signal]) => (signal === undefined ? [] : [{ name, by: signal.contribution }]))
    .filter(({ by }) => Math.abs(by) >= 0.0005)
    .sort((a, b) => Math.abs(b.by) - Math.abs(a.by));
  return terms
    .map(({ name, by }, i) => {
      const sign = by < 0 ? '- ' : i > 0 ? '+ ' : '';
      return `${sign}${name} ${scoreText(Math.abs(by))}`;
    })
    .join(' ');
}

/** What became of each part of a search, in one line. */
export function coverageText(coverage: SearchAnswer['coverage']): string {
  const parts = Object.entries(coverage).flatMap(([part, leg]) => {
    if (leg === undefined) return [];
    const details = [
      ...(leg.reason === undefined ? [] : [leg.reason]),
      ...(leg.candidates > 0 ? [`${leg.candidates} candidates`] : []),
    ];
    return [`${part} ${leg.state}${details.length === 0 ? '' : ` (${details.join(', ')})`}`];
  });
  return parts.join(', ');
}

export function warningLines(warnings: SearchAnswer['warnings']): string[] {
  return warnings.map(({ code, message }) => `Warning ${code}: ${message}`);
}

/** Of an answer that parts are missing from. */
export function degradedLines(degraded: boolean): string[] {
  return degraded ? ['Degraded: not every part of the search answered; the list may lack documents.'] : [];
}

const origins: Readonly<Record<WireSourcedRule['source'], string>> = {
  tenant: 'the tenant',
  context: 'the context',
  user: 'the user',
  user_context: 'the user in this context',
  events: 'what the user has hidden',
  request: 'the search itself',
};

/** `quota (facet directors, max 1, within 5) of the user` */
export function sourcedRuleText({ source, index: _index, ...rule }: WireSourcedRule): string {
  return `${ruleText(rule)} of ${origins[source]}`;
}

export function ruleText({
  kind,
  ...members
}: {
  readonly kind: string;
  readonly [name: string]: unknown;
}): string {
  const shown = Object.entries(members)
    .filter(([name, value]) => value !== undefined && !(name === 'missing' && value === 'drop'))
    .map(([name, value]) => `${name} ${valueText(value)}`);
  return shown.length === 0 ? kind : `${kind} (${shown.join(', ')})`;
}

export function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(valueText).join(' or ');
  return value === null ? 'none' : String(value);
}

/** `genres: Drama, Comedy` lines of facets or fields, each behind `indent`. */
export function memberLines(members: Readonly<Record<string, unknown>>, indent: string): string[] {
  return Object.entries(members).map(
    ([name, value]) => `${indent}${name}: ${Array.isArray(value) ? value.join(', ') : String(value)}`,
  );
}

/** `genres: Comedy 0.8, Horror -1` */
export function preferenceLines(preferences: PolicyAnswer['preferences'], indent: string): string[] {
  return Object.entries(preferences).map(([facet, values]) => {
    const shown = Object.entries(values).map(([value, weight]) => `${value} ${Number(weight.toFixed(3))}`);
    return `${indent}${facet}: ${shown.join(', ')}`;
  });
}
