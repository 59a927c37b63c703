import type { SqlClient } from '../../src/adapters/sql/sql-client.ts';
import { SqlDocumentStore } from '../../src/adapters/sql/sql-document-store.ts';
import { SqlSyncLog } from '../../src/adapters/sql/sql-sync-log.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { SyncSubject } from '../contract/sync-log-subject.ts';

const passed = `now() - $1::double precision * interval '1 millisecond'`;
const moved = (column: string): string => `${column} = ${column} - (now() - (${passed}))`;

/** The sync log over a migrated database of its own; `clients`: one for each worker beside the first. */
export function syncSubjectOver(
  client: SqlClient,
  options: { readonly selfVacuuming: boolean; readonly modelRuns?: number },
  others: readonly SqlClient[] = [client],
): SyncSubject {
  const { selfVacuuming, modelRuns = 60 } = options;
  const documents = new SqlDocumentStore(client, { clock: systemClock, selfVacuuming });
  return {
    documents,
    workers: [client, ...others].map((one) => new SqlSyncLog(one, { selfVacuuming })),
    modelRuns,
    passMs: async (ms) => {
      const columns = { sync_state: ['since', 'due_at'], sync_generation: ['since', 'held_until'] };
      await client.run(
        Object.entries(columns).map(([table, [a, b]]) => ({
          text: `UPDATE ${table} SET ${moved(a!)}, ${moved(b!)}`,
          parameters: [ms],
        })),
        'all',
      );
    },
    clear: async () => {
      const tables = ['sync_state', 'sync_generation', 'sync_index', 'relation', 'document', 'catalogue'];
      await client.run(
        tables.map((table) => ({ text: `DELETE FROM ${table}`, parameters: [] })),
        'all',
      );
    },
    close: async () => {
      for (const other of others) if (other !== client) await other.close();
      await documents.close();
    },
  };
}
