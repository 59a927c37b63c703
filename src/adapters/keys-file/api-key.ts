import { createHash, randomBytes } from 'node:crypto';
import { limits } from '../../limits.ts';

/** Ids have no underscore, so that a key can be taken apart again: `tp_ID_SECRET`, SECRET being base64url of 32 bytes. */
export const keyIdPattern = new RegExp(`^[A-Za-z0-9][A-Za-z0-9-]{0,${limits.nameCharsMax - 1}}$`);
export const keyIdRule = `must be a letter or digit, then at most ${limits.nameCharsMax - 1} letters, digits or "-"`;

const keyPattern = /^tp_([A-Za-z0-9-]+)_[\w-]{43}$/;

/** A new key of this id. It is random and never stored: who loses it needs another one. */
export function newApiKey(id: string): string {
  return `tp_${id}_${randomBytes(32).toString('base64url')}`;
}

/** SHA-256 of the whole key. A key holds 256 random bits, so nothing slower is needed to keep it secret. */
export function hashApiKey(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** The id in a key, or null where it has no key's form. */
export function idOfApiKey(secret: string): string | null {
  if (secret.length > limits.apiKeyCharsMax) return null;
  return keyPattern.exec(secret)?.[1] ?? null;
}
