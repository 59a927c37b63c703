import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { openPostgres } from '../../src/adapters/postgres/open-postgres.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { describeWithEngines, otherCaFile } from '../support/engines.ts';
import {
  makeMigratedDatabase,
  openStores,
  query,
  silent,
  type TestDatabase,
  testCallers,
} from '../support/postgres.ts';

describeWithEngines(['postgres'], 'who may connect to Postgres', ({ postgres }) => {
  let database: TestDatabase;
  const logins: string[] = [];
  beforeAll(async () => {
    database = await makeMigratedDatabase(postgres);
  });
  afterAll(async () => {
    await database.drop();
    for (const login of logins) await query(postgres.adminUrl, `DROP ROLE ${login}`);
  });

  /** URL of a new login with these attributes. */
  async function login(attributes: string): Promise<string> {
    const name = `triptych_test_login_${randomBytes(4).toString('hex')}`;
    await query(postgres.adminUrl, `CREATE ROLE ${name} LOGIN PASSWORD 'x' ${attributes}`);
    logins.push(name);
    const url = new URL(database.url);
    url.username = name;
    url.password = 'x';
    return url.href;
  }

  const refusals = [
    ['SUPERUSER', 'superuser'],
    ['BYPASSRLS IN ROLE triptych_app', 'BYPASSRLS'],
    ['IN ROLE triptych_app, triptych_owner', 'triptych_owner'],
    ['IN ROLE triptych_app, triptych_worker', 'member of triptych_worker'],
    ['', 'GRANT triptych_app TO'],
  ] as const;
  for (const [attributes, reason] of refusals)
    it(`is nobody to serve with ${attributes || 'no role'}`, async () => {
      const url = await login(attributes);
      await expect(openStores({ ...database, url })).rejects.toMatchObject({
        code: 'invalid_settings',
        message: expect.stringMatching(new RegExp(`"${new URL(url).username}" of postgres_url .*${reason}`)),
      });
    });

  it('is nobody to work in the background who serves', async () => {
    await expect(openStores({ ...database, workerUrl: database.url })).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining('of postgres_worker_url is no member of triptych_worker'),
    });
    const superuser = await login('SUPERUSER');
    await expect(openStores({ ...database, workerUrl: superuser })).rejects.toMatchObject({
      message: expect.stringContaining('postgres_worker_url is a superuser'),
    });
  });

  it('is nobody who owns a table without being in the group', async () => {
    const owned = await makeMigratedDatabase(postgres);
    const url = new URL(await login('IN ROLE triptych_app'));
    url.pathname = new URL(owned.url).pathname;
    await owned.admin(`ALTER TABLE document OWNER TO ${url.username}`);
    await expect(openStores({ ...owned, url: url.href })).rejects.toMatchObject({
      message: expect.stringContaining('owns the tables'),
    });
    await owned.drop();
  });

  it('is nobody with a wrong password, which is not repeated', async () => {
    const url = new URL(database.url);
    url.password = 'not-the-secret';
    const refused = openStores({ ...database, url: url.href });
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining('postgres_url is refused by the server'),
    });
    await expect(refused).rejects.not.toThrow(/not-the-secret/);
  });

  it('is nobody where the rows of a table are open to all', async () => {
    const opened = await makeMigratedDatabase(postgres);
    await opened.admin('ALTER TABLE event NO FORCE ROW LEVEL SECURITY');
    await expect(openStores(opened)).rejects.toMatchObject({
      code: 'invalid_settings',
      message: expect.stringContaining('not forced on event'),
    });
    await opened.drop();
  });

  it('does not show the rows to the owner of the tables either', async () => {
    const { client, documents } = await openStores(database);
    const insert = { text: `INSERT INTO tenant_rules VALUES ('owned', 1, '{}')`, parameters: [] };
    await client.run([insert], { tenant: 'owned' });
    expect(await query(database.ownerUrl, 'SELECT * FROM tenant_rules')).toEqual([]);
    expect(await database.admin('SELECT tenant FROM tenant_rules')).toEqual([['owned']]);
    await documents.close();
  });

  it('shows nothing to a login that names no tenant, or whose transaction with one has ended', async () => {
    expect(await query(database.url, 'SELECT * FROM tenant_rules')).toEqual([]);
    const session = new pg.Client({ connectionString: database.url });
    await session.connect();
    const seen = async () => (await session.query('SELECT tenant FROM tenant_rules')).rowCount;
    await session.query('BEGIN');
    await session.query(`SELECT set_config('app.tenant', 'owned', true)`);
    expect(await seen()).toBe(1);
    await session.query('COMMIT');
    expect(await seen()).toBe(0);
    await session.end();
    await expect(query(database.url, 'SELECT * FROM signing_key')).rejects.toMatchObject({ code: '42501' });
  });

  it('does not let the serving program change the tables', async () => {
    const { client, documents } = await openStores(database);
    const create = { text: 'CREATE TABLE mine (n integer)', parameters: [] };
    await expect(client.run([create], 'owner')).rejects.toMatchObject({ code: 'internal' });
    for (const scope of [{ tenant: 't' }, 'all'] as const)
      await expect(client.run([create], scope)).rejects.toMatchObject({ cause: { sqlState: '42501' } });
    await documents.close();
  });
});

