import { indexes } from '../std/mapped.ts';
import { type FacetCodes, type FacetColumns, facetColumn, type ListItem } from './list-item.ts';
import { ListLayers } from './list-layers.ts';
import { listWarnings } from './list-warnings.ts';
import { type SettledPins, settlePins } from './pins.ts';
import type { ListRule, SourcedRule } from './rule.ts';
import type { Warning } from './warning.ts';

export interface ListOrder {
  /** Indexes of the items in their new order. */
  readonly order: Uint32Array;
  /** Of pins first, then of the other rules; each in the order of the rules. */
  readonly warnings: readonly Warning[];
}

/**
 * Orders a ranked list by list-wise rules, which move documents and drop none. Rules are the policy's (of the tenant, a
 * context, a user) or the request's; a request can add rules and takes nothing from the policy's.
 *
 * 1. Pins are settled (domain/pins.ts): those that hold have their places, whatever else is asked for.
 * 2. Of all orders that keep them, the order by the policy's rules is the one with
 *    a. the smallest quota breach: the sum, over quotas and values, of the documents with the value among the first
 *       min(within, n) beyond `max`; a document counts under each of its values, a pinned one like any other;
 *    b. then the smallest shortfall: the sum, over minShares, of the documents that are missing among the first
 *       W = min(within, n) to ceil(share x W);
 *    c. then the smallest sequence, compared place by place from the first, of (spacing breaches with documents placed
 *       before and with pinned documents after, position in `items`). Two documents breach a spacing where they share
 *       a value and their ranks differ by `gap` or less: one breach for each rule and pair, whatever number they share.
 * 3. If the request has rules other than pins, then of all orders that keep the pins, that have the breach (a) and the
 *    shortfall (b) of the order by the policy's rules and no more spacing breaches (c) of the policy's rules than it on
 *    the places without a pin among the first D, this is the one with the smallest breach, then the smallest shortfall
 *    of the request's rules, then the smallest sequence of (spacing breaches of the policy's rules, of the request's,
 *    position). D is the largest window, smaller than the list, of a quota that some value of the list could break or
 *    of a minShare that asks for a value of the list; 0 without one.
 *
 * That is found exactly unless the search (domain/list-search.ts) runs out of `limits.listOrderStepsMax`, for 2 or for
 * 3; then it is the best order found, which for 3 can be the order by the policy's rules. Exact or not, the policy's
 * (breach, shortfall) is never larger than without the request's rules, pins included, and its spacing breaches on the
 * first D places are never more than around the same pins without the request's other rules. From there on other
 * documents may be left, so there can be more; a spacing of the request then decides only between documents with equally
 * many breaches of the policy's on the place. The same input gives the same order.
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
  if (rules.length === 0) return { order: indexes(items.length), warnings: [] };
  const columns = columnsOf(items, rules);
  const { order, pins } = orderByRules(items, rules, columns, codes);
  return { order, warnings: [...pins.warnings, ...listWarnings(order, rules, columns, codes)] };
}

/** The facets that the rules name, over the list. */
export function columnsOf(items: readonly ListItem[], rules: readonly SourcedRule<ListRule>[]): FacetColumns {
  const facets = new Set(rules.flatMap(({ rule }) => (rule.kind === 'pin' ? [] : [rule.facet])));
  return new Map(Array.from(facets, (facet) => [facet, facetColumn(items, facet)]));
}

/** The order without the warnings of rules other than pins. */
export function orderByRules(
  items: readonly ListItem[],
  rules: readonly SourcedRule<ListRule>[],
  columns: FacetColumns,
  codes: FacetCodes,
): { order: Uint32Array; pins: SettledPins } {
  const layers = new ListLayers(rules, columns, codes);
  const pins = settlePins(items, rules, codes, layers);
  return { order: Uint32Array.from(layers.order(pins.pinnedAt)), pins };
}
