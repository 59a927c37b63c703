import type { SpacingTally } from './list-spacing.ts';
import type { PlaceTally } from './list-tally.ts';

/**
 * A list whose places are filled from the first to the last, and emptied again: who stands where, who is left, and what
 * the rules count so far.
 */
export class ListPlaces {
  readonly count: number;
  /** Per place the item that stands there. */
  readonly order: Int32Array;
  readonly pinnedAt: Int32Array;
  readonly tally: PlaceTally;
  readonly spacing: SpacingTally;
  /** The place that is filled next, from 0. */
  place = 0;
  /** The items left that are not pinned, in their first order: a ring through `count`, doubly linked. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  /** @param pinnedAt per place of the list the item pinned there, or -1 */
  constructor(pinnedAt: Int32Array, tally: PlaceTally, spacing: SpacingTally) {
    this.count = pinnedAt.length;
    this.pinnedAt = pinnedAt;
    this.order = new Int32Array(this.count).fill(-1);
    this.tally = tally;
    this.spacing = spacing;
    const ring = this.count + 1;
    this.#next = Int32Array.from({ length: ring }, (_, item) => (item + 1) % ring);
    this.#previous = Int32Array.from({ length: ring }, (_, item) => (item + this.count) % ring);
    for (const item of pinnedAt) if (item >= 0) this.#unlink(item);
  }

  /** Who is pinned to the next place, or -1. */
  get pinned(): number {
    return this.pinnedAt[this.place]!;
  }

  /** The first item left that is not pinned, or `count`. */
  get first(): number {
    return this.#next[this.count]!;
  }

  /** The item left after this one, or `count`. */
  after(item: number): number {
    return this.#next[item]!;
  }

  /** Puts an item left, or the pinned one, on the next place and counts it. */
  put(item: number): void {
    if (this.pinned < 0) this.tally.add(item, this.place, this.spacing.breaches[item]!);
    this.push(item);
  }

  /** Undoes the last `put`. */
  takeBack(): void {
    this.pop();
    const item = this.order[this.place]!;
    if (this.pinned < 0) this.tally.remove(item, this.place, this.spacing.breaches[item]!);
  }

  /** `put` without counting: `tally` is the caller's to keep. */
  push(item: number): void {
    if (this.pinned < 0) this.#unlink(item);
    this.order[this.place] = item;
    this.spacing.advance(this.order, this.place);
    this.place++;
  }

  /** Undoes the last push; items come back in reverse order, so the ring is what it was. */
  pop(): void {
    this.place--;
    this.spacing.retreat(this.order, this.place);
    if (this.pinned < 0) this.#relink(this.order[this.place]!);
  }

  /** Fills the rest: fewest spacing breaches first, then the first order. */
  fill(): void {
    while (this.place < this.count) this.push(this.pinned >= 0 ? this.pinned : this.#best());
  }

  #best(): number {
    const { breaches } = this.spacing;
    let best = this.first;
    for (let item = best; item < this.count && breaches[best] !== 0; item = this.after(item)) {
      if (breaches[item]! < breaches[best]!) best = item;
    }
    return best;
  }

  #unlink(item: number): void {
    this.#next[this.#previous[item]!] = this.#next[item]!;
    this.#previous[this.#next[item]!] = this.#previous[item]!;
  }

  #relink(item: number): void {
    this.#next[this.#previous[item]!] = item;
    this.#previous[this.#next[item]!] = item;
  }
}