describeWithEngines(['postgres'], 'the way to Postgres', ({ postgres }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await makeMigratedDatabase(postgres);
  });
  afterAll(() => database.drop());
  let urls: { url: string; workerUrl: string };
  beforeEach(() => {
    const named = (url: string): string => url.replace('@127.0.0.1:', '@localhost:');
    urls = { url: named(database.url), workerUrl: named(database.workerUrl) };
  });
  const open = (ca: string | null, to = urls) =>
    openPostgres({ ...to, ca }, { clock: systemClock, logger: silent, callers: testCallers() });
  const ca = (): string => readFileSync(postgres.caFile, 'utf8');
  const encrypted = { text: 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()', parameters: [] };

  it('is encrypted and verified with an authority', async () => {
    const { client, documents } = await open(ca());
    for (const scope of [{ tenant: 't' }, 'all'] as const)
      expect(await client.run([encrypted], scope)).toEqual([[['t']]]);
    await documents.close();
  });

  it.each(['verify-full', 'require'])('is verified by the authority also with sslmode=%s', async (mode) => {
    const asking = (url: string): string => `${url}?sslmode=${mode}`;
    const inMode = { url: asking(urls.url), workerUrl: asking(urls.workerUrl) };
    const { client, documents } = await open(ca(), inMode);
    for (const scope of [{ tenant: 't' }, 'all'] as const)
      expect(await client.run([encrypted], scope)).toEqual([[['t']]]);
    await documents.close();
    // The mode by itself has the same verified, by the authorities of the system: they have not signed this one.
    const refusal = async (authority: string | null, url: string): Promise<string> => {
      const { documents: refused } = await open(authority, { ...inMode, url: asking(url) });
      const error: unknown = await refused.ping().catch((thrown: unknown) => thrown);
      await refused.close();
      return String((error as { cause?: { message?: string } }).cause?.message);
    };
    expect(await refusal(null, urls.url)).toMatch(/certificate|signature/);
    expect(await refusal(ca(), database.url)).toMatch(/IP: 127.0.0.1 is not in the cert/);
  });

  it('is not taken under another authority, nor to a name that the certificate lacks', async () => {
    const asked = async (authority: string, to = urls) => {
      const { documents } = await open(authority, to);
      try {
        await documents.ping();
        return 'answered';
      } catch (error) {
        return String((error as { cause?: { message?: string } }).cause?.message);
      } finally {
        await documents.close();
      }
    };
    expect(await asked(readFileSync(otherCaFile(postgres.caFile), 'utf8'))).toMatch(/certificate|signature/);
    expect(await asked(ca(), database)).toMatch(/IP: 127.0.0.1 is not in the cert/);
  });

  it('refuses modes that verify less', async () => {
    for (const mode of ['prefer', 'allow', 'no-verify', 'verify-ca'])
      await expect(open(null, { ...urls, url: `${urls.url}?sslmode=${mode}` })).rejects.toMatchObject({
        code: 'invalid_settings',
        message: expect.stringContaining(`sslmode=${mode}`),
      });
    await expect(open(ca(), { ...urls, url: `${urls.url}?sslmode=disable` })).rejects.toMatchObject({
      code: 'invalid_settings',
    });
  });
});
