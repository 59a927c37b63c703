import { sqlTextIndexTests } from '../contract/sql-text-index.contract.ts';
import { describeWithEngines } from '../support/engines.ts';
import { makeMigratedDatabase, openStores } from '../support/postgres.ts';

describeWithEngines(['postgres'], 'words in Postgres', ({ postgres }) => {
  sqlTextIndexTests(
    'Postgres',
    async () => {
      const database = await makeMigratedDatabase(postgres);
      const { client, documents } = await openStores(database);
      return {
        client,
        close: async () => {
          await documents.close();
          await database.drop();
        },
      };
    },
    { histories: 40, predicates: 2_000, films: true },
  );
});
