import { PgliteClient } from '../../src/adapters/pglite/pglite-client.ts';
import { migrate } from '../../src/adapters/sql/migrate.ts';
import { rowSecurityContract } from './row-security.contract.ts';

rowSecurityContract({
  name: 'PGlite',
  open: async () => {
    const client = await PgliteClient.open(null);
    await migrate(client);
    return { client, close: () => client.close() };
  },
});
