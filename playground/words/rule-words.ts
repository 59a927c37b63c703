import type { Rule, SourcedRule } from '../api/wire.ts';
import { listText, nameText } from './format.ts';

const boundWords = { gte: 'from', gt: 'above', lte: 'up to', lt: 'below' } as const;

/**
 * A rule as a short phrase: `no Horror`, `at most 1 per director in the first 10`. A rule out of a shared address may
 * lack members, so each is read as something that may not be there.
 */
export function ruleWords(rule: Rule): string {
  if (!Object.hasOwn(phrases, rule.kind)) return rule.kind;
  const phrase = phrases[rule.kind] as (one: Rule) => string;
  try {
    return phrase(rule);
  } catch {
    return nameText(rule.kind);
  }
}

const phrases: { readonly [Kind in Rule['kind']]: (rule: Extract<Rule, { kind: Kind }>) => string } = {
  exclude: ({ values }) => `no ${listText(values, 'or')}`,
  require: ({ any, all, missing }) =>
    `only ${any === undefined ? listText(all ?? []) : listText(any, 'or')}${kept(missing)}`,
  range: (rule) => {
    const bounds = (['gte', 'gt', 'lte', 'lt'] as const)
      .filter((name) => rule[name] !== undefined)
      .map((name) => `${boundWords[name]} ${rule[name]}`);
    return `${nameText(rule.field)} ${bounds.join(' and ')}${kept(rule.missing)}`;
  },
  idsOnly: ({ ids }) => `only ${shortIds(ids)}`,
  idsExclude: ({ ids }) => `not ${shortIds(ids)}`,
  hideSeen: () => 'nothing already seen',
  maxRating: ({ field, value, missing }) => `${nameText(field)} at most ${value}${kept(missing)}`,
  freshness: ({ field, max_age_days, missing }) =>
    `${nameText(field)} within ${max_age_days.toLocaleString('en')} days${kept(missing)}`,
  boost: ({ values, by }) => `${listText(values)} +${by}`,
  bury: ({ values, by }) => `${listText(values)} −${by}`,
  pin: ({ id, rank }) => `${id} at rank ${rank}`,
  quota: ({ facet, max, within }) => `at most ${max} per value of ${nameText(facet)} in the first ${within}`,
  minShare: ({ value, share, within }) => `${Math.round(share * 100)} % ${value} in the first ${within}`,
  spacing: ({ facet, gap }) => `${gap} others between equal ${nameText(facet)}`,
};

function kept(missing: string | undefined): string {
  return missing === 'keep' ? ', or unknown' : '';
}

function shortIds(ids: readonly string[]): string {
  return ids.length <= 2 ? listText(ids) : `${ids[0]} and ${ids.length - 1} more`;
}

const sourceWords: Readonly<Record<SourcedRule['source'], string>> = {
  tenant: 'a rule of the whole catalogue',
  context: "the context's rule",
  user: "the user's own rule",
  user_context: "the user's rule for this context",
  events: 'what the user has hidden',
  request: 'a rule of this request',
};

/** Whose rule it is: `the user's own rule`. */
export function sourceText(source: SourcedRule['source']): string {
  return sourceWords[source] ?? source;
}

/** `the context's rule “mpaa at most PG”`; hidden documents need no quotation. */
export function sourcedRuleWords(rule: SourcedRule): string {
  return rule.source === 'events'
    ? sourceText(rule.source)
    : `${sourceText(rule.source)} “${ruleWords(rule)}”`;
}
