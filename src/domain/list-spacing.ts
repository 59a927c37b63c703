import type { FacetColumn, FacetColumns } from './list-item.ts';
import { isOfPolicy, type ListRule, type SourcedRule } from './rule.ts';

/**
 * One breach of a rule of the policy outweighs all that a document can have of a request's rules: 100 of them with 50
 * documents on either side. 800 rules of the policy stay within 31 bits.
 */
const policyWeight = 2 ** 14;

/** The breaches of rules of the policy among those that were counted together. */
export function policyBreaches(breaches: number): number {
  return Math.floor(breaches / policyWeight);
}

interface Spacing {
  readonly gap: number;
  /** How many rules say the same, those of the policy weighed. */
  readonly weight: number;
  /** Per item the others that share a value with it. */
  readonly sharing: readonly Uint16Array[];
}

/**
 * For every item the spacing breaches it would have on the next place: with documents placed before it and with pinned
 * ones after it, one for each rule and document; those of the policy's rules first, then those of the request's, in one
 * number. Kept up to date as places are filled and emptied again.
 */
export class SpacingTally {
  readonly breaches: Int32Array;
  /** Additions made so far: what the search has cost. */
  work = 0;
  readonly #pinnedAt: Int32Array;
  readonly #spacings: readonly Spacing[];

  constructor(rules: readonly SourcedRule<ListRule>[], columns: FacetColumns, pinnedAt: Int32Array) {
    this.#pinnedAt = pinnedAt;
    this.breaches = new Int32Array(pinnedAt.length);
    this.#spacings = spacingsOf(rules, columns);
    for (const spacing of this.#spacings) {
      for (let place = 1; place <= spacing.gap; place++) this.#count(spacing, pinnedAt[place], 1);
    }
  }

  /** The largest gap of a rule of the policy, or 0: documents placed further back breach none of them any more. */
  get policyGap(): number {
    const gaps = this.#spacings.filter(({ weight }) => policyBreaches(weight) > 0).map(({ gap }) => gap);
    return Math.max(0, ...gaps);
  }

  /** The place is filled (as `order` says), the next one is looked at. */
  advance(order: Int32Array, place: number): void {
    for (const spacing of this.#spacings) this.#step(spacing, order, place, 1);
  }

  /** Undoes the last `advance`. */
  retreat(order: Int32Array, place: number): void {
    for (const spacing of this.#spacings) this.#step(spacing, order, place, -1);
  }

  #step(spacing: Spacing, order: Int32Array, place: number, by: 1 | -1): void {
    const { gap } = spacing;
    this.#count(spacing, order[place], by);
    if (place >= gap) this.#count(spacing, order[place - gap], -by);
    this.#count(spacing, this.#pinnedAt[place + 1], -by);
    this.#count(spacing, this.#pinnedAt[place + 1 + gap], by);
  }

  #count({ weight, sharing }: Spacing, item: number | undefined, by: number): void {
    if (item === undefined || item < 0) return;
    const others = sharing[item]!;
    for (let i = 0; i < others.length; i++) this.breaches[others[i]!]! += by * weight;
    this.work += others.length;
  }
}

function spacingsOf(rules: readonly SourcedRule<ListRule>[], columns: FacetColumns): Spacing[] {
  const gaps = new Map<string, Map<number, number>>();
  for (const sourced of rules) {
    const { rule } = sourced;
    if (rule.kind !== 'spacing' || rule.gap === 0) continue;
    const own = gaps.get(rule.facet) ?? new Map<number, number>();
    const weight = isOfPolicy(sourced) ? policyWeight : 1;
    gaps.set(rule.facet, own.set(rule.gap, (own.get(rule.gap) ?? 0) + weight));
  }
  return Array.from(gaps, ([facet, own]) => {
    const sharing = sharingOf(columns.get(facet)!);
    return Array.from(own, ([gap, weight]) => ({ gap, weight, sharing }));
  }).flat();
}

function sharingOf({ values, totals }: FacetColumn): Uint16Array[] {
  const having: number[][] = totals.map(() => []);
  values.forEach((own, item) => {
    for (const value of own) having[value]!.push(item);
  });
  // The item that last took an item in: the same two may share several values.
  const takenBy = new Int32Array(values.length).fill(-1);
  return values.map((own, item) => {
    const others: number[] = [];
    takenBy[item] = item;
    for (const value of own) {
      for (const other of having[value]!) {
        if (takenBy[other] === item) continue;
        takenBy[other] = item;
        others.push(other);
      }
    }
    return Uint16Array.from(others);
  });
}
