import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLock } from '../../src/adapters/pglite/data-dir-lock.ts';
import { openPglite } from '../../src/adapters/pglite/open-pglite.ts';
import { PgliteClient } from '../../src/adapters/pglite/pglite-client.ts';
import { SyncedFolder, syncedStartParameters } from '../../src/adapters/pglite/synced-folder.ts';
import { migrate } from '../../src/adapters/sql/migrate.ts';
import { migrations } from '../../src/adapters/sql/migrations.ts';
import { limits } from '../../src/limits.ts';
import { put, StoreUnderTest, schemaNamed } from './document-store-subject.ts';

const { clock } = new StoreUnderTest();
const contracts = (servesFrom: number) => ({ kind: 'contract' as const, servesFrom });
const select = (text: string, parameters: (string | number | Uint8Array)[] = []) => [{ text, parameters }];

describe('the engine in its worker', () => {
  let client: PgliteClient;
  beforeAll(async () => {
    client = await PgliteClient.open(null);
  }, 60_000);
  afterAll(() => client.close());

  it('gives cells as text and bytes as bytes', async () => {
    const bytes = Uint8Array.of(0, 1, 255, 92);
    const [rows] = await client.run(
      select(`SELECT 1::bigint, true, NULL, '{"b":1,"a":2}'::json, $1::bytea, ''::bytea, 0.1::float8`, [
        bytes,
      ]),
      'owner',
    );
    expect(rows).toEqual([
      ['1', 't', null, '{"b":1,"a":2}', Uint8Array.of(0, 1, 255, 92), new Uint8Array(0), '0.1'],
    ]);
  });

  it('keeps nothing of statements of which one fails, and does not show the words of the engine', async () => {
    await client.run(select('CREATE TABLE one (n integer)'), 'owner');
    const failing = client.run(
      [...select('INSERT INTO one VALUES (1)'), ...select('SELECT * FROM no_such_table')],
      'owner',
    );
    await expect(failing).rejects.toMatchObject({ code: 'internal', cause: { sqlState: '42P01' } });
    await expect(failing).rejects.not.toThrow(/no_such_table/);
    expect(await client.run(select('SELECT count(*) FROM one'), 'owner')).toEqual([[['0']]]);
  });

  it('stops at a guard without a row and keeps nothing', async () => {
    await client.run(select('CREATE TABLE two (n integer)'), 'owner');
    const results = await client.run(
      [
        ...select('INSERT INTO two VALUES (1)'),
        { text: 'SELECT 1 WHERE false', parameters: [], guard: true },
        ...select('SELECT 1'),
      ],
      'owner',
    );
    expect(results).toEqual([[], []]);
    expect(await client.run(select('SELECT count(*) FROM two'), 'owner')).toEqual([[['0']]]);
  });

  it('answers in order and bounds its queue', async () => {
    const waiting = Array.from({ length: limits.sqlQueueMax }, (_, i) =>
      client.run(select(`SELECT ${i}`), 'owner'),
    );
    await expect(client.run(select('SELECT 1'), 'owner')).rejects.toMatchObject({ code: 'overloaded' });
    const answers = await Promise.all(waiting);
    expect(answers.map(([rows]) => Number(rows![0]![0]))).toEqual(answers.map((_, i) => i));
    expect(await client.run(select('SELECT 1'), 'owner')).toEqual([[['1']]]);
  });

  it('leaves the event loop free', async () => {
    let turns = 0;
    const ticking = setInterval(() => {
      turns += 1;
    }, 1);
    await client.run(select('SELECT count(*) FROM generate_series(1, 2000000)'), 'owner');
    clearInterval(ticking);
    expect(turns).toBeGreaterThan(0);
  });
});

