import type { FacetCodes, FacetColumns } from './list-item.ts';
import { QuotaTally } from './list-quota.ts';
import { type Share, type ShareCap, ShareTally } from './list-share.ts';
import { type MinShareRule, shareWanted, windowOf } from './list-window.ts';
import type { ListRule } from './rule.ts';

/** One document over a quota's maximum outweighs any shortfall of minShares: 900 rules of 300 places stay below this. */
const breachWeight = 2 ** 20;

interface FacetQuota {
  readonly facet: string;
  readonly tally: QuotaTally;
}

/** Quotas that are counted elsewhere and that the order keeps as far as they allow, but for so many documents. */
export interface OtherQuotas {
  readonly quotas: readonly FacetQuota[];
  readonly slack: number;
}

/** What the search for an order (domain/list-search.ts) has counted while it fills the first places. */
export interface PlaceTally {
  /** How many of the first places the count depends on. */
  readonly depth: number;
  /** How many rules are counted. */
  readonly size: number;
  /** Who stands on so many of the last places tells on what the rest can cost, beside who is placed at all. */
  readonly memory: number;
  /** A lower bound of every way to go on, exact once `depth` places are filled; infinite where no way is allowed. */
  least(): number;
  /** The part of `least` that nothing can change which is placed from that place on. */
  settled(place: number): number;
  /** Whatever else was counted so far and tells on what the rest can cost. */
  state(place: number): string;
  /**
   * Puts an item that is not pinned on a place, from 0.
   * @param breaches what the item has on that place (domain/list-spacing.ts)
   */
  add(item: number, place: number, breaches: number): void;
  /** Undoes the last `add`. */
  remove(item: number, place: number, breaches: number): void;
}

/** The quota breach in a number that `ListTally.least` gave. */
export function breachOf(least: number): number {
  return Math.floor(least / breachWeight);
}

/**
 * Everything that is counted while the first places of a list are being filled: quotas and minShares whose window ends
 * before the list does (what looks at the whole list is the same in any order).
 */
export class ListTally implements PlaceTally {
  readonly depth: number;
  readonly size: number;
  readonly memory = 0;
  readonly quotas: readonly FacetQuota[];
  readonly #quotas: readonly QuotaTally[];
  readonly #shares: readonly ShareTally[];
  #placed = 0;

  /**
   * @param pinnedAt per place of the list the item pinned there, or -1
   * @param others quotas that keep the minShares from what they ask for, without being counted
   */
  constructor(
    rules: readonly ListRule[],
    columns: FacetColumns,
    codes: FacetCodes,
    pinnedAt: Int32Array,
    others: OtherQuotas = { quotas: [], slack: 0 },
  ) {
    const quotas: FacetQuota[] = [];
    const caps = (facet: string, value: number): ShareCap[] => [
      ...capsOf(quotas, facet, value, 0),
      ...capsOf(others.quotas, facet, value, others.slack),
    ];
    const byWindow = new Map<number, Share[]>();
    for (const rule of rules) {
      if (rule.kind !== 'quota' || windowOf(rule, pinnedAt.length) === pinnedAt.length) continue;
      const tally = new QuotaTally(rule, columns.get(rule.facet)!, pinnedAt);
      if (tally.matters) quotas.push({ facet: rule.facet, tally });
    }
    for (const rule of rules) {
      if (rule.kind !== 'minShare' || windowOf(rule, pinnedAt.length) === pinnedAt.length) continue;
      const share = shareOf(rule, columns, codes, caps);
      if (share !== null) byWindow.set(rule.within, [...(byWindow.get(rule.within) ?? []), share]);
    }
    this.quotas = quotas;
    this.#quotas = quotas.map(({ tally }) => tally);
    this.#shares = Array.from(byWindow, ([window, shares]) => new ShareTally(shares, window, pinnedAt));
    const windows = [...this.#quotas, ...this.#shares].map(({ window }) => window);
    this.depth = Math.max(0, ...windows);
    this.size = windows.length;
  }

  /**
   * A lower bound of (quota breach, then minShare shortfall), in one number, of every way to go on; once `depth` places
   * are filled it is what the order has.
   */
  least(): number {
    let breach = 0;
    let shortfall = 0;
    for (const quota of this.#quotas) breach += quota.leastBreach(this.#placed);
    for (const shares of this.#shares) shortfall += shares.leastShortfall(this.#placed);
    return breach * breachWeight + shortfall;
  }

  /** The part of `least` that windows have which end at or before the place. */
  settled(place: number): number {
    let breach = 0;
    let shortfall = 0;
    for (const quota of this.#quotas) if (quota.window <= place) breach += quota.leastBreach(this.#placed);
    for (const shares of this.#shares) {
      if (shares.window <= place) shortfall += shares.leastShortfall(this.#placed);
    }
    return breach * breachWeight + shortfall;
  }

  state(): string {
    return '';
  }

  add(item: number, place: number): void {
    this.#placed++;
    for (const quota of this.#quotas) if (place < quota.window) quota.add(item);
    for (const shares of this.#shares) if (place < shares.window) shares.add(item);
  }

  remove(item: number, place: number): void {
    this.#placed--;
    for (const quota of this.#quotas) if (place < quota.window) quota.remove(item);
    for (const shares of this.#shares) if (place < shares.window) shares.remove(item);
  }
}

function shareOf(
  rule: MinShareRule,
  columns: FacetColumns,
  codes: FacetCodes,
  capsOn: (facet: string, value: number) => readonly ShareCap[],
): Share | null {
  const column = columns.get(rule.facet)!;
  const value = column.codes.indexOf(codes.codeOf(rule.facet, rule.value));
  const wanted = shareWanted(rule, column.values.length);
  if (value < 0 || wanted === 0) return null;
  const has = Uint8Array.from(column.values, (own) => Number(own.includes(value)));
  return { has, wanted, caps: capsOn(rule.facet, value) };
}

function capsOf(quotas: readonly FacetQuota[], facet: string, value: number, slack: number): ShareCap[] {
  return quotas.flatMap((quota) => (quota.facet === facet ? [{ quota: quota.tally, value, slack }] : []));
}
