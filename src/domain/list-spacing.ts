import type { FacetColumn, FacetColumns } from './list-item.ts';
import type { ListRule } from './rule.ts';

interface Spacing {
  readonly gap: number;
  /** How many rules say the same. */
  readonly weight: number;
  /** Per item the others that share a value with it. */
  readonly sharing: readonly Uint16Array[];
}

/**
 * For every item the spacing breaches it would have on the next place: with documents placed before it and with pinned
 * ones after it, one for each rule and document. Kept up to date as places are filled and emptied again.
 */
export class SpacingTally {
  readonly breaches: Int32Array;
  /** Additions made so far: what the search has cost. */
  work = 0;
  readonly #pinnedAt: Int32Array;
  readonly #spacings: readonly Spacing[];

  constructor(rules: readonly ListRule[], columns: FacetColumns, pinnedAt: Int32Array) {
    this.#pinnedAt = pinnedAt;
    this.breaches = new Int32Array(pinnedAt.length);
    this.#spacings = spacingsOf(rules, columns);
    for (const spacing of this.#spacings) {
      for (let place = 1; place <= spacing.gap; place++) this.#count(spacing, pinnedAt[place], 1);
    }
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

function spacingsOf(rules: readonly ListRule[], columns: FacetColumns): Spacing[] {
  const gaps = new Map<string, Map<number, number>>();
  for (const rule of rules) {
    if (rule.kind !== 'spacing' || rule.gap === 0) continue;
    const own = gaps.get(rule.facet) ?? new Map<number, number>();
    gaps.set(rule.facet, own.set(rule.gap, (own.get(rule.gap) ?? 0) + 1));
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
