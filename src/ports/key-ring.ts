import type { Scope } from '../domain/scope.ts';

/** A key that was recognised: who is asking, and for how much. */
export interface ApiKey {
  /** Name of the key; no secret. */
  readonly keyId: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  /** Requests a second. */
  readonly ratePerSecond: number;
  /** Requests beyond the rate, within limits.keyBurstWindowMs. */
  readonly burst: number;
}

/** Why a secret opens nothing. */
export type KeyProblem = 'unknown' | 'expired';

/** The API keys that are valid; only hashes of them are known. */
export interface KeyRing {
  /** `epochMs`: wall clock, milliseconds since 1970. How long it takes tells nothing of how much of a secret is right. */
  authenticate(secret: string, epochMs: number): ApiKey | { readonly problem: KeyProblem };
  /** Every tenant that a key names, each once, in the order of the keys. */
  tenants(): readonly string[];
}
