import { TriptychError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { migrate } from '../sql/migrate.ts';
import { SqlDocumentStore } from '../sql/sql-document-store.ts';
import { acquireDataDirLock, type DataDirLock } from './data-dir-lock.ts';
import { preparedEngineFolder } from './data-folder.ts';
import { PgliteClient } from './pglite-client.ts';

export interface PgliteOptions {
  /** Folder that holds everything, made if it is missing; null: in memory, gone at the end. */
  readonly dataDir: string | null;
  readonly clock: Clock;
}

/** The embedded truth. `close` flushes, within limits.drainMsMax, then frees the data folder for other processes. */
export class PgliteDocumentStore extends SqlDocumentStore {
  readonly #lock: DataDirLock | null;

  constructor(client: PgliteClient, clock: Clock, lock: DataDirLock | null) {
    super(client, { clock, selfVacuuming: false });
    this.#lock = lock;
  }

  /** Writes this process's address into the lock, for commands that find the folder in use. */
  async recordUrl(url: string): Promise<void> {
    await this.#lock?.recordUrl(url);
  }

  override async close(): Promise<void> {
    // Where the engine could not be ended it may still write: the folder then stays locked as long as this process.
    await super.close();
    await this.#lock?.release();
  }
}

/**
 * Takes the data folder, opens the engine (making it on first use, which takes seconds) and brings the schema up to date.
 * @throws TriptychError data_dir_locked | data_too_new | unavailable
 */
export async function openPgliteDocumentStore(options: PgliteOptions): Promise<PgliteDocumentStore> {
  const { dataDir, clock } = options;
  if (dataDir === null) return new PgliteDocumentStore(await openClient(null), clock, null);
  const lock = await acquireDataDirLock(dataDir);
  try {
    return new PgliteDocumentStore(await openClient(dataDir), clock, lock);
  } catch (error) {
    await lock.release();
    if (error instanceof TriptychError) throw error;
    throw new TriptychError('unavailable', `the data folder ${dataDir} cannot be used`, { cause: error });
  }
}

async function openClient(dataDir: string | null): Promise<PgliteClient> {
  const client = await PgliteClient.open(dataDir === null ? null : await preparedEngineFolder(dataDir));
  try {
    await migrate(client);
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}
