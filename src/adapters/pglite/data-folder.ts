import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TriptychError } from '../../errors.ts';
import { PgliteClient } from './pglite-client.ts';

/**
 * Folder of the engine's files below the data folder, made on first use. The engine fills a folder beside it, which
 * takes its name when everything is on disk: an interrupted first start leaves nothing that looks like a database.
 * @throws TriptychError unavailable
 */
export async function preparedEngineFolder(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'pglite');
  if (await exists(join(folder, 'PG_VERSION'))) return folder;
  if ((await entries(folder)).length > 0)
    throw new TriptychError('unavailable', `${folder} holds something else than a database`);
  const unfinished = join(dataDir, 'pglite.unfinished');
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  // A worker of its own: the memory that the creation needs (hundreds of MB) goes with it.
  const client = await PgliteClient.open(unfinished);
  await client.close();
  await syncTree(unfinished);
  await rename(unfinished, folder);
  await sync(dataDir);
  return folder;
}

/** Flushes every file and folder below `folder`; its depth is the engine's own. */
async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile() || entry.isDirectory()) await sync(join(entry.parentPath, entry.name));
  await sync(folder);
}

async function sync(path: string): Promise<void> {
  // Windows flushes neither folders nor files that are open for reading only.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
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
