import { limits } from '../limits.ts';
import type { FacetCodes, FacetColumns } from './list-item.ts';
import { ListPlaces } from './list-places.ts';
import { fillFirstPlaces, type KnownOrder } from './list-search.ts';
import { signatures } from './list-signature.ts';
import { SpacingTally } from './list-spacing.ts';
import { breachOf, ListTally, type OtherQuotas } from './list-tally.ts';
import { RequestTally } from './request-tally.ts';
import { isOfPolicy, type ListRule, type SourcedRule } from './rule.ts';

type Rules = readonly SourcedRule<ListRule>[];

interface LayerOrder {
  readonly order: Int32Array;
  /** Breach and shortfall (domain/list-tally.ts) of the order, and the bound that there was before the first place. */
  readonly value: number;
  readonly floor: number;
}

/**
 * Orders one list by rules other than pins: by those of the policy, then by those of the request in the room that the
 * former leave. Where only one of the two has rules, that is one search; otherwise two, and none where the order by the
 * policy's rules happens to suit the request's.
 */
export class ListLayers {
  readonly #policy: Rules;
  readonly #request: Rules;
  readonly #columns: FacetColumns;
  readonly #codes: FacetCodes;
  /** The orders by the policy's rules around pins so far. */
  readonly #byPolicy = new Map<string, LayerOrder>();

  constructor(rules: Rules, columns: FacetColumns, codes: FacetCodes) {
    const counted = rules.filter(({ rule }) => rule.kind !== 'pin');
    this.#policy = counted.filter(isOfPolicy);
    this.#request = counted.filter((rule) => !isOfPolicy(rule));
    this.#columns = columns;
    this.#codes = codes;
  }

  /**
   * What the best order around the pins costs the policy's quotas and minShares, in one number.
   * @param most what is known to cost more is infinite
   */
  policyCost(pinnedAt: Int32Array, most: number): number {
    const tally = this.#tallyOf(this.#policy, pinnedAt);
    if (tally.size === 0) return 0;
    return tally.least() > most ? Number.POSITIVE_INFINITY : this.#orderByPolicy(pinnedAt).value;
  }

  /** The order around pins that are settled. */
  order(pinnedAt: Int32Array): Int32Array {
    if (this.#policy.length === 0) return this.#orderBy(this.#request, pinnedAt).order;
    const own = this.#orderByPolicy(pinnedAt);
    return this.#request.length === 0 ? own.order : this.#orderByBoth(pinnedAt, own);
  }

  #orderByPolicy(pinnedAt: Int32Array): LayerOrder {
    const key = pinnedAt.join();
    const found = this.#byPolicy.get(key) ?? this.#orderBy(this.#policy, pinnedAt);
    this.#byPolicy.set(key, found);
    return found;
  }

  #orderBy(rules: Rules, pinnedAt: Int32Array): LayerOrder {
    const tally = this.#tallyOf(rules, pinnedAt);
    const places = new ListPlaces(pinnedAt, tally, new SpacingTally(rules, this.#columns, pinnedAt));
    const floor = tally.least();
    this.#fill(places, rules, null);
    return { order: places.order, value: tally.least(), floor };
  }

  #orderByBoth(pinnedAt: Int32Array, own: LayerOrder): Int32Array {
    const rules = [...this.#policy, ...this.#request];
    const policy = this.#tallyOf(this.#policy, pinnedAt);
    const slack = breachOf(own.value) - breachOf(own.floor);
    const request = this.#tallyOf(this.#request, pinnedAt, { quotas: policy.quotas, slack });
    const spacing = new SpacingTally(rules, this.#columns, pinnedAt);
    const tally = new RequestTally(policy, request, own.value, spacing.policyGap);
    const places = new ListPlaces(pinnedAt, tally, spacing);
    const floor = tally.least();
    for (const item of own.order.subarray(0, tally.depth)) places.put(item);
    tally.capBreaches();
    const known = { first: own.order.slice(0, tally.depth), value: tally.least() };
    // Without spacings of its own the request could only want a smaller value.
    if (known.value === floor && this.#request.every(({ rule }) => rule.kind !== 'spacing')) return own.order;
    while (places.place > 0) places.takeBack();
    this.#fill(places, rules, known);
    return places.order;
  }

  #fill(places: ListPlaces, rules: Rules, known: KnownOrder | null): void {
    if (places.tally.depth > 0) {
      const plain = rules.map(({ rule }) => rule);
      const same = signatures(plain, this.#columns, this.#codes, places.count);
      fillFirstPlaces(places, same, limits.listOrderStepsMax, known);
    }
    places.fill();
  }

  #tallyOf(rules: Rules, pinnedAt: Int32Array, others?: OtherQuotas): ListTally {
    const plain = rules.map(({ rule }) => rule);
    return new ListTally(plain, this.#columns, this.#codes, pinnedAt, others);
  }
}
