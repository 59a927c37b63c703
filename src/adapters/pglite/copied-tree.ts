import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';

/** What a folder holds; paths are relative to it, with `/`. */
export interface Tree {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/** Everything below a folder, sorted. @throws TriptychError unavailable where that is more than folders and files */
export async function treeOf(folder: string): Promise<Tree> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  if (entries.length > limits.backupFilesMax)
    throw new TriptychError('unavailable', `${folder} holds more than ${limits.backupFilesMax} files`);
  const odd = entries.find((entry) => !entry.isFile() && !entry.isDirectory());
  if (odd !== undefined)
    throw new TriptychError(
      'unavailable',
      `${join(odd.parentPath, odd.name)} is neither a file nor a folder`,
    );
  const pathOf = (entry: (typeof entries)[number]): string =>
    relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/');
  const named = (kind: 'isFile' | 'isDirectory') =>
    entries
      .filter((entry) => entry[kind]())
      .map(pathOf)
      .sort();
  return { folders: named('isDirectory'), files: named('isFile') };
}

/** A file's content. */
export interface Content {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

const chunkBytes = 1 << 20;

/**
 * Reads a file to its end, and writes it to another one, which is on disk when this resolves.
 * @param to null: it is only read
 * @param onBytes called with the bytes of each step
 */
export async function copyFile(
  from: string,
  to: string | null,
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Content> {
  const source = await open(from, 'r');
  let target: FileHandle | null = null;
  try {
    target = to === null ? null : await open(to, 'wx', 0o600);
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(chunkBytes);
    for (let bytes = 0; ; ) {
      signal.throwIfAborted();
      const { bytesRead } = await source.read(buffer, 0, chunkBytes, bytes);
      if (bytesRead === 0) {
        await target?.sync();
        return { bytes, sha256: hash.digest('hex') };
      }
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      await target?.writeFile(chunk);
      bytes += bytesRead;
      onBytes(bytesRead);
    }
  } finally {
    await source.close();
    await target?.close();
  }
}

/** Makes the folders of a tree below `folder`. */
export async function makeFolders(folder: string, folders: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const path of folders) await mkdir(join(folder, path), { recursive: true, mode: 0o700 });
}

/** Flushes the names in a folder, and of it. */
export async function syncFolders(folder: string, folders: readonly string[]): Promise<void> {
  for (const path of [...folders.map((one) => join(folder, one)), folder, dirname(folder)])
    await syncPath(path);
}

/** Flushes one file or folder. */
export async function syncPath(path: string): Promise<void> {
  // Windows flushes neither folders nor files that are open for reading only.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
