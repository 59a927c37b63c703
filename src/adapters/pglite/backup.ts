import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { TriptychError } from '../../errors.ts';
import { type BackupManifest, damaged, manifestPath, readManifest } from './backup-manifest.ts';
import { copyFile, makeFolders, syncFolders, syncPath, treeOf } from './copied-tree.ts';
import { acquireDataDirLock } from './data-dir-lock.ts';
import { endRestore, engineFolders, holdsDatabase } from './data-folder.ts';

/** Somebody who watches, and may want it to end. */
export interface CopyWatch {
  /** Bytes that were copied or checked, and how many there are. */
  onBytes(done: number, total: number): void;
  readonly signal: AbortSignal;
}

export interface CopyReport {
  readonly files: number;
  readonly bytes: number;
}

export interface BackupRequest {
  readonly dataDir: string;
  /** Folder of the backup; its parent is there. */
  readonly target: string;
  /** Whether a backup that is there already is replaced. */
  readonly force: boolean;
  /** Of the program. */
  readonly version: string;
}

/**
 * Copies the database of a data folder that nobody uses, with checksums. The copy takes its name when all of it is on
 * disk: an interrupted one leaves nothing that looks like a backup.
 * @throws TriptychError data_dir_locked | not_found (no database) | invalid_settings (the target) | unavailable
 */
export async function backupDataDir(request: BackupRequest, watch: CopyWatch): Promise<CopyReport> {
  const { dataDir, target, force, version } = request;
  const { live, replaced } = engineFolders(dataDir);
  if (!(await holdsDatabase(dataDir)))
    throw new TriptychError('not_found', `there is no database in ${dataDir}`);
  checkPlace(dataDir, target);
  const lock = await acquireDataDirLock(dataDir);
  try {
    await endRestore(live, replaced);
    await clearTarget(target, force);
    return await copyDatabase(live, target, version, watch);
  } finally {
    await lock.release();
  }
}

async function copyDatabase(
  live: string,
  target: string,
  version: string,
  watch: CopyWatch,
): Promise<CopyReport> {
  const { unfinished, replaced } = besides(target);
  try {
    const { folders, files } = await treeOf(live);
    const total = await sizeOf(live, files);
    await makeFolders(unfinished, folders.map((path) => `data/${path}`).concat('data'));
    const entries: BackupManifest['files'] = [];
    const counted = counting(total, watch);
    for (const path of files) {
      const content = await copyFile(
        join(live, path),
        join(unfinished, 'data', path),
        counted.add,
        watch.signal,
      );
      entries.push({ path, ...content });
    }
    const manifest: BackupManifest = {
      format: 1,
      triptych: version,
      created_at: new Date().toISOString(),
      folders: [...folders],
      files: entries,
    };
    await writeFile(manifestPath(unfinished), `${JSON.stringify(manifest)}\n`, { mode: 0o600 });
    await syncPath(manifestPath(unfinished));
    await syncFolders(join(unfinished, 'data'), folders);
    await replace(unfinished, target, replaced);
    return { files: entries.length, bytes: counted.done() };
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Reads all of a backup and compares it with its checksums. @throws TriptychError not_found | unavailable */
export async function checkBackup(source: string, watch: CopyWatch): Promise<CopyReport> {
  return copyBackup(source, null, watch);
}

export interface RestoreRequest {
  /** Folder of the backup. */
  readonly source: string;
  readonly dataDir: string;
  /** Whether a database that is there is replaced. */
  readonly force: boolean;
}

/**
 * Puts a backup into a data folder that nobody uses, after all of it was copied and found to be what was written. What
 * was there before goes only then.
 * @throws TriptychError data_dir_locked | not_found | invalid_settings (there is a database) | unavailable (damaged)
 */
export async function restoreDataDir(request: RestoreRequest, watch: CopyWatch): Promise<CopyReport> {
  const { source, dataDir, force } = request;
  await readManifest(source);
  const { live, restored, replaced } = engineFolders(dataDir);
  const lock = await acquireDataDirLock(dataDir);
  try {
    await endRestore(live, replaced);
    if ((await exists(live)) && !force)
      throw refused('--data-dir', `${dataDir} holds a database; --force replaces it`);
    await rm(restored, { recursive: true, force: true });
    const report = await copyBackup(source, restored, watch);
    await replace(restored, live, replaced);
    return report;
  } finally {
    await rm(restored, { recursive: true, force: true });
    await lock.release();
  }
}

/** Copies what the manifest names and checks it; `target` null: checks it only. */
async function copyBackup(source: string, target: string | null, watch: CopyWatch): Promise<CopyReport> {
  const { folders, files } = await readManifest(source);
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (target !== null) await makeFolders(target, folders);
  const counted = counting(total, watch);
  for (const { path, bytes, sha256 } of files) {
    const from = join(source, 'data', path);
    const to = target === null ? null : join(target, path);
    const content = await copyFile(from, to, counted.add, watch.signal).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') throw damaged(`${path} is missing`);
      throw error;
    });
    if (content.bytes !== bytes || content.sha256 !== sha256)
      throw damaged(`${path} is not what was written`);
  }
  if (target !== null) await syncFolders(target, folders);
  return { files: files.length, bytes: counted.done() };
}

/** Adds steps up for who watches. */
function counting(total: number, watch: CopyWatch) {
  let done = 0;
  const add = (bytes: number): void => {
    done += bytes;
    watch.onBytes(done, total);
  };
  return { add, done: () => done };
}

/** What stands beside a backup while it is made or replaced. */
function besides(target: string) {
  return { unfinished: `${target}.unfinished`, replaced: `${target}.replaced` };
}

function checkPlace(dataDir: string, target: string): void {
  const inside = relative(resolve(dataDir), resolve(target));
  if (!isAbsolute(inside) && !/^\.\.(\/|\\|$)/.test(inside))
    throw refused('folder', `${target} is in the data folder; a backup belongs elsewhere`);
}

/** Ends what an earlier backup was cut off at. What is no backup is nothing of ours to delete. */
async function clearTarget(target: string, force: boolean): Promise<void> {
  const { unfinished, replaced } = besides(target);
  if (await exists(replaced)) {
    await readManifest(replaced);
    if (!(await exists(target))) await rename(replaced, target);
  }
  if (await exists(target)) {
    if (!force) throw refused('folder', `${target} is there already; --force replaces it`);
    await readManifest(target);
  }
  if (!(await exists(unfinished))) return;
  const own = ['data', basename(manifestPath(unfinished))];
  if (!(await readdir(unfinished).catch(() => [''])).every((name) => own.includes(name)))
    throw refused('folder', `${unfinished} is in the way, and no part of a backup`);
  await rm(unfinished, { recursive: true });
}

/** Gives `from` the name `to`; what had it goes. `aside` is where that is kept until then. */
async function replace(from: string, to: string, aside: string): Promise<void> {
  await rm(aside, { recursive: true, force: true });
  if (await exists(to)) await rename(to, aside);
  try {
    await rename(from, to);
  } catch (error) {
    if (await exists(aside)) await rename(aside, to);
    throw error;
  }
  await syncPath(resolve(to, '..'));
  await rm(aside, { recursive: true, force: true });
}

function refused(path: string, message: string): TriptychError {
  return new TriptychError('invalid_settings', message, { fields: [{ path, message }] });
}

async function sizeOf(folder: string, files: readonly string[]): Promise<number> {
  let total = 0;
  for (const path of files) total += (await stat(join(folder, path))).size;
  return total;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
