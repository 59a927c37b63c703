import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SecretStore } from '../../src/ports/secret-store.ts';

export interface SecretStoreSubject {
  readonly secrets: SecretStore;
  close(): Promise<void>;
}

/** What every SecretStore must do. */
export function secretStoreContract(name: string, open: () => Promise<SecretStoreSubject>): void {
  describe(`SecretStore: ${name}`, () => {
    let subject: SecretStoreSubject;
    beforeAll(async () => {
      subject = await open();
    }, 120_000);
    afterAll(() => subject.close());

    it('gives the same 32 bytes to all who ask, also at once', async () => {
      const keys = await Promise.all(Array.from({ length: 5 }, () => subject.secrets.signingKey()));
      keys.push(await subject.secrets.signingKey());
      expect(keys[0]).toHaveLength(32);
      for (const key of keys) expect([...key]).toEqual([...keys[0]!]);
      expect(new Set(keys[0]).size).toBeGreaterThan(8);
    });

    it('is not changed by what a caller does to its copy', async () => {
      const key = await subject.secrets.signingKey();
      const before = [...key];
      key.fill(0);
      expect([...(await subject.secrets.signingKey())]).toEqual(before);
    });
  });
}
