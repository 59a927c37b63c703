import type { FacetCodes, ListItem } from './list-item.ts';
import { columnsOf, orderAround } from './list-order.ts';
import { settlePins } from './pins.ts';
import type { ListRule, SourcedRule } from './rule.ts';

/** A list-wise rule that keeps a document down. */
export interface ListPush {
  readonly rule: SourcedRule<ListRule>;
  /** How many ranks higher the document would stand without it, at least 1. */
  readonly ranks: number;
  /** The document would stand higher only without all of the rules named, by `ranks`. */
  readonly together: boolean;
}

/**
 * Which rules moved an item down, and by how many ranks: the list is ordered again without each single rule. Where none
 * of them alone explains that the item stands lower than in `items`, because each does what another would do as well,
 * rules are spared, from the weakest on and until none can be, as long as the item rises without the others: what
 * remains is a set whose removal together helps and of which no member can be spared.
 * Costs an ordering for each rule, a few for each where rules act together.
 * @param index of the item in `items`
 * @returns in the order of the rules; empty where rules did not move the item down
 */
export function listPushes(
  items: readonly ListItem[],
  rules: readonly SourcedRule<ListRule>[],
  codes: FacetCodes,
  index: number,
): ListPush[] {
  const columns = columnsOf(items, rules);
  const rankWith = (kept: readonly SourcedRule<ListRule>[]) =>
    orderAround(settlePins(items, kept, codes).pinnedAt, kept, columns, codes).indexOf(index) + 1;
  const rank = rankWith(rules);
  const gainWithout = (dropped: readonly SourcedRule<ListRule>[]) =>
    rank - rankWith(rules.filter((rule) => !dropped.includes(rule)));

  const alone = rules.flatMap((rule) => {
    const ranks = gainWithout([rule]);
    return ranks > 0 ? [{ rule, ranks, together: false }] : [];
  });
  if (alone.length > 0 || rank <= index + 1) return alone;

  // Without any rule the item stands where it did, which is higher: some set of rules explains it.
  let together = rules;
  for (let before = rules.length + 1; together.length < before; ) {
    before = together.length;
    for (const rule of together.toReversed()) {
      const fewer = together.filter((other) => other !== rule);
      if (gainWithout(fewer) > 0) together = fewer;
    }
  }
  const ranks = gainWithout(together);
  return together.map((rule) => ({ rule, ranks, together: true }));
}
