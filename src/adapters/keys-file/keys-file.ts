import { open } from 'node:fs/promises';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ApiKey, KeyProblem, KeyRing } from '../../ports/key-ring.ts';
import type { Logger } from '../../ports/logger.ts';
import { KeyTable } from './key-table.ts';
import { invalidKeys, type KeyEntry, parseKeysFile } from './keys-document.ts';

export interface KeysFileParts {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** @throws TriptychError invalid_settings when the file cannot be used */
export async function openKeysFile(parts: KeysFileParts): Promise<KeysFile> {
  const reading = await readKeysFile(parts.path);
  return new KeysFile(parts, reading);
}

/** What one look at the file gave. */
interface Reading {
  readonly entries: readonly KeyEntry[];
  /** Changes whenever the file does. */
  readonly stamp: string;
}

/**
 * The keys of a JSON file, read again within limits.keysReloadMs after it changes while it is watched, so that a key can
 * be added or withdrawn while the service runs. A file that cannot be used leaves the keys as they are, and is warned of
 * once.
 */
export class KeysFile implements KeyRing {
  readonly #parts: KeysFileParts;
  #table: KeyTable;
  #stamp: string;
  #cancel: () => void = () => {};
  #closed = false;

  constructor(parts: KeysFileParts, reading: Reading) {
    this.#parts = parts;
    this.#table = new KeyTable(reading.entries);
    this.#stamp = reading.stamp;
  }

  /** Looks at the file from time to time until it is closed; `onReload` gets the tenants of the new keys. */
  watch(onReload: (tenants: readonly string[]) => void): void {
    if (this.#closed) return;
    this.#cancel = this.#parts.clock.after(limits.keysReloadMs, () => {
      void this.refresh().then((changed) => {
        if (changed) onReload(this.tenants());
        this.watch(onReload);
      });
    });
  }

  authenticate(secret: string, epochMs: number): ApiKey | { readonly problem: KeyProblem } {
    return this.#table.authenticate(secret, epochMs);
  }

  tenants(): readonly string[] {
    return this.#table.tenants();
  }

  get size(): number {
    return this.#table.size;
  }

  /** Looks at the file now, and reads it if it has changed: whether there are new keys. */
  async refresh(): Promise<boolean> {
    const { path, logger } = this.#parts;
    try {
      const stamp = await stampOf(path);
      if (stamp === this.#stamp || this.#closed) return false;
      // Whatever comes of it, this state of the file is not looked at again.
      this.#stamp = stamp;
      const reading = await readKeysFile(path);
      this.#stamp = reading.stamp;
      this.#table = new KeyTable(reading.entries);
    } catch (error) {
      const fields = error instanceof TriptychError ? error.fields : [];
      logger.warn({ fields }, 'the keys file cannot be used, the keys stay as they were');
      return false;
    }
    logger.info({ keys: this.size }, 'the keys file was read again');
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }
}

/** The entries of the file. @throws TriptychError invalid_settings */
export async function readKeysFile(path: string): Promise<Reading> {
  try {
    const file = await open(path, 'r');
    try {
      const { size, mtimeNs, ino } = await file.stat({ bigint: true });
      if (size > limits.keysFileBytesMax)
        throw invalidKeys(path, [{ path: '$', message: `has more than ${limits.keysFileBytesMax} bytes` }]);
      const text = await file.readFile('utf8');
      return { entries: parseKeysFile(text, path), stamp: `${mtimeNs} ${size} ${ino}` };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof TriptychError) throw error;
    throw invalidKeys(path, [{ path: '$', message: 'cannot be read' }]);
  }
}

/** `gone` where there is no file to look at. */
async function stampOf(path: string): Promise<string> {
  const file = await open(path, 'r').catch(() => null);
  if (file === null) return 'gone';
  try {
    const { size, mtimeNs, ino } = await file.stat({ bigint: true });
    return `${mtimeNs} ${size} ${ino}`;
  } finally {
    await file.close();
  }
}
