import { syncLogContract } from '../contract/sync-log.contract.ts';
import { describeWithEngines } from '../support/engines.ts';
import { makeMigratedDatabase, openStores } from '../support/postgres.ts';
import { syncSubjectOver } from '../support/sync-subject.ts';

describeWithEngines(['postgres'], 'what indexes have yet to apply, in Postgres', ({ postgres }) => {
  syncLogContract('Postgres', async () => {
    const database = await makeMigratedDatabase(postgres);
    const [first, second] = [await openStores(database), await openStores(database)];
    const subject = syncSubjectOver(first.client, { selfVacuuming: true }, [first.client, second.client]);
    return {
      ...subject,
      close: async () => {
        await subject.close();
        await second.documents.close();
        await database.drop();
      },
    };
  });
});
