import type { IncomingHttpHeaders } from 'node:http';
import { grants, type Scope } from '../domain/scope.ts';
import { TriptychError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { ApiKey, KeyProblem, KeyRing } from '../ports/key-ring.ts';
import type { RateLimiter } from '../ports/rate-limiter.ts';
import type { Exchange } from './exchange.ts';
import { FailedKeys } from './failed-keys.ts';

/** Who may use a route: `open`: everybody; `any`: every valid key; otherwise keys with one of the scopes. */
export type RouteScope = 'open' | 'any' | readonly [Scope, ...Scope[]];

export interface AccessParts {
  /** null: there are no keys, and everybody may do everything as `tenant`. */
  readonly keys: { readonly ring: KeyRing; readonly rates: RateLimiter } | null;
  readonly tenant: string;
  readonly clock: Clock;
}

/** Decides from the headers alone who is asking, and whether he may. */
export class Access {
  readonly #parts: AccessParts;
  readonly #failed: FailedKeys;

  constructor(parts: AccessParts) {
    this.#parts = parts;
    this.#failed = new FailedKeys(parts.clock);
  }

  /**
   * Checks the credential and its scope, takes one request from its rate, and gives the exchange its tenant.
   * @throws TriptychError unauthenticated | forbidden | rate_limited
   */
  async admit(exchange: Exchange, scope: RouteScope): Promise<void> {
    if (scope === 'open') return;
    if (this.#parts.keys === null) {
      exchange.tenant = this.#parts.tenant;
      return;
    }
    const key = this.#authenticate(exchange, this.#parts.keys.ring);
    exchange.key = key;
    if (scope !== 'any' && !grants(key.scopes, scope))
      throw new TriptychError('forbidden', `the API key needs the scope ${listed(scope)}`);
    exchange.tenant = key.tenant;
    await this.#take(key, 1, this.#parts.keys.rates);
  }

  /**
   * Takes what a request costs beyond the one that it was admitted for.
   * @throws TriptychError rate_limited; forbidden where the key can never have so much at once
   */
  async charge({ key }: Exchange, cost: number): Promise<void> {
    if (this.#parts.keys === null || key === null || cost === 0) return;
    const { rates } = this.#parts.keys;
    const max = rates.costMax(key);
    if (cost + 1 > max)
      throw new TriptychError(
        'forbidden',
        `the request counts as ${cost + 1}, and the rate of the API key allows at most ${max} at once`,
      );
    await this.#take(key, cost, rates);
  }

  #authenticate(exchange: Exchange, ring: KeyRing): ApiKey {
    const secret = secretOf(exchange.req.headers);
    const found =
      secret === null
        ? { problem: 'missing' as const }
        : ring.authenticate(secret, this.#parts.clock.epochMs());
    if (!('problem' in found)) return found;
    const waitMs = this.#failed.count(exchange.req.socket.remoteAddress ?? '');
    if (waitMs !== null)
      throw rateLimited('too many requests without a valid API key come from this address', waitMs);
    throw new TriptychError('unauthenticated', details[found.problem]);
  }

  async #take(key: ApiKey, cost: number, rates: RateLimiter): Promise<void> {
    const waitMs = await rates.take(key, cost);
    if (waitMs !== null) throw rateLimited('the API key has used up its rate', waitMs);
  }
}

const details: Readonly<Record<KeyProblem | 'missing', string>> = {
  missing: 'the request has no API key: send `Authorization: Bearer KEY` or `x-api-key: KEY`',
  unknown: 'the API key is not valid',
  expired: 'the API key has expired',
};

/** The key in the headers, or null; a header that holds something else is a key that nobody has. */
function secretOf(headers: IncomingHttpHeaders): string | null {
  const { authorization, 'x-api-key': plain } = headers;
  if (authorization !== undefined) return /^bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '';
  return typeof plain === 'string' ? plain : null;
}

function listed(scope: readonly Scope[]): string {
  return scope.map((one) => `\`${one}\``).join(' or ');
}

function rateLimited(message: string, waitMs: number): TriptychError {
  return new TriptychError('rate_limited', message, { retryAfterSeconds: waitMs / 1_000 });
}
