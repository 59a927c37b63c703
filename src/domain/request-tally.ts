import { policyBreaches } from './list-spacing.ts';
import type { ListTally, PlaceTally } from './list-tally.ts';

/**
 * What a request's quotas and minShares count in the room that the policy's rules leave them: ways to go on that cost
 * the policy more than an order by its rules alone are not allowed.
 */
export class RequestTally implements PlaceTally {
  readonly depth: number;
  readonly size: number;
  readonly memory: number;
  readonly #policy: ListTally;
  readonly #request: ListTally;
  readonly #most: number;
  /** Breaches of the policy's spacings on the places without a pin so far, and how many there may be. */
  #breaches = 0;
  #breachesMax = Number.POSITIVE_INFINITY;

  /**
   * @param most the value of `policy` that an order may have
   * @param policyGap the largest gap of the policy's spacings
   */
  constructor(policy: ListTally, request: ListTally, most: number, policyGap: number) {
    this.depth = Math.max(policy.depth, request.depth);
    this.size = policy.size + request.size;
    this.memory = policyGap;
    this.#policy = policy;
    this.#request = request;
    this.#most = most;
  }

  /** From now on no order may breach the policy's spacings more often than the one that stands there. */
  capBreaches(): void {
    this.#breachesMax = this.#breaches;
  }

  /** Of the request's rules alone. */
  least(): number {
    const allowed = this.#breaches <= this.#breachesMax && this.#policy.least() <= this.#most;
    return allowed ? this.#request.least() : Number.POSITIVE_INFINITY;
  }

  settled(place: number): number {
    return this.#request.settled(place);
  }

  state(place: number): string {
    return `${this.#policy.settled(place)} ${this.#breaches}`;
  }

  add(item: number, place: number, breaches: number): void {
    this.#breaches += policyBreaches(breaches);
    this.#policy.add(item, place);
    this.#request.add(item, place);
  }

  remove(item: number, place: number, breaches: number): void {
    this.#breaches -= policyBreaches(breaches);
    this.#policy.remove(item, place);
    this.#request.remove(item, place);
  }
}
