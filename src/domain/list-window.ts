import type { ListRule } from './rule.ts';

export type QuotaRule = Extract<ListRule, { kind: 'quota' }>;
export type MinShareRule = Extract<ListRule, { kind: 'minShare' }>;

/** How many places of a list of `count` a quota or minShare looks at. */
export function windowOf(rule: QuotaRule | MinShareRule, count: number): number {
  return Math.min(rule.within, count);
}

/** How many documents of its window a minShare asks for; 0.07 x 100 is 7.000000000000001 and means 7. */
export function shareWanted(rule: MinShareRule, count: number): number {
  return Math.ceil(rule.share * windowOf(rule, count) - 1e-9);
}
