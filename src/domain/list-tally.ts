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

/**
 * Everything that is counted while the first places of a list are being filled: quotas and minShares whose window ends
 * before the list does (what looks at the whole list is the same in any order).
 */
export class ListTally {
  /** How many of the first places any of them depends on. */
  readonly depth: number;
  /** How many of them there are. */
  readonly size: number;
  readonly #quotas: readonly QuotaTally[];
  readonly #shares: readonly ShareTally[];
  #placed = 0;

  constructor(rules: readonly ListRule[], columns: FacetColumns, codes: FacetCodes, pinnedAt: Int32Array) {
    const quotas: FacetQuota[] = [];
    const byWindow = new Map<number, Share[]>();
    for (const rule of rules) {
      if (rule.kind !== 'quota' || windowOf(rule, pinnedAt.length) === pinnedAt.length) continue;
      const tally = new QuotaTally(rule, columns.get(rule.facet)!, pinnedAt);
      if (tally.matters) quotas.push({ facet: rule.facet, tally });
    }
    for (const rule of rules) {
      if (rule.kind !== 'minShare' || windowOf(rule, pinnedAt.length) === pinnedAt.length) continue;
      const share = shareOf(rule, columns, codes, quotas);
      if (share !== null) byWindow.set(rule.within, [...(byWindow.get(rule.within) ?? []), share]);
    }
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

  /** The part of `least` that windows have which end at or before the place: what is placed from there on cannot change it. */
  settled(place: number): number {
    let breach = 0;
    let shortfall = 0;
    for (const quota of this.#quotas) if (quota.window <= place) breach += quota.leastBreach(this.#placed);
    for (const shares of this.#shares) {
      if (shares.window <= place) shortfall += shares.leastShortfall(this.#placed);
    }
    return breach * breachWeight + shortfall;
  }

  /** Puts an item that is not pinned on a place, from 0. */
  add(item: number, place: number): void {
    this.#placed++;
    for (const quota of this.#quotas) if (place < quota.window) quota.add(item);
    for (const shares of this.#shares) if (place < shares.window) shares.add(item);
  }

  /** Undoes the last `add`. */
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
  quotas: readonly FacetQuota[],
): Share | null {
  const column = columns.get(rule.facet)!;
  const value = column.codes.indexOf(codes.codeOf(rule.facet, rule.value));
  const wanted = shareWanted(rule, column.values.length);
  if (value < 0 || wanted === 0) return null;
  const caps: ShareCap[] = quotas.flatMap(({ facet, tally }) =>
    facet === rule.facet ? [{ quota: tally, value }] : [],
  );
  return { has: Uint8Array.from(column.values, (own) => Number(own.includes(value))), wanted, caps };
}
