import type { ApiKey } from './key-ring.ts';

/** Counts what each key asks for against its rate. */
export interface RateLimiter {
  /** Takes `cost` requests (>= 1) from the key's rate. null: they were there; a number: milliseconds until some are. */
  take(key: ApiKey, cost: number): Promise<number | null>;
  /** The most that a request can cost, taken as 1 and then the rest, from a key that has been quiet. */
  costMax(key: ApiKey): number;
}
