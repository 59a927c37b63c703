import { limits } from '../limits.ts';
import { type FacetCodes, type FacetColumns, facetColumn, type ListItem } from './list-item.ts';
import { ListPlaces } from './list-places.ts';
import { fillFirstPlaces } from './list-search.ts';
import { signatures } from './list-signature.ts';
import { listWarnings } from './list-warnings.ts';
import { settlePins } from './pins.ts';
import type { ListRule, SourcedRule } from './rule.ts';
import type { Warning } from './warning.ts';

export interface ListOrder {
  /** Indexes of the items in their new order. */
  readonly order: Uint32Array;
  /** Of pins first, then of the other rules; each in the order of the rules. */
  readonly warnings: readonly Warning[];
}

/**
 * Orders a ranked list by list-wise rules, which move documents and drop none.
 *
 * 1. Pins are settled (domain/pins.ts): those that hold have their places, whatever else is asked for.
 * 2. Of all orders that keep them, this is the one with
 *    a. the smallest quota breach: the sum, over quotas and values, of the documents with the value among the first
 *       min(within, n) beyond `max`; a document counts under each of its values, a pinned one like any other;
 *    b. then the smallest shortfall: the sum, over minShares, of the documents that are missing among the first
 *       W = min(within, n) to ceil(share x W);
 *    c. then the smallest sequence, compared place by place from the first, of (spacing breaches with documents placed
 *       before and with pinned documents after, position in `items`). Two documents breach a spacing where they share
 *       a value and their ranks differ by `gap` or less: one breach for each rule and pair, whatever number they share.
 *
 * That is found exactly unless the search (domain/list-search.ts) runs out of `limits.listOrderStepsMax`; then it is
 * the best order found. The same input gives the same order.
 *
 * Warnings: those of pins; and `rule_infeasible` for each quota (wanted: max, got: the largest count of a value),
 * minShare (wanted: documents asked for, got: those there) and spacing (wanted: gap, got: the fewest documents between
 * two that share a value) that the order does not keep.
 * @param items at most `limits.rankDepthMax`, in their order so far, ids without repetition
 * @param rules strongest source first
 */
export function orderList(
  items: readonly ListItem[],
  rules: readonly SourcedRule<ListRule>[],
  codes: FacetCodes,
): ListOrder {
  if (rules.length === 0) return { order: Uint32Array.from(items, (_, index) => index), warnings: [] };
  const columns = columnsOf(items, rules);
  const pins = settlePins(items, rules, codes);
  const order = orderAround(pins.pinnedAt, rules, columns, codes);
  return { order, warnings: [...pins.warnings, ...listWarnings(order, rules, columns, codes)] };
}

/** The facets that the rules name, over the list. */
export function columnsOf(items: readonly ListItem[], rules: readonly SourcedRule<ListRule>[]): FacetColumns {
  const facets = new Set(rules.flatMap(({ rule }) => (rule.kind === 'pin' ? [] : [rule.facet])));
  return new Map(Array.from(facets, (facet) => [facet, facetColumn(items, facet)]));
}

/** The order alone, with pins that are settled. */
export function orderAround(
  pinnedAt: Int32Array,
  sourced: readonly SourcedRule<ListRule>[],
  columns: FacetColumns,
  codes: FacetCodes,
): Uint32Array {
  const rules = sourced.map(({ rule }) => rule);
  const places = new ListPlaces(rules, columns, codes, pinnedAt);
  if (places.tally.depth > 0) {
    fillFirstPlaces(places, signatures(rules, columns, codes, places.count), limits.listOrderStepsMax);
  }
  places.fill();
  return Uint32Array.from(places.order);
}
