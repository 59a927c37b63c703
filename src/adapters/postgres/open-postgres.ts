import { TriptychError } from '../../errors.ts';
import type { SqlClient } from '../sql/sql-client.ts';
import { SqlEventLog } from '../sql/sql-event-log.ts';
import { SqlPolicyStore } from '../sql/sql-policy-store.ts';
import { SqlSecretStore } from '../sql/sql-secret-store.ts';
import { SqlSyncLog } from '../sql/sql-sync-log.ts';
import { SqlTextIndex } from '../sql/sql-text-index.ts';
import { PgClient, type PgClientOptions, type PgClientParts } from './pg-client.ts';
import { PgDocumentStore } from './pg-document-store.ts';

/** The truth in a Postgres server: stores over one client, which ends when `documents` is closed. */
export interface PostgresStores {
  readonly documents: PgDocumentStore;
  readonly policies: SqlPolicyStore;
  readonly events: SqlEventLog;
  readonly secrets: SqlSecretStore;
  readonly sync: SqlSyncLog;
  /** Instead of a word index in each process; it follows through `sync`. */
  readonly words: SqlTextIndex;
  /** For what else is kept there. */
  readonly client: SqlClient;
  /** Resolves once the server was found fit, however long that takes; until then everything is `unavailable`. */
  opened(): Promise<void>;
}

/**
 * Opens the truth in a server that need not be there yet: it is looked for in the background then. What would be wrong
 * with it is refused at once where it answers. The schema is never changed here.
 * @throws TriptychError invalid_settings | data_too_new | data_too_old
 */
export async function openPostgres(options: PgClientOptions, parts: PgClientParts): Promise<PostgresStores> {
  const client = new PgClient(options, parts);
  try {
    await client.check();
  } catch (error) {
    if (!(error instanceof TriptychError) || !mayPass.has(error.code)) {
      await client.close();
      throw error;
    }
  }
  return {
    documents: new PgDocumentStore(client, parts.clock),
    policies: new SqlPolicyStore(client),
    events: new SqlEventLog(client, { selfVacuuming: true }),
    secrets: new SqlSecretStore(client),
    sync: new SqlSyncLog(client, { selfVacuuming: true }),
    words: new SqlTextIndex(client, parts.clock),
    client,
    opened: () => client.opened(),
  };
}

/** What a server that is not there yet, or not up to it now, is met with. */
const mayPass: ReadonlySet<string> = new Set([
  'unavailable',
  'deadline_exceeded',
  'overloaded',
  'store_open',
]);
