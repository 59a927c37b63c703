import { failingRules } from '../domain/mask-program.ts';
import type { HardRule } from '../domain/rule.ts';
import { valueFor } from '../domain/rule-value.ts';
import type { DropReason } from '../domain/search-response.ts';
import type { SearchContext } from './search-context.ts';

/** Every hard rule that a document fails, and the request's filter where it fails that; none: it passes. */
export function dropReasons({ snapshot, conditions }: SearchContext, row: number): DropReason[] {
  if (conditions === null) return [];
  return failingRules(conditions.program, snapshot, row).map((index) => {
    const sourced = conditions.parts[index]!;
    if (sourced === null) return { rule: null, value: null };
    const value = valueFor(sourced.rule, snapshot, row);
    // The user's hidden documents are a rule by the hundred; the one at hand says it all.
    const rule =
      sourced.source === 'events'
        ? { ...sourced, rule: { kind: 'idsExclude' as const, ids: [snapshot.idOf(row)] } }
        : sourced;
    return { rule, value };
  });
}

/** Members of a list that are named where there is a reason for each of many documents. */
const namedMax = 10;

/** The same with lists cut short, ids and values of rules and the document's own. */
export function shortReasons(reasons: readonly DropReason[]): DropReason[] {
  return reasons.map(({ rule, value }) => ({
    rule: rule === null ? null : { ...rule, rule: withShortLists(rule.rule as HardRule) },
    value: Array.isArray(value) ? value.slice(0, namedMax) : value,
  }));
}

function withShortLists(rule: HardRule): HardRule {
  const members = Object.entries(rule).map(([name, member]) => [
    name,
    Array.isArray(member) ? member.slice(0, namedMax) : member,
  ]);
  return Object.fromEntries(members) as HardRule;
}
