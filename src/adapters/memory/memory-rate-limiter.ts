import { BurstyRateLimiter, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { limits } from '../../limits.ts';
import type { ApiKey } from '../../ports/key-ring.ts';
import type { RateLimiter } from '../../ports/rate-limiter.ts';

interface Allowance {
  readonly ratePerSecond: number;
  readonly burst: number;
  readonly limiter: Pick<RateLimiterMemory, 'consume'>;
}

/**
 * Rates counted in this process, so each replica grants them anew. A key has windows of a second (longer below one
 * request a second) that begin with a request; what does not fit there comes from its burst.
 */
export class MemoryRateLimiter implements RateLimiter {
  /** By key id, the one that was made first comes first. */
  readonly #allowances = new Map<string, Allowance>();

  async take(key: ApiKey, cost: number): Promise<number | null> {
    try {
      await this.#of(key).limiter.consume(key.keyId, cost);
      return null;
    } catch (rejection) {
      if (rejection instanceof RateLimiterRes) return rejection.msBeforeNext;
      throw rejection;
    }
  }

  costMax(key: ApiKey): number {
    return Math.max(pointsOf(key), key.burst + 1);
  }

  #of(key: ApiKey): Allowance {
    const known = this.#allowances.get(key.keyId);
    if (known?.ratePerSecond === key.ratePerSecond && known.burst === key.burst) return known;
    const made = allowanceOf(key);
    this.#allowances.set(key.keyId, made);
    if (this.#allowances.size > limits.apiKeysMax)
      this.#allowances.delete(this.#allowances.keys().next().value!);
    return made;
  }
}

function allowanceOf(key: ApiKey): Allowance {
  const { ratePerSecond, burst } = key;
  const points = pointsOf(key);
  const rate = new RateLimiterMemory({ points, duration: points / ratePerSecond });
  // An empty burst would answer with the end of its own window.
  if (burst === 0) return { ratePerSecond, burst, limiter: rate };
  const beyond = new RateLimiterMemory({ points: burst, duration: limits.keyBurstWindowMs / 1_000 });
  return { ratePerSecond, burst, limiter: new BurstyRateLimiter(rate, beyond) };
}

/** Whole requests of a window: 2.5 a second are 3 in 1.2 s, 0.1 a second is 1 in 10 s. */
function pointsOf({ ratePerSecond }: ApiKey): number {
  return Math.max(1, Math.ceil(ratePerSecond));
}
