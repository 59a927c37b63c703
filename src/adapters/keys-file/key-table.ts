import { timingSafeEqual } from 'node:crypto';
import { limits } from '../../limits.ts';
import type { ApiKey, KeyProblem, KeyRing } from '../../ports/key-ring.ts';
import { hashApiKey, idOfApiKey } from './api-key.ts';
import type { KeyEntry } from './keys-document.ts';

interface Slot {
  readonly key: ApiKey;
  readonly hash: Buffer;
  readonly expiresEpochMs: number;
}

/** Compared against where there is no key of the id; no secret has this hash that anyone could find. */
const noHash = Buffer.alloc(32);

/** The keys of one reading of the file, by id. */
export class KeyTable implements KeyRing {
  readonly #slots = new Map<string, Slot>();
  readonly #tenants: readonly string[];

  constructor(entries: readonly KeyEntry[]) {
    for (const entry of entries) this.#slots.set(entry.id, slotOf(entry));
    this.#tenants = [...new Set(entries.map(({ tenant }) => tenant))];
  }

  authenticate(secret: string, epochMs: number): ApiKey | { readonly problem: KeyProblem } {
    const id = idOfApiKey(secret);
    if (id === null) return { problem: 'unknown' };
    const slot = this.#slots.get(id);
    const same = timingSafeEqual(hashApiKey(secret), slot?.hash ?? noHash);
    if (slot === undefined || !same) return { problem: 'unknown' };
    return epochMs < slot.expiresEpochMs ? slot.key : { problem: 'expired' };
  }

  tenants(): readonly string[] {
    return this.#tenants;
  }

  get size(): number {
    return this.#slots.size;
  }
}

function slotOf(entry: KeyEntry): Slot {
  const ratePerSecond = entry.rate_per_second ?? limits.keyRatePerSecondDefault;
  return {
    key: Object.freeze({
      keyId: entry.id,
      tenant: entry.tenant,
      scopes: entry.scopes,
      ratePerSecond,
      burst: entry.burst ?? Math.ceil(ratePerSecond),
    }),
    hash: Buffer.from(entry.sha256, 'hex'),
    expiresEpochMs: entry.expires == null ? Number.POSITIVE_INFINITY : Date.parse(entry.expires),
  };
}
