import { TriptychError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { migrate } from '../sql/migrate.ts';
import { SqlEventLog } from '../sql/sql-event-log.ts';
import { SqlPolicyStore } from '../sql/sql-policy-store.ts';
import { SqlSecretStore } from '../sql/sql-secret-store.ts';
import { SqlSyncLog } from '../sql/sql-sync-log.ts';
import { acquireDataDirLock, type DataDirLock } from './data-dir-lock.ts';
import { preparedEngineFolder } from './data-folder.ts';
import { PgliteClient } from './pglite-client.ts';
import { PgliteDocumentStore } from './pglite-document-store.ts';

export interface PgliteOptions {
  /** Folder that holds everything, made if it is missing; null: in memory, gone at the end. */
  readonly dataDir: string | null;
  readonly clock: Clock;
}

/** The embedded truth: stores over one engine, which ends when `documents` is closed. */
export interface PgliteStores {
  readonly documents: PgliteDocumentStore;
  readonly policies: SqlPolicyStore;
  readonly events: SqlEventLog;
  readonly secrets: SqlSecretStore;
  readonly sync: SqlSyncLog;
}

/**
 * Takes the data folder, opens the engine (making it on first use, which takes seconds) and brings the schema up to date.
 * @throws TriptychError data_dir_locked | data_too_new | unavailable
 */
export async function openPglite(options: PgliteOptions): Promise<PgliteStores> {
  const { dataDir, clock } = options;
  if (dataDir === null) return storesOver(await openClient(null), clock, null);
  const lock = await acquireDataDirLock(dataDir);
  try {
    return storesOver(await openClient(dataDir), clock, lock);
  } catch (error) {
    await lock.release();
    if (error instanceof TriptychError) throw error;
    throw new TriptychError('unavailable', `the data folder ${dataDir} cannot be used`, { cause: error });
  }
}

function storesOver(client: PgliteClient, clock: Clock, lock: DataDirLock | null): PgliteStores {
  return {
    documents: new PgliteDocumentStore(client, clock, lock),
    policies: new SqlPolicyStore(client),
    events: new SqlEventLog(client, { selfVacuuming: false }),
    secrets: new SqlSecretStore(client),
    sync: new SqlSyncLog(client, { selfVacuuming: false }),
  };
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