describe('an engine that does not answer', () => {
  const patience = { openMs: 60_000, answerMs: 200, lengthyAnswerMs: 60_000, drainMs: 60_000 };
  const endless = 'SELECT count(*) FROM (SELECT generate_series(1, 1000000000000)) s';
  const unavailable = { status: 'rejected', reason: { code: 'unavailable' } };
  const dataDir = mkdtempSync(join(tmpdir(), 'triptych-stalled-'));
  const folder = join(dataDir, 'pglite');
  beforeAll(async () => {
    const { documents: store } = await openPglite({ dataDir, clock });
    await store.createCatalogue('t', schemaNamed('first'));
    await store.close();
  });
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it('is stopped, and unavailable for all who wait and all who come', async () => {
    const client = await PgliteClient.open(folder, patience);
    const answers = await Promise.allSettled([
      client.run(select(endless), 'owner'),
      client.run(select('SELECT 1'), 'owner'),
    ]);
    expect(answers).toMatchObject([unavailable, unavailable]);
    await expect(client.run(select('SELECT 1'), 'owner')).rejects.toMatchObject({
      code: 'unavailable',
      cause: { message: 'no answer for 200 ms' },
    });
    await client.close();
  });

  it('is given the time that lengthy statements need, and those behind them theirs', async () => {
    const client = await PgliteClient.open(folder, { ...patience, answerMs: 2_000 });
    const statements = select('SELECT pg_sleep(3)').map((statement) => ({ ...statement, lengthy: true }));
    const answers = await Promise.all([
      client.run(statements, 'owner'),
      client.run(select('SELECT 2'), 'owner'),
    ]);
    expect(answers).toEqual([[[['']]], [[['2']]]]);
    await client.close();
  });

  it('does not keep a close waiting', async () => {
    const client = await PgliteClient.open(folder, { ...patience, answerMs: 60_000, drainMs: 200 });
    const waiting = Promise.allSettled([
      client.run(select(endless), 'owner'),
      client.run(select('SELECT 1'), 'owner'),
    ]);
    await client.close();
    expect(await waiting).toMatchObject([unavailable, unavailable]);
  });

  it('does not keep an open waiting', async () => {
    await expect(PgliteClient.open(folder, { ...patience, openMs: 2 })).rejects.toMatchObject({
      code: 'unavailable',
    });
  });

  it('leaves a data folder that opens again with what was committed', async () => {
    const client = await PgliteClient.open(folder, { ...patience, answerMs: 10_000 });
    await client.run(select(`UPDATE catalogue SET tenant = 'kept'`), 'owner');
    const cut = [...select(`UPDATE catalogue SET tenant = 'lost'`), ...select(endless)];
    await expect(client.run(cut, 'owner')).rejects.toMatchObject({ code: 'unavailable' });
    await client.close();
    const { documents: again } = await openPglite({ dataDir, clock });
    expect(await again.catalogue('kept')).toMatchObject({ generation: 1 });
    expect(await again.catalogue('lost')).toBeNull();
    await again.close();
  });
});

