import { randomUUID } from 'node:crypto';
import { chmod, rename, rm, stat, writeFile } from 'node:fs/promises';
import { TriptychError } from '../../errors.ts';
import { hashApiKey, newApiKey } from './api-key.ts';
import { invalidKeys, type KeyEntry, keyEntrySchema } from './keys-document.ts';
import { readKeysFile } from './keys-file.ts';

/** An entry of the file before it has a key. */
export type KeyRequest = Omit<KeyEntry, 'sha256'>;

/**
 * A new key: the secret, which exists nowhere else, and the entry for the file.
 * @throws TriptychError invalid_settings; paths are members of the entry
 */
export function makeKey(request: unknown): { readonly secret: string; readonly entry: KeyEntry } {
  const parsed = keyEntrySchema.omit({ sha256: true }).safeParse(request);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path, message }) => ({
      path: String(path[0] ?? '$'),
      message,
    }));
    throw new TriptychError('invalid_settings', 'The key cannot be made', { fields });
  }
  const { id, ...rest } = parsed.data;
  const secret = newApiKey(id);
  return { secret, entry: { id, sha256: hashApiKey(secret).toString('hex'), ...rest } };
}

/**
 * Adds an entry to the file, which is made, readable for its owner only, if it is not there. The file is replaced as a
 * whole, so a service that reads it sees the old keys or the new ones.
 * @throws TriptychError invalid_settings if the file or the entry's id cannot be used
 */
export async function addKey(path: string, entry: KeyEntry): Promise<void> {
  const before = await stat(path).catch(() => null);
  const entries = before === null ? [] : (await readKeysFile(path)).entries;
  if (entries.some(({ id }) => id === entry.id))
    throw invalidKeys(path, [{ path: 'id', message: `there is a key "${entry.id}" already` }]);
  const text = `${JSON.stringify({ keys: [...entries, entry] }, null, 2)}\n`;
  const beside = `${path}.${randomUUID()}`;
  try {
    await writeFile(beside, text, { mode: 0o600, flag: 'wx' });
    if (before !== null) await chmod(beside, before.mode & 0o777);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw new TriptychError('invalid_settings', `The keys file ${path} cannot be written`, { cause: error });
  }
}
