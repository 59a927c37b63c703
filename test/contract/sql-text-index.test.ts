import { PgliteClient } from '../../src/adapters/pglite/pglite-client.ts';
import { migrate } from '../../src/adapters/sql/migrate.ts';
import { sqlTextIndexTests } from './sql-text-index.contract.ts';

sqlTextIndexTests(
  'PGlite',
  async () => {
    const client = await PgliteClient.open(null);
    await migrate(client);
    return { client, close: () => client.close() };
  },
  { histories: 15, predicates: 300, films: false },
);
