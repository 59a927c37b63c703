import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireSearchResponse } from '../../src/wire/search-response.ts';
import { CliProcesses } from '../support/cli-process.ts';

const cli = new CliProcesses();
const data = ['--data-dir', 'data'];
const slow = { timeout: 240_000 };
const at = (...parts: string[]) => join(cli.folder, ...parts);

const titles = async (dataDir: string): Promise<string[]> => {
  const { stdout, stderr } = await cli.run([
    ...['search', 'thing', '--json', '--data-dir', dataDir, '--embedder', 'none'],
  ]);
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as WireSearchResponse).results.map(({ title }) => title).sort();
};

const ingest = async (title: string, id = 'a') => {
  writeFileSync(at('a.ndjson'), JSON.stringify({ id, title, vector: [1, 0] }));
  const { code } = await cli.run(['ingest', 'a.ndjson', '--schema', 's.json', ...data, '--embedder', 'none']);
  expect(code).toBe(0);
};

beforeAll(async () => {
  const embedding = { model: 'given', dimension: 2, lo: 0, hi: 1, from: 'vector' };
  writeFileSync(at('s.json'), JSON.stringify({ name: 'things', embedding }));
  await ingest('First thing');
}, 240_000);

afterAll(() => cli.remove());

describe('triptych backup and restore', slow, () => {
  it('bring back what was saved, into another folder and over the same one', async () => {
    const saved = await cli.run(['backup', 'saved', '--json', ...data]);
    // Where it takes longer than five seconds it says how far it is; there is no bar where there is no terminal.
    expect([saved.code, saved.stderr]).toEqual([0, expect.stringMatching(/^(backup: +\d+ % .*\n)*$/)]);
    const report = JSON.parse(saved.stdout) as { backup: string; files: number; bytes: number };
    expect(report.backup).toBe(at('saved'));
    expect([report.files > 100, report.bytes > 1e6]).toEqual([true, true]);
    await ingest('Second thing', 'b');
    expect(await titles('data')).toEqual(['First thing', 'Second thing']);

    const other = await cli.run(['restore', 'saved', '--data-dir', 'other']);
    expect([other.code, other.stdout]).toEqual([0, expect.stringContaining(`Restored ${at('other')}`)]);
    expect(await titles('other')).toEqual(['First thing']);

    const refused = await cli.run(['restore', 'saved', ...data]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('--force replaces it')]);
    expect((await cli.run(['restore', 'saved', '--force', ...data])).code).toBe(0);
    expect(await titles('data')).toEqual(['First thing']);
    expect(readdirSync(at('data')).filter((name) => name.startsWith('pglite'))).toEqual(['pglite']);
  });

  it('are refused while a server uses the folder, with what to do', async () => {
    const server = await cli.serve(...data, '--no-demo', '--embedder', 'none');
    try {
      for (const args of [
        ['backup', 'held'],
        ['restore', 'saved', '--force'],
      ]) {
        const { code, stdout, stderr } = await cli.run([...args, ...data]);
        expect([code, stdout]).toEqual([1, '']);
        expect(stderr).toContain('is in use by process');
        expect(stderr).toContain('stop it');
      }
      expect(existsSync(at('held'))).toBe(false);
    } finally {
      await server.stop();
    }
  });

  it('replace a backup only with --force, and nothing else ever', async () => {
    const again = await cli.run(['backup', 'saved', ...data]);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('--force replaces it')]);
    expect((await cli.run(['backup', 'saved', '--force', ...data])).code).toBe(0);
    mkdirSync(at('mine'));
    writeFileSync(at('mine', 'letter.txt'), 'dear');
    const mine = await cli.run(['backup', 'mine', '--force', ...data]);
    expect([mine.code, mine.stderr]).toEqual([1, expect.stringContaining('is no backup')]);
    expect(readFileSync(at('mine', 'letter.txt'), 'utf8')).toBe('dear');
    const inside = await cli.run(['backup', join('data', 'x'), ...data]);
    expect([inside.code, inside.stderr]).toEqual([2, expect.stringContaining('belongs elsewhere')]);
    const nothing = await cli.run(['backup', 'x', '--data-dir', 'none']);
    expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining('no database')]);
    expect(existsSync(at('none'))).toBe(false);
  });

  it('say what is to be done about stores outside', async () => {
    const env = { TRIPTYCH_MILVUS_ADDRESS: 'localhost:1', TRIPTYCH_REDIS_URL: 'redis://localhost:1' };
    const { code, stderr } = await cli.run(['restore', 'saved', '--data-dir', 'beside'], { env });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^Milvus: run `triptych rebuild`.*\nRedis: /m)]);
  });

  it('tell a damaged backup, and leave the data folder as it was', async () => {
    await cli.run(['backup', 'hurt', ...data]);
    expect((await cli.run(['restore', 'hurt', '--check'])).code).toBe(0);
    const control = at('hurt', 'data', 'global', 'pg_control');
    const bytes = readFileSync(control);
    bytes[10]! ^= 1;
    writeFileSync(control, bytes);
    for (const args of [['--check'], ['--force', ...data]]) {
      const { code, stderr } = await cli.run(['restore', 'hurt', ...args]);
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining('global/pg_control is not what was written'),
      ]);
    }
    rmSync(control);
    const missing = await cli.run(['restore', 'hurt', '--check']);
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('pg_control is missing')]);
    expect(await titles('data')).toEqual(['First thing']);
    expect(readdirSync(at('data')).filter((name) => name.startsWith('pglite'))).toEqual(['pglite']);
  });

  it('lose nothing where a restore was cut off between its two renames', async () => {
    renameSync(at('data', 'pglite'), at('data', 'pglite.replaced'));
    mkdirSync(at('data', 'pglite.restored'));
    expect(await titles('data')).toEqual(['First thing']);
    expect(readdirSync(at('data')).filter((name) => name.startsWith('pglite'))).toEqual(['pglite']);
  });

  it('send who keeps documents in Postgres to pg_dump', async () => {
    const url = 'postgres://user@localhost/triptych';
    const env = { TRIPTYCH_POSTGRES_URL: url, TRIPTYCH_POSTGRES_WORKER_URL: url };
    for (const args of [
      ['backup', 'x'],
      ['restore', 'saved'],
    ])
      expect((await cli.run([...args, ...data], { env })).code).toBe(2);
    expect((await cli.run(['backup', 'x', ...data], { env })).stderr).toContain('pg_dump');
  });
});

describe('triptych rebuild', slow, () => {
  it('says that what is in memory is built at every start', async () => {
    const all = await cli.run(['rebuild', ...data]);
    expect([all.code, all.stdout]).toEqual([0, expect.stringContaining('Nothing to rebuild')]);
    const one = await cli.run(['rebuild', '--index', 'milvus', ...data]);
    expect([one.code, one.stderr]).toEqual([2, expect.stringContaining('without milvus_address')]);
    const none = await cli.run(['rebuild', '--data-dir', 'none']);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('there is no database in')]);
    expect(existsSync(at('none'))).toBe(false);
    const unknown = await cli.run(['rebuild', '--index', 'redis', ...data]);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('must be one of milvus')]);
  });
});