describe('the data folder', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'triptych-engine-'));
  const folder = join(dataDir, 'pglite');
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it('is made whole or not at all, and holds its content over a restart', async () => {
    // What a first start that was killed leaves behind.
    mkdirSync(join(dataDir, 'pglite.unfinished'));
    writeFileSync(join(dataDir, 'pglite.unfinished', 'PG_VERSION'), '18');
    const { documents: store } = await openPglite({ dataDir, clock });
    expect(readdirSync(dataDir).sort()).toEqual(['pglite', 'triptych.lock']);
    await expect(openPglite({ dataDir, clock })).rejects.toMatchObject({
      code: 'data_dir_locked',
    });
    await store.recordUrl('http://127.0.0.1:1');
    expect(await readLock(dataDir)).toMatchObject({ url: 'http://127.0.0.1:1' });
    await store.createCatalogue('t', schemaNamed('first'));
    await store.write('t', 1, [put('a'), put('b')]);
    const { cursor } = await store.changes('t', 1, null, 10);
    await store.write('t', 1, [put('a')]);
    await store.close();
    expect(readdirSync(dataDir)).toEqual(['pglite']);

    const { documents: again } = await openPglite({ dataDir, clock });
    expect(await again.catalogue('t')).toEqual({ schema: schemaNamed('first'), generation: 1 });
    expect(await again.changes('t', 1, cursor, 10)).toMatchObject({
      changes: [{ kind: 'put', document: { id: 'a', version: 2 } }],
      complete: true,
    });
    await again.close();
    await expect(again.ping()).rejects.toMatchObject({ code: 'unavailable' });
  }, 60_000);

  it('is unavailable for all who wait and all who come after it broke', async () => {
    const broken = await PgliteClient.open(folder);
    // PGlite itself, not SQL, refuses this text for a boolean: nothing is known of its state then.
    const answers = await Promise.allSettled([
      broken.run(select('SELECT 1'), 'owner'),
      broken.run(select('SELECT $1::boolean', ['neither']), 'owner'),
      broken.run(select('SELECT 2'), 'owner'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(answers[2]).toMatchObject({ reason: { code: 'unavailable' } });
    await expect(broken.run(select('SELECT 3'), 'owner')).rejects.toMatchObject({ code: 'unavailable' });
    await broken.close();
  });

  it('finishes what it accepted before it closes, then is unavailable', async () => {
    const closing = await PgliteClient.open(folder);
    const accepted = closing.run(select('SELECT 7'), 'owner');
    const closed = Promise.all([closing.close(), closing.close()]);
    await expect(closing.run(select('SELECT 8'), 'owner')).rejects.toMatchObject({ code: 'unavailable' });
    expect(await accepted).toEqual([[['7']]]);
    await closed;
  });

  it('finishes the deletion of a replaced catalogue that a crash interrupted', async () => {
    const client = await PgliteClient.open(folder);
    await client.run(select(`UPDATE catalogue SET state = 'dropped'`), 'owner');
    await client.close();
    const { documents: store } = await openPglite({ dataDir, clock });
    await expect.poll(() => store.list('t', 1, null, 10), { timeout: 10_000 }).toEqual([]);
    await store.close();
  }, 60_000);

  it('is brought up to date step by step, once', async () => {
    const client = await PgliteClient.open(folder);
    const newest = migrations.at(-1)!.version;
    const step = {
      version: newest + 1,
      name: 'three',
      ...contracts(newest + 1),
      statements: ['CREATE TABLE three (n integer)'],
    };
    expect(await migrate(client, migrations)).toBe(newest);
    const both = await Promise.all([
      migrate(client, [...migrations, step]),
      migrate(client, [...migrations, step]),
    ]);
    expect(both).toEqual([newest + 1, newest + 1]);
    expect(
      await client.run(select('SELECT version, name FROM schema_migration ORDER BY 1'), 'owner'),
    ).toEqual([[...migrations, step].map(({ version, name }) => [String(version), name])]);
    const broken = {
      version: newest + 2,
      name: 'four',
      ...contracts(newest + 2),
      statements: ['CREATE TABLE four (n integer)', 'SELECT nonsense'],
    };
    await expect(migrate(client, [...migrations, step, broken])).rejects.toMatchObject({ code: 'internal' });
    expect(
      await client.run(select(`SELECT to_regclass('four'), max(version) FROM schema_migration`), 'owner'),
    ).toEqual([[[null, String(newest + 1)]]]);
    await client.close();
  }, 60_000);

  it('of a newer version is refused, and left free for that version', async () => {
    await expect(openPglite({ dataDir, clock })).rejects.toMatchObject({ code: 'data_too_new' });
    expect(await readLock(dataDir)).toBeNull();
  }, 60_000);

  it('is really flushed by every commit', async () => {
    const files = new SyncedFolder(folder);
    const database = await PGlite.create({
      fs: files,
      startParams: syncedStartParameters(PGlite.defaultStartParams),
    });
    await database.exec('CREATE TABLE flushed (n integer)');
    for (let n = 0; n < 3; n += 1) {
      const before = files.syncs;
      await database.query('INSERT INTO flushed VALUES (1)');
      expect(files.syncs).toBeGreaterThan(before);
    }
    await database.close();
  }, 60_000);

  it('that holds something else is not touched', async () => {
    const other = mkdtempSync(join(tmpdir(), 'triptych-other-'));
    mkdirSync(join(other, 'pglite'));
    writeFileSync(join(other, 'pglite', 'precious'), 'x');
    await expect(openPglite({ dataDir: other, clock })).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(readdirSync(join(other, 'pglite'))).toEqual(['precious']);
    rmSync(other, { recursive: true, force: true });
  }, 60_000);
});
