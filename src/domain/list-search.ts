import type { ListPlaces } from './list-places.ts';
import type { Signatures } from './list-signature.ts';
import type { PlaceTally } from './list-tally.ts';

/** Neighbour counts (domain/list-spacing.ts) that weigh as much as one step. */
const workPerStep = 256;
/** Quotas and minShares that weigh as much as one step. */
const rulesPerStep = 4;
/** The greedy order is worth so many times the steps of the search. */
const greedyShare = 4;
/** Items that each place looks at once the greedy order has used up its steps. */
const hurriedItems = 8;

/** An order that is there to begin with. */
export interface KnownOrder {
  /** The items of the first places. */
  readonly first: Int32Array;
  readonly value: number;
}

/**
 * Fills the places that quotas and minShares depend on: the smallest quota breach, then the smallest shortfall (as
 * `places.tally` has them in one value), then the smallest sequence of (spacing breaches, position). Leaves the order
 * in `places`, with the place after it next.
 *
 * First greedy: each place goes to the first item in the order (spacing breaches, position) that leaves the lower bound
 * of breach and shortfall where it was before the first place. An order that reaches that bound is the best there is:
 * none is below the bound, every order that attains it passes the same test on each place, so by induction none has a
 * smaller sequence. Where no item passes, the bound has to give way, and the greedy order is only the one to beat.
 *
 * Then branch and bound, in the same order of items, so the first complete order of a value has the smallest sequence
 * of that value; from then on only a smaller value counts. Of items that rules cannot tell apart the first is tried.
 * What the rest can still cost depends on which items are placed, not on their order (but for `PlaceTally.memory`): so
 * what has been searched with the same items placed, and no more cost in the windows already passed, is not searched
 * again.
 * @param same what rules cannot tell apart
 * @param stepsMax trials of an item on a place, weighed by what they cost, after which the search stops and the best
 *   order found so far holds
 * @param known takes the part of the greedy order where that is worse, or comes to a place that nothing may take
 */
export function fillFirstPlaces(
  places: ListPlaces,
  same: Signatures,
  stepsMax: number,
  known: KnownOrder | null = null,
): void {
  const floor = places.tally.least();
  const reached = fillGreedily(places, same, stepsMax * greedyShare);
  if (reached === floor) return;
  const greedy = { first: places.order.slice(0, places.tally.depth), value: reached };
  const search = new OrderSearch(
    places,
    same,
    known !== null && known.value < reached ? known : greedy,
    stepsMax,
  );
  while (places.place > 0) places.takeBack();
  search.run(floor);
  for (const item of search.best) places.put(item);
}

/** @returns the value, infinite if it came to a place that nothing may take */
function fillGreedily(places: ListPlaces, same: Signatures, stepsMax: number): number {
  const { tally } = places;
  const greed: Greed = {
    bound: tally.least(),
    steps: stepsMax,
    triedAt: new Int32Array(same.count).fill(-1),
  };
  while (places.place < tally.depth) {
    const item = places.pinned >= 0 ? places.pinned : firstWithin(places, same, greed);
    if (item < 0) return Number.POSITIVE_INFINITY;
    places.put(item);
    greed.bound = Math.max(greed.bound, tally.least());
  }
  return greed.bound;
}

interface Greed {
  bound: number;
  steps: number;
  /** Per signature the last place for which it was tried. */
  readonly triedAt: Int32Array;
}

/**
 * The first item by (spacing breaches, position) that keeps the bound; if there is none, that raises it least; -1 if
 * none is allowed. Without
 * steps left it looks at the first few by position only, so the order may not be the best of its value any more.
 */
function firstWithin(places: ListPlaces, same: Signatures, greed: Greed): number {
  const { tally, place } = places;
  const { breaches } = places.spacing;
  const { bound, triedAt } = greed;
  let hurry = greed.steps > 0 ? Number.POSITIVE_INFINITY : hurriedItems;
  let best = -1;
  let bestValue = Number.POSITIVE_INFINITY;
  for (let item = places.first; item < places.count && hurry > 0; item = places.after(item)) {
    // Nothing that this item could have to offer beats what is found.
    if (bestValue === bound && breaches[item]! >= breaches[best]!) continue;
    if (triedAt[same.of[item]!] === place) continue;
    triedAt[same.of[item]!] = place;
    tally.add(item, place, breaches[item]!);
    const value = Math.max(bound, tally.least());
    tally.remove(item, place, breaches[item]!);
    greed.steps -= stepWeight(tally);
    hurry--;
    if (value < bestValue || (value === bestValue && breaches[item]! < breaches[best]!)) {
      best = item;
      bestValue = value;
    }
    if (bestValue === bound && breaches[best] === 0) break;
  }
  return best;
}

