import type { FacetColumn } from './list-item.ts';
import { type QuotaRule, windowOf } from './list-window.ts';

/**
 * The counts of one quota while its window is being filled, and the breach that it cannot avoid any more.
 *
 * The bound: every document of the rest that has values is counted under one of them alone (its home, the commonest).
 * What is placed beyond the room that homes have left is a breach each; counting the other values too can only add
 * some. Exact for a facet with one value a document.
 */
export class QuotaTally {
  readonly window: number;
  /** Places of the window that no pin has. */
  readonly freePlaces: number;
  readonly #max: number;
  /** Per item the values that more than `max` items have; no other can be too frequent. */
  readonly #values: readonly (readonly number[])[];
  readonly #homes: Int32Array;
  /** Per value the documents in the window, pinned ones from the start. */
  readonly #counts: Int32Array;
  /** Per value the documents at home there that are neither placed nor pinned. */
  readonly #left: Int32Array;
  #breach = 0;
  /** How many of the rest could be placed without a breach, if homes were all that counts. */
  #room = 0;

  /** @param pinnedAt per place of the list the item pinned there, or -1 */
  constructor(rule: QuotaRule, column: FacetColumn, pinnedAt: Int32Array) {
    const { totals, values } = column;
    const window = windowOf(rule, pinnedAt.length);
    this.window = window;
    this.#max = rule.max;
    this.#values = values.map((own) => own.filter((value) => totals[value]! > rule.max));
    this.#homes = Int32Array.from(this.#values, (own) =>
      own.reduce((home, value) => (home < 0 || totals[value]! > totals[home]! ? value : home), -1),
    );
    this.#counts = new Int32Array(totals.length);
    this.#left = new Int32Array(totals.length);
    const inWindow = pinnedAt.subarray(0, window).filter((item) => item >= 0);
    this.freePlaces = window - inWindow.length;
    for (const item of inWindow) {
      for (const value of this.#values[item]!) if (++this.#counts[value]! > rule.max) this.#breach++;
    }
    const pinned = new Set(pinnedAt);
    this.#homes.forEach((home, item) => {
      if (pinned.has(item)) return;
      if (home < 0) this.#room++;
      else this.#left[home]!++;
    });
    for (let value = 0; value < totals.length; value++) this.#room += this.#roomOf(value);
  }

  /** Whether any order can break it more than another. */
  get matters(): boolean {
    return this.#homes.some((home) => home >= 0);
  }

  /** Documents over the maximum that there are or will be, with `placed` documents on places without a pin. */
  leastBreach(placed: number): number {
    return this.#breach + this.forced(placed);
  }

  /** Breaches to come that nothing can avoid. */
  forced(placed: number): number {
    return Math.max(0, this.openPlaces(placed) - this.#room);
  }

  openPlaces(placed: number): number {
    return Math.max(0, this.freePlaces - placed);
  }

  /** How many more documents may have the value. */
  allowance(value: number): number {
    return Math.max(0, this.#max - this.#counts[value]!);
  }

  add(item: number): void {
    const home = this.#homes[item]!;
    if (home < 0) this.#room--;
    for (const value of this.#values[item]!) {
      this.#room -= this.#roomOf(value);
      if (++this.#counts[value]! > this.#max) this.#breach++;
      if (value === home) this.#left[value]!--;
      this.#room += this.#roomOf(value);
    }
  }

  remove(item: number): void {
    const home = this.#homes[item]!;
    if (home < 0) this.#room++;
    for (const value of this.#values[item]!) {
      this.#room -= this.#roomOf(value);
      if (--this.#counts[value]! >= this.#max) this.#breach--;
      if (value === home) this.#left[value]!++;
      this.#room += this.#roomOf(value);
    }
  }

  #roomOf(value: number): number {
    return Math.min(this.#left[value]!, this.allowance(value));
  }
}
