import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PgliteClient } from '../../src/adapters/pglite/pglite-client.ts';
import { migrate } from '../../src/adapters/sql/migrate.ts';
import type { SqlClient } from '../../src/adapters/sql/sql-client.ts';
import { SqlDocumentStore } from '../../src/adapters/sql/sql-document-store.ts';
import { SqlSyncLog } from '../../src/adapters/sql/sql-sync-log.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { syncSubjectOver } from '../support/sync-subject.ts';
import { put, schemaNamed } from './document-store-subject.ts';
import { syncLogContract } from './sync-log.contract.ts';
import { fewStepsArbitrary, runSteps } from './sync-log-model.ts';
import { SyncUnderTest } from './sync-log-subject.ts';

async function openClient(): Promise<PgliteClient> {
  const client = await PgliteClient.open(null);
  await migrate(client);
  return client;
}

syncLogContract('PGlite', async () => syncSubjectOver(await openClient(), { selfVacuuming: false }));

describe('the sync log on PGlite', () => {
  let client: SqlClient;
  beforeAll(async () => {
    client = await openClient();
  });
  afterAll(() => client.close());

  it('keeps nothing while no index follows, and only what waits while one does', async () => {
    const documents = new SqlDocumentStore(client, { clock: systemClock, selfVacuuming: true });
    const log = new SqlSyncLog(client, { selfVacuuming: true });
    const rows = async () => {
      const counted = await client.run(
        ['sync_state', 'sync_generation'].map((table) => ({
          text: `SELECT count(*) FROM ${table}`,
          parameters: [],
        })),
        'all',
      );
      return counted.map(([row]) => Number(row![0]));
    };
    await documents.createCatalogue('t', schemaNamed('first'));
    await documents.write('t', 1, [put('a'), put('b')]);
    expect(await rows()).toEqual([0, 0]);
    await log.follow('neo4j');
    await documents.write('t', 1, [put('a')]);
    expect(await rows()).toEqual([1, 1]);
    await log.applied((await log.claim('neo4j', 10, 60_000))!);
    expect(await rows()).toEqual([0, 1]);
  });

  it('has a model test that catches a log which forgets writes made during a claim', async () => {
    let replaced = 0;
    const careless: SqlClient = {
      run: (statements, scope) =>
        client.run(
          statements.map((statement) => {
            const text = statement.text.replace(/ AND desired = claimed$/, '');
            if (text !== statement.text) replaced++;
            return { ...statement, text };
          }),
          scope,
        ),
      close: async () => {},
    };
    const tested = new SyncUnderTest();
    tested.subject = syncSubjectOver(careless, { selfVacuuming: false });
    const outcome = await fc.check(
      fc.asyncProperty(fewStepsArbitrary, (steps) => runSteps(tested, steps)),
      { numRuns: 2_000, endOnFailure: true },
    );
    expect(replaced).toBeGreaterThan(0);
    expect(String(outcome.errorInstance)).toContain('what the index has of');
  }, 120_000);
});
