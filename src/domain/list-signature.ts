import type { FacetCodes, FacetColumn, FacetColumns } from './list-item.ts';
import { windowOf } from './list-window.ts';
import type { ListRule } from './rule.ts';

/** What rules can tell about items. */
export interface Signatures {
  /** Per item its number, from 0. */
  readonly of: Int32Array;
  /** How many numbers there are. */
  readonly count: number;
}

/**
 * Numbers the items by what list-wise rules can tell about them, from 0: two with one number can change places and
 * nothing is counted otherwise. A value counts where some quota could be broken by it, two documents share it under a
 * spacing rule, or a minShare names it.
 */
export function signatures(
  rules: readonly ListRule[],
  columns: FacetColumns,
  codes: FacetCodes,
  count: number,
): Signatures {
  const of = new Int32Array(count);
  const numbers = new Map<string, number>();
  let turn = 0;
  for (const [facet, column] of columns) {
    turn++;
    const counts = tellingValues(rules, facet, column, codes);
    column.values.forEach((own, item) => {
      const telling = own.filter((value) => counts[value] === 1).sort((a, b) => a - b);
      if (telling.length === 0) return;
      const key = `${of[item]} ${turn} ${telling.join(' ')}`;
      const number = numbers.get(key) ?? numbers.size + 1;
      numbers.set(key, number);
      of[item] = number;
    });
  }
  return { of, count: numbers.size + 1 };
}

function tellingValues(
  rules: readonly ListRule[],
  facet: string,
  { totals, values, codes: own }: FacetColumn,
  codes: FacetCodes,
): Uint8Array {
  let least = Number.POSITIVE_INFINITY;
  const named = new Set<number>();
  for (const rule of rules) {
    if (rule.kind === 'pin' || rule.facet !== facet) continue;
    if (rule.kind === 'spacing') least = Math.min(least, rule.gap > 0 ? 2 : least);
    else if (windowOf(rule, values.length) === values.length) continue;
    else if (rule.kind === 'quota') least = Math.min(least, rule.max + 1);
    else named.add(codes.codeOf(facet, rule.value));
  }
  return Uint8Array.from(totals, (total, value) => Number(total >= least || named.has(own[value]!)));
}