function stepWeight(tally: PlaceTally): number {
  return 1 + Math.floor(tally.size / rulesPerStep);
}

class OrderSearch {
  /** The items of the first places in the best order so far. */
  best: Int32Array;
  readonly #places: ListPlaces;
  readonly #same: Int32Array;
  readonly #kinds: number;
  readonly #depth: number;
  /** Per kind how many are placed; a plain array, as a key is made of it on every place. */
  readonly #placed: number[];
  /** Per place and kind whether it was tried there. */
  readonly #tried: Uint8Array;
  /** By what was placed, the least that windows already passed had cost when everything after it was searched. */
  readonly #searched = new Map<string, number>();
  readonly #stepWeight: number;
  #value: number;
  /** The order known before has no claim to the smallest sequence: another of its value, found first, takes its place. */
  #known = true;
  #floor = 0;
  #steps: number;
  #workSeen: number;

  constructor(places: ListPlaces, { of, count }: Signatures, known: KnownOrder, stepsMax: number) {
    this.#places = places;
    this.#same = of;
    this.#kinds = count;
    this.#depth = places.tally.depth;
    this.best = known.first;
    this.#value = known.value;
    this.#placed = new Array<number>(count).fill(0);
    this.#tried = new Uint8Array(this.#depth * count);
    this.#steps = stepsMax;
    this.#stepWeight = stepWeight(places.tally);
    this.#workSeen = places.spacing.work;
  }

  /** @param floor the search ends where an order of this value is found */
  run(floor: number): void {
    this.#floor = floor;
    this.#descend();
  }

  #descend(): void {
    const places = this.#places;
    if (places.place === this.#depth) {
      this.best = places.order.slice(0, this.#depth);
      this.#value = places.tally.least();
      this.#known = false;
    } else if (places.pinned >= 0) {
      places.push(places.pinned);
      this.#descend();
      places.pop();
    } else {
      const key = this.#key();
      const settled = places.tally.settled(places.place);
      if (settled >= (this.#searched.get(key) ?? Number.POSITIVE_INFINITY)) return;
      this.#branch();
      this.#searched.set(key, settled);
    }
  }

  #key(): string {
    const { order, place, tally } = this.#places;
    const placed = String.fromCharCode.apply(null, this.#placed);
    if (tally.memory === 0) return placed + tally.state(place);
    const last = order.subarray(Math.max(0, place - tally.memory), place);
    return `${placed}${tally.state(place)} ${last.map((item) => this.#same[item]!).join(' ')}`;
  }

  /** Tries the items left on the next place, those with the fewest spacing breaches first. */
  #branch(): void {
    const places = this.#places;
    const { breaches } = places.spacing;
    const tried = this.#tried.subarray(places.place * this.#kinds, (places.place + 1) * this.#kinds);
    tried.fill(0);
    for (let level = this.#nextLevel(tried, -1); level >= 0; level = this.#nextLevel(tried, level)) {
      for (let item = places.first; item < places.count; item = places.after(item)) {
        if (breaches[item] !== level || tried[this.#same[item]!] === 1) continue;
        tried[this.#same[item]!] = 1;
        this.#try(item);
        if (this.#done) return;
      }
    }
  }

  /** The fewest spacing breaches above `level` among the items left that were not tried, or -1. */
  #nextLevel(tried: Uint8Array, level: number): number {
    const { breaches } = this.#places.spacing;
    let next = -1;
    for (let item = this.#places.first; item < this.#places.count; item = this.#places.after(item)) {
      const own = breaches[item]!;
      if (own > level && (next < 0 || own < next) && tried[this.#same[item]!] === 0) next = own;
    }
    return next;
  }

  #try(item: number): void {
    const places = this.#places;
    const { tally, place, spacing } = places;
    this.#steps -= this.#stepWeight + (spacing.work - this.#workSeen) / workPerStep;
    this.#workSeen = spacing.work;
    const kind = this.#same[item]!;
    const breaches = spacing.breaches[item]!;
    tally.add(item, place, breaches);
    const value = tally.least();
    if (value < this.#value || (this.#known && value === this.#value)) {
      this.#placed[kind]!++;
      places.push(item);
      this.#descend();
      places.pop();
      this.#placed[kind]!--;
    }
    tally.remove(item, place, breaches);
  }

  get #done(): boolean {
    return this.#steps <= 0 || (!this.#known && this.#value === this.#floor);
  }
}
