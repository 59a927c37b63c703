import { limits } from '../limits.ts';
import type { FacetCodes, ListItem } from './list-item.ts';
import { columnsOf, orderByRules } from './list-order.ts';
import type { ListRule, SourcedRule } from './rule.ts';

/** A list-wise rule that keeps a document down. */
export interface ListPush {
  readonly rule: SourcedRule<ListRule>;
  /** How many ranks higher the document would stand without it, at least 1. */
  readonly ranks: number;
  /** The document would stand higher only without all of the rules named, by `ranks`. */
  readonly together: boolean;
}

type Rules = readonly SourcedRule<ListRule>[];
/** How many ranks higher the item stands without the rules; 0 once no more orders may be looked at. */
type GainWithout = (dropped: Rules) => number;

/**
 * Which rules moved an item down, and by how many ranks: the list is ordered again without each single rule. Where none
 * of them alone explains that the item stands lower than in `items`, because each does what another would do as well,
 * rules are spared, the weakest first, as long as the item rises without the others: what remains is a set whose
 * removal together helps and of which no member can be spared.
 *
 * Looks at `limits.listExplainOrdersMax` orders at most (fewer where there are many rules: limits.listExplainWorkMax), at
 * half of them for single rules. If there are more rules, only
 * the likely ones are tried alone: first pins, quotas and spacings of a facet of which the item has a value, and
 * minShares of a value that it lacks, then the others, each the strongest source first. A set that is named because it
 * helps together can then have members that could be spared.
 * @param index of the item in `items`
 * @returns in the order of the rules; empty where rules did not move the item down
 */
export function listPushes(
  items: readonly ListItem[],
  rules: Rules,
  codes: FacetCodes,
  index: number,
): ListPush[] {
  const columns = columnsOf(items, rules);
  const rankWith = (kept: Rules) => orderByRules(items, kept, columns, codes).order.indexOf(index) + 1;
  const rank = rankWith(rules);
  const ordersMax = Math.max(
    4,
    Math.min(limits.listExplainOrdersMax, Math.floor(limits.listExplainWorkMax / Math.max(1, rules.length))),
  );
  let orders = 1;
  const gainWithout: GainWithout = (dropped) => {
    if (orders >= ordersMax) return 0;
    orders++;
    const gone = new Set(dropped);
    return rank - rankWith(rules.filter((rule) => !gone.has(rule)));
  };

  const ranksAlone = new Map<SourcedRule<ListRule>, number>();
  for (const rule of likelyFirst(items[index]!, rules, codes).slice(0, ordersMax / 2)) {
    const ranks = gainWithout([rule]);
    if (ranks > 0) ranksAlone.set(rule, ranks);
  }
  if (ranksAlone.size > 0 || rank <= index + 1) {
    return rules.flatMap((rule) => {
      const ranks = ranksAlone.get(rule);
      return ranks === undefined ? [] : [{ rule, ranks, together: false }];
    });
  }
  // Without any rule the item stands where it did, which is higher: some set of rules explains it.
  const { set, ranks } = spare(rules, rank - index - 1, gainWithout);
  return set.map((rule) => ({ rule, ranks, together: true }));
}

function likelyFirst(item: ListItem, rules: Rules, codes: FacetCodes): SourcedRule<ListRule>[] {
  const isLikely = ({ rule }: SourcedRule<ListRule>) => {
    if (rule.kind === 'pin') return true;
    const own = item.valuesOf(rule.facet).filter((value) => value >= 0);
    return rule.kind === 'minShare' ? !own.includes(codes.codeOf(rule.facet, rule.value)) : own.length > 0;
  };
  return [...rules.filter(isLikely), ...rules.filter((rule) => !isLikely(rule))];
}

/**
 * First by halves: the fewest of the strongest rules that will do need the last of them; then the fewest beside that one,
 * and so on. What was needed at one time may be spared later, so the rest goes one by one.
 * @param ranks what the item gains without all of the rules, > 0
 */
function spare(rules: Rules, ranks: number, gainWithout: GainWithout): { set: Rules; ranks: number } {
  let best = { set: rules, ranks };
  const helps = (set: Rules): boolean => {
    const gain = set.length > 0 ? gainWithout(set) : 0;
    if (gain > 0) best = { set, ranks: gain };
    return gain > 0;
  };
  let needed: Rules = [];
  for (let rest = rules; rest.length > 0 && !helps(needed); ) {
    let count = rest.length;
    for (let low = 1; low < count; ) {
      const middle = (low + count) >> 1;
      if (helps([...rest.slice(0, middle), ...needed])) count = middle;
      else low = middle + 1;
    }
    needed = [rest[count - 1]!, ...needed];
    rest = rest.slice(0, count - 1);
  }
  for (let before = Number.POSITIVE_INFINITY; best.set.length < before; ) {
    before = best.set.length;
    for (const rule of best.set.toReversed()) helps(best.set.filter((other) => other !== rule));
  }
  return best;
}
