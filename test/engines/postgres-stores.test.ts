import { afterAll, beforeAll, describe } from 'vitest';
import { documentStoreContract } from '../contract/document-store.contract.ts';
import { eventLogContract } from '../contract/event-log.contract.ts';
import { policyStoreContract } from '../contract/policy-store.contract.ts';
import { rowSecurityContract } from '../contract/row-security.contract.ts';
import { secretStoreContract } from '../contract/secret-store.contract.ts';
import { describeWithEngines } from '../support/engines.ts';
import { makeMigratedDatabase, openStores, settledFeed, type TestDatabase } from '../support/postgres.ts';

describeWithEngines(['postgres'], 'the truth in Postgres', ({ postgres }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await makeMigratedDatabase(postgres);
  });
  afterAll(() => database.drop());

  documentStoreContract({
    name: 'Postgres',
    open: async (clock) => settledFeed((await openStores(database, clock)).documents, database),
  });

  describe('stores of users', () => {
    let opened: ReturnType<typeof openStores> | null = null;
    const shared = async () => {
      opened ??= openStores(database);
      return { ...(await opened), checksText: true, close: async () => {} };
    };
    afterAll(async () => (await opened)?.documents.close());
    policyStoreContract('Postgres', shared);
    eventLogContract('Postgres', shared);
    secretStoreContract('Postgres', shared);
  });
});

describeWithEngines(['postgres'], 'tenants in Postgres', ({ postgres }) => {
  rowSecurityContract({
    name: 'Postgres',
    open: async () => {
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
  });
});
