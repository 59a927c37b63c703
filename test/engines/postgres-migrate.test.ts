import { spawn } from 'node:child_process';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { migratePostgres } from '../../src/adapters/postgres/migrate-postgres.ts';
import { newestOf } from '../../src/adapters/sql/migrate.ts';
import { type Migration, migrations } from '../../src/adapters/sql/migrations.ts';
import { CliFixture } from '../support/cli-runtime.ts';
import { describeWithEngines } from '../support/engines.ts';
import { makeDatabase, openSession, openStores, type TestDatabase } from '../support/postgres.ts';

const newest = newestOf(migrations);
const expanding: Migration = {
  version: newest + 1,
  name: 'a table more',
  kind: 'expand',
  servesFrom: newest,
  statements: ['CREATE TABLE one_more (n integer)'],
};
const contracting: Migration = {
  version: newest + 2,
  name: 'something less',
  kind: 'contract',
  servesFrom: newest + 1,
  statements: ['DROP TABLE one_more'],
};
const indexing: Migration = {
  version: newest + 1,
  name: 'an index',
  kind: 'expand',
  servesFrom: newest,
  indexes: [{ name: 'by_title', on: 'document (title)' }],
};

describeWithEngines(['postgres'], 'migrations of a Postgres', ({ postgres }) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await makeDatabase(postgres);
    return () => database.drop();
  });
  const owner = () => ({ url: database.ownerUrl, ca: null });
  const recorded = async () =>
    (await database.admin('SELECT version FROM schema_migration ORDER BY 1')).map(([version]) =>
      Number(version),
    );

  it('are applied once, owned by the group, and say what they did', async () => {
    const dry = await migratePostgres(owner(), { dryRun: true });
    expect(dry).toMatchObject({ dryRun: true, from: 0, to: newest });
    expect(await database.admin(`SELECT to_regclass('schema_migration')`)).toEqual([[null]]);
    expect(await migratePostgres(owner())).toEqual({ ...dry, dryRun: false });
    expect(await recorded()).toEqual(migrations.map(({ version }) => version));
    const owners = `SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'`;
    expect(await database.admin(owners)).toEqual([['triptych_owner']]);
    expect(await migratePostgres(owner())).toMatchObject({ from: newest, to: newest, rights: [], steps: [] });
  });

  it('run one at a time, from however many processes', async () => {
    const environment = { ...process.env, TRIPTYCH_POSTGRES_OWNER_URL: database.ownerUrl };
    const run = () =>
      new Promise<{ code: number | null; report: { from: number; steps: unknown[] } }>((resolve, reject) => {
        const child = spawn(process.execPath, ['dist/cli/main.js', 'db', 'migrate', '--json'], {
          env: environment,
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let out = '';
        child.stdout.on('data', (text) => {
          out += text;
        });
        child.once('error', reject);
        child.once('close', (code) => resolve({ code, report: JSON.parse(out) }));
      });
    const runs = await Promise.all([run(), run(), run()]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(runs.map(({ report }) => report.steps.length).sort()).toEqual([0, 0, newest]);
    expect(await recorded()).toEqual(migrations.map(({ version }) => version));
  });

  it('wait for another one within a bound, and then say whose it is', async () => {
    const holder = await openSession(database.ownerUrl);
    await holder.query('SELECT pg_advisory_lock(7426873021)');
    await expect(migratePostgres(owner(), { waitMs: 100 })).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringMatching(/process \d+ of triptych_migrate .*waited 100 ms/),
    });
    // It ends with its session, and whoever waits goes on.
    const waiting = migratePostgres(owner());
    await holder.end();
    expect(await waiting).toMatchObject({ to: newest });
  });

  it('let programs of the version before serve while they only add', async () => {
    await migratePostgres(owner());
    const before = await openStores(database);
    await migratePostgres(owner(), { steps: [...migrations, expanding] });
    await expect(before.documents.catalogue('t')).resolves.toBeNull();
    const started = await openStores(database);
    await expect(started.documents.catalogue('t')).resolves.toBeNull();
    await Promise.all([before, started].map(({ documents }) => documents.close()));
    // Neither does it hold such a program's own migration up.
    expect(await migratePostgres(owner())).toMatchObject({ from: newest + 1, to: newest + 1, steps: [] });
  });

  it('keep programs out that rely on what is gone, and programs that need what is not there yet', async () => {
    await expect(openStores(database)).rejects.toMatchObject({
      code: 'data_too_old',
      message: expect.stringContaining('triptych db migrate'),
    });
    await migratePostgres(owner(), { steps: migrations.slice(0, -1) });
    await expect(openStores(database)).rejects.toMatchObject({ code: 'data_too_old' });
    await migratePostgres(owner(), { steps: [...migrations, expanding, contracting] });
    await expect(openStores(database)).rejects.toMatchObject({ code: 'data_too_new' });
    await expect(migratePostgres(owner())).rejects.toMatchObject({ code: 'data_too_new' });
  });

  it('build indexes beside transactions that go on, and anew where one was interrupted', async () => {
    await migratePostgres(owner());
    // What an interrupted build leaves: the name, and no index that anybody may use.
    await database.admin('CREATE INDEX by_title ON document (title)');
    await database.admin(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'by_title'::regclass`);
    const stores = await openStores(database);
    const report = await migratePostgres(owner(), { steps: [...migrations, indexing] });
    expect(report.steps).toMatchObject([{ version: newest + 1 }]);
    const valid = `SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_title'::regclass`;
    expect(await database.admin(valid)).toEqual([['t']]);
    expect(await recorded()).toContain(newest + 1);
    await stores.documents.close();
  });

  it('wait for a table that is in use without standing in the way of others', async () => {
    await migratePostgres(owner());
    const holder = await openSession(database.adminUrl);
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE document IN ACCESS SHARE MODE');
    const step: Migration = {
      ...expanding,
      statements: ['ALTER TABLE document ADD COLUMN more integer'],
    };
    const migrated = migratePostgres(owner(), { steps: [...migrations, step] });
    // Whoever comes behind it waits as long as it does: so it goes away, and comes again.
    const waits = new Set<string | null>();
    const waited = async () => {
      const since = `SELECT waitstart FROM pg_locks
        WHERE relation = 'document'::regclass AND NOT granted AND waitstart IS NOT NULL`;
      for (const [start] of await database.admin(since)) waits.add(start!);
      return waits.size;
    };
    await expect.poll(waited, { timeout: 60_000 }).toBeGreaterThan(1);
    await holder.query('COMMIT');
    expect(await migrated).toMatchObject({ to: newest + 1 });
  });

  it('that fail leave whole steps, and go on from there', async () => {
    const broken: Migration = {
      ...expanding,
      statements: ['CREATE TABLE half (n integer)', 'SELECT nonsense'],
    };
    await expect(migratePostgres(owner(), { steps: [...migrations, broken] })).rejects.toMatchObject({
      code: 'internal',
    });
    expect(await recorded()).toEqual(migrations.map(({ version }) => version));
    expect(await database.admin(`SELECT to_regclass('half')`)).toEqual([[null]]);
    expect(await migratePostgres(owner(), { steps: [...migrations, expanding] })).toMatchObject({
      steps: [{ version: newest + 1 }],
    });
  });

  it('name what an administrator has to run where the login may not', async () => {
    await expect(migratePostgres({ url: database.url, ca: null })).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining('GRANT triptych_owner TO "triptych_serve"'),
    });
  });

  describe('from the command line', () => {
    const cli = new CliFixture();
    afterAll(() => cli.remove());

    it('say what they would do, do it, and say that nothing is left to do', async () => {
      cli.env = { TRIPTYCH_POSTGRES_OWNER_URL: database.ownerUrl };
      const dry = await cli.run('db', 'migrate', '--dry-run');
      expect(dry).toMatchObject({ code: 0, stderr: '' });
      expect(dry.stdout).toContain('would apply: 1 catalogue, document, relation (expand;');
      const json = await cli.run('db', 'migrate', '--json');
      expect(JSON.parse(json.stdout)).toMatchObject({
        dry_run: false,
        from: 0,
        to: newest,
        steps: migrations.map(({ version, servesFrom }) => ({ version, serves_from: servesFrom })),
      });
      expect((await cli.run('db', 'migrate')).stdout).toBe(`schema ${newest} is up to date\n`);
    });

    it('end with 2 without a login, and with 1 where there is no server', async () => {
      cli.env = {};
      expect(await cli.run('db', 'migrate')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('postgres_owner_url'),
      });
      const nowhere = await cli.run('db', 'migrate', '--postgres-owner-url', 'postgres://u:p@127.0.0.1:1/d');
      expect(nowhere).toMatchObject({ code: 1, stderr: expect.stringContaining('unavailable') });
    });
  });
});
