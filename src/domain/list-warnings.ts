import type { FacetCodes, FacetColumn, FacetColumns } from './list-item.ts';
import { type MinShareRule, type QuotaRule, shareWanted, windowOf } from './list-window.ts';
import type { ListRule, SourcedRule } from './rule.ts';
import type { Warning } from './warning.ts';

type SpacingRule = Extract<ListRule, { kind: 'spacing' }>;
/** What a rule wanted and did not get. */
type Miss = Required<Pick<Warning, 'message' | 'wanted' | 'got'>>;

/** `rule_infeasible` for each quota, minShare and spacing that the order does not keep. */
export function listWarnings(
  order: Uint32Array,
  rules: readonly SourcedRule<ListRule>[],
  columns: FacetColumns,
  codes: FacetCodes,
): Warning[] {
  return rules.flatMap((sourced) => {
    const { rule } = sourced;
    if (rule.kind === 'pin') return [];
    const column = columns.get(rule.facet)!;
    let miss: Miss | null;
    if (rule.kind === 'quota') miss = quotaMiss(order, rule, column, codes);
    else if (rule.kind === 'minShare') miss = shareMiss(order, rule, column, codes);
    else miss = spacingMiss(order, rule, column, codes);
    return miss === null ? [] : [{ code: 'rule_infeasible' as const, ...miss, rule: sourced }];
  });
}

function quotaMiss(
  order: Uint32Array,
  rule: QuotaRule,
  { values, totals, codes: own }: FacetColumn,
  codes: FacetCodes,
): Miss | null {
  const counts = new Int32Array(totals.length);
  const window = windowOf(rule, order.length);
  for (const item of order.subarray(0, window)) for (const value of values[item]!) counts[value]!++;
  const got = counts.reduce((most, count) => Math.max(most, count), 0);
  if (got <= rule.max) return null;
  const name = codes.valueOf(own[counts.indexOf(got)]!);
  const message = `${got} of the first ${window} have ${name} (${rule.facet}), ${rule.max} are allowed`;
  return { message, wanted: rule.max, got };
}

function shareMiss(
  order: Uint32Array,
  rule: MinShareRule,
  { values, codes: own }: FacetColumn,
  codes: FacetCodes,
): Miss | null {
  const wanted = shareWanted(rule, order.length);
  const window = windowOf(rule, order.length);
  const value = own.indexOf(codes.codeOf(rule.facet, rule.value));
  const got = order.subarray(0, window).filter((item) => values[item]!.includes(value)).length;
  if (got >= wanted) return null;
  const message = `${got} of the first ${window} have ${rule.value} (${rule.facet}), ${wanted} are asked for`;
  return { message, wanted, got };
}

function spacingMiss(
  order: Uint32Array,
  rule: SpacingRule,
  { values, totals, codes: own }: FacetColumn,
  codes: FacetCodes,
): Miss | null {
  const lastRanks = new Int32Array(totals.length).fill(-1);
  let got = Number.POSITIVE_INFINITY;
  let closest = -1;
  order.forEach((item, rank) => {
    for (const value of values[item]!) {
      const between = rank - lastRanks[value]! - 1;
      if (lastRanks[value]! >= 0 && between < got) {
        got = between;
        closest = value;
      }
      lastRanks[value] = rank;
    }
  });
  if (got >= rule.gap) return null;
  const name = codes.valueOf(own[closest]!);
  const message = `two with ${name} (${rule.facet}) have ${got} documents between them, ${rule.gap} are asked for`;
  return { message, wanted: rule.gap, got };
}
