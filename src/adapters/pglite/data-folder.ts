import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TriptychError } from '../../errors.ts';
import { syncFolders, syncPath, treeOf } from './copied-tree.ts';
import { PgliteClient } from './pglite-client.ts';

/** Where the engine's files are below the data folder, and what stands beside them while they are made or replaced. */
export function engineFolders(dataDir: string) {
  const named = (name: string): string => join(dataDir, name);
  return {
    live: named('pglite'),
    unfinished: named('pglite.unfinished'),
    /** Of a restore: what it has copied so far, and what it replaces. */
    restored: named('pglite.restored'),
    replaced: named('pglite.replaced'),
  };
}

/**
 * Folder of the engine's files below the data folder, made on first use. The engine fills a folder beside it, which
 * takes its name when everything is on disk: an interrupted first start leaves nothing that looks like a database.
 * @throws TriptychError unavailable
 */
export async function preparedEngineFolder(dataDir: string): Promise<string> {
  const { live: folder, unfinished, restored, replaced } = engineFolders(dataDir);
  await endRestore(folder, replaced);
  await rm(restored, { recursive: true, force: true });
  if (await exists(join(folder, 'PG_VERSION'))) return folder;
  if ((await entries(folder)).length > 0)
    throw new TriptychError('unavailable', `${folder} holds something else than a database`);
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  // A worker of its own: the memory that the creation needs (hundreds of MB) goes with it.
  const client = await PgliteClient.open(unfinished);
  await client.close();
  await syncTree(unfinished);
  await rename(unfinished, folder);
  await syncPath(dataDir);
  return folder;
}

/** Whether there is a database in the data folder, also where a restore was cut off that was to replace it. */
export async function holdsDatabase(dataDir: string): Promise<boolean> {
  const { live, replaced } = engineFolders(dataDir);
  return (await exists(join(live, 'PG_VERSION'))) || exists(join(replaced, 'PG_VERSION'));
}

/** A restore that was cut off left what it was to replace: without a new one that is still the database. */
export async function endRestore(folder: string, replaced: string): Promise<void> {
  if (!(await exists(replaced))) return;
  if (await exists(folder)) await rm(replaced, { recursive: true, force: true });
  else await rename(replaced, folder);
}

/** Flushes every file and folder below `folder`. */
async function syncTree(folder: string): Promise<void> {
  const { folders, files } = await treeOf(folder);
  for (const path of files) await syncPath(join(folder, path));
  await syncFolders(folder, folders);
}

/** Names in a folder; none where there is no folder. */
async function entries(folder: string): Promise<string[]> {
  return (await exists(folder)) ? readdir(folder) : [];
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
