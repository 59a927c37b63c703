import { hashApiKey, newApiKey } from '../../src/adapters/keys-file/api-key.ts';
import { KeyTable } from '../../src/adapters/keys-file/key-table.ts';
import type { KeyEntry } from '../../src/adapters/keys-file/keys-document.ts';
import { MemoryRateLimiter } from '../../src/adapters/memory/memory-rate-limiter.ts';
import type { HttpAppOptions } from '../../src/http/app.ts';

/** A key with its secret. */
export interface TestKey {
  readonly secret: string;
  readonly entry: KeyEntry;
}

/** A key for everything that no test uses up, unless told otherwise. */
export function testKey(id: string, more: Partial<KeyEntry> = {}): TestKey {
  const secret = newApiKey(id);
  const sha256 = hashApiKey(secret).toString('hex');
  return {
    secret,
    entry: { id, sha256, tenant: 'default', scopes: ['admin'], rate_per_second: 100_000, ...more },
  };
}

/** What a server needs to know these keys, and no others. */
export function withKeys(...keys: readonly TestKey[]): Pick<HttpAppOptions, 'keys'> {
  return { keys: { ring: new KeyTable(keys.map(({ entry }) => entry)), rates: new MemoryRateLimiter() } };
}

export function bearer({ secret }: TestKey): Record<string, string> {
  return { authorization: `Bearer ${secret}` };
}
