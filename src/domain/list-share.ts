import type { QuotaTally } from './list-quota.ts';

/** A quota on the facet of a minShare, which may allow less of the value than the minShare asks for. */
export interface ShareCap {
  readonly quota: QuotaTally;
  readonly value: number;
  /** Documents that the quota may have over the maximum beyond its least breach. */
  readonly slack: number;
}

/** A minShare as counted: which items have its value, how many are wanted. */
export interface Share {
  readonly has: Uint8Array;
  readonly wanted: number;
  readonly caps: readonly ShareCap[];
}

/**
 * The counts of all minShares with one window while it is being filled, and the shortfall that they cannot avoid any
 * more if every quota gets by with its least breach and what slack it has. Each place serves at most as many of them as
 * some document of the rest has values for.
 */
export class ShareTally {
  readonly window: number;
  readonly freePlaces: number;
  readonly #shares: readonly Share[];
  /** Per share the documents in the window, and those that are neither placed nor pinned. */
  readonly #counts: Int32Array;
  readonly #left: Int32Array;
  /** Per item how many of the shares it serves; per such number how many items of the rest. */
  readonly #serves: Uint16Array;
  readonly #servers: Int32Array;

  constructor(shares: readonly Share[], window: number, pinnedAt: Int32Array) {
    this.window = window;
    this.#shares = shares;
    this.#counts = new Int32Array(shares.length);
    this.#left = new Int32Array(shares.length);
    this.#servers = new Int32Array(shares.length + 1);
    const inWindow = pinnedAt.subarray(0, window).filter((item) => item >= 0);
    this.freePlaces = window - inWindow.length;
    const pinned = new Set(pinnedAt);
    this.#serves = new Uint16Array(pinnedAt.length);
    shares.forEach(({ has }, share) => {
      for (const item of inWindow) this.#counts[share]! += has[item]!;
      has.forEach((flag, item) => {
        this.#serves[item]! += flag;
        if (!pinned.has(item)) this.#left[share]! += flag;
      });
    });
    this.#serves.forEach((serves, item) => {
      if (!pinned.has(item)) this.#servers[serves]!++;
    });
  }

  /** Documents that are or will be missing, with `placed` documents on places without a pin. */
  leastShortfall(placed: number): number {
    const open = Math.max(0, this.freePlaces - placed);
    let shortfall = 0;
    let reachable = 0;
    for (let share = 0; share < this.#shares.length; share++) {
      const { wanted, caps } = this.#shares[share]!;
      const need = wanted - this.#counts[share]!;
      if (need <= 0) continue;
      let reach = Math.min(need, open, this.#left[share]!);
      for (const { quota, value, slack } of caps) {
        const later = Math.max(0, open - quota.openPlaces(placed));
        reach = Math.min(reach, quota.forced(placed) + slack + quota.allowance(value) + later);
      }
      shortfall += need - reach;
      reachable += reach;
    }
    return shortfall + Math.max(0, reachable - this.#capacity(open));
  }

  add(item: number): void {
    this.#move(item, 1);
  }

  remove(item: number): void {
    this.#move(item, -1);
  }

  #move(item: number, by: 1 | -1): void {
    this.#servers[this.#serves[item]!]! -= by;
    if (this.#serves[item] === 0) return;
    for (let share = 0; share < this.#shares.length; share++) {
      if (this.#shares[share]!.has[item] === 0) continue;
      this.#counts[share]! += by;
      this.#left[share]! -= by;
    }
  }

  /** How many wants `open` documents of the rest can serve at most. */
  #capacity(open: number): number {
    let places = open;
    let capacity = 0;
    for (let serves = this.#shares.length; serves > 0 && places > 0; serves--) {
      const documents = Math.min(places, this.#servers[serves]!);
      capacity += documents * serves;
      places -= documents;
    }
    return capacity;
  }
}
