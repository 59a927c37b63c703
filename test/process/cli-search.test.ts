import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { searchResponseSchema } from '../../src/wire/search-response.ts';
import { CliProcesses } from '../support/cli-process.ts';

const cli = new CliProcesses();
const data = ['--data-dir', 'data', '--embedder', 'none'];

/** Uses the data folder until the last test. */
let server: Awaited<ReturnType<CliProcesses['serve']>>;

/** Processes that open a database, on a busy machine. */
const slow = { timeout: 240_000 };

beforeAll(async () => {
  const schema = {
    name: 'films',
    facets: { genres: { from: 'genre' } },
    fields: { year: { from: 'year', type: 'number' } },
    embedding: { model: 'given', dimension: 3, lo: 0, hi: 1, from: 'vector' },
  };
  const rows = Array.from({ length: 12 }, (_, index) => ({
    id: `film-${index}`,
    title: index === 3 ? 'A \u001b[2J robot' : `Robot ${index}`,
    genre: index % 2 === 0 ? 'Drama' : 'Comedy',
    year: 1990 + index,
    vector: [1, index / 10, 0],
  }));
  writeFileSync(join(cli.folder, 's.json'), JSON.stringify(schema));
  writeFileSync(join(cli.folder, 'a.ndjson'), rows.map((row) => JSON.stringify(row)).join('\n'));
  const { code, stderr } = await cli.run(['ingest', 'a.ndjson', '--schema', 's.json', ...data]);
  expect([code, stderr]).toEqual([0, '']);
  server = await cli.serve(...data, '--no-demo');
}, 240_000);

afterAll(() => cli.remove());

describe('triptych search', slow, () => {
  it('prints what was found, with reasons, and nothing else', async () => {
    const { code, stdout, stderr } = await cli.run(['search', 'robot', '--k', '2', ...data]);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^ {2}1 {2}\d\.\d{3} █+.* {2}Robot \d+ {2}film-\d+$/);
    expect(lines[1]).toContain('words of the query occur in it');
    expect(stdout).toContain('2 of 12; ');
    expect(stdout).toMatch(/\nmore: --cursor \S+\n$/);
    expect(stdout).not.toContain('\u001b');
  });

  it('prints the answer of the wire as JSON', async () => {
    const filter = {
      and: [
        { facet: 'genres', any: ['Comedy'] },
        { field: 'year', lt: 1996 },
      ],
    };
    const { code, stdout } = await cli.run([
      ...['search', 'robot', '--json', '--include', 'facets', '--include', 'fields', ...data],
      ...['--filter', JSON.stringify(filter), '--constraint', '{"kind": "idsExclude", "ids": ["film-1"]}'],
    ]);
    expect(code).toBe(0);
    const answer = searchResponseSchema.parse(JSON.parse(stdout));
    expect(answer.results.map(({ id }) => id).sort()).toEqual(['film-3', 'film-5']);
    expect(answer.results[0]).toMatchObject({ facets: { genres: ['Comedy'] } });
  });

  it('explains a search and a document, and never lets a title talk to the terminal', async () => {
    const explained = await cli.run(['search', 'robot', '--explain', '--k', '12', ...data]);
    expect(explained.code).toBe(0);
    expect(explained.stdout).toMatch(/lexical +█+ *\+0\.\d{3} +0\.\d{3} x 0\.\d{2}/);
    expect(explained.stdout).toContain('rank 1 by score');
    expect(explained.stdout).toContain('A  [2J robot');
    expect(explained.stdout).not.toContain('\u001b');
    const why = await cli.run([
      ...['search', 'robot', '--why', 'film-2', ...data],
      ...['--constraint', '{"kind": "exclude", "facet": "genres", "values": ["Drama"]}'],
    ]);
    expect(why.code).toBe(0);
    expect(why.stdout).toContain('is left out by a rule or the filter');
    expect(why.stdout).toContain('dropped by {"kind":"exclude"');
    expect(why.stdout).toContain('its value: Drama');
  });

  it.each([
    [['search'], 'needs at least one of query'],
    [['search', 'x', '--filter', '{'], '--filter: must be JSON'],
    [['search', 'x', '--filter', '{"facet": "nope", "any": ["a"]}'], 'filter.facet: '],
    [['search', 'x', '--k', 'many'], '--k: must be a number'],
    [['search', 'x', '--include', 'all'], '--include: must be one of'],
    [['search', 'x', '--url', 'ftp://x'], '--url: '],
    [['search', 'x', '--url', 'http://ann:secret@x'], '--url: '],
    [['search', 'x', '--tenant', 'a b'], '--tenant: '],
  ])('ends with 2 for what cannot be: %j', async (args, message) => {
    const { code, stdout, stderr } = await cli.run([...args, ...data]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('makes no data folder, and no database', async () => {
    mkdirSync(join(cli.folder, 'empty'));
    for (const folder of ['none', 'empty']) {
      for (const args of [
        ['search', 'x'],
        ['policy', 'get', 'ann'],
      ]) {
        const { code, stderr } = await cli.run([...args, '--data-dir', folder]);
        expect([code, stderr]).toEqual([2, expect.stringContaining('there is no database in')]);
      }
    }
    expect(existsSync(join(cli.folder, 'none'))).toBe(false);
    expect(readdirSync(join(cli.folder, 'empty'))).toEqual([]);
  });

  it.each(['ends with a space ', 'schlüssel'])('refuses a key that cannot be: %j', async (key) => {
    const env = { TRIPTYCH_API_KEY: key };
    const { code, stderr } = await cli.run(['search', 'x', '--url', 'http://127.0.0.1:1'], { env });
    expect([code, stderr]).toEqual([2, expect.stringContaining('TRIPTYCH_API_KEY: must be visible ASCII')]);
  });
});

describe('triptych rerank and policy', slow, () => {
  it('put ids of a file and of standard input in order', async () => {
    writeFileSync(join(cli.folder, 'ids.txt'), 'film-1\n\nfilm-7\nnobody\n');
    const text = await cli.run(['rerank', 'robot 7', 'ids.txt', ...data]);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/^ {2}1 0\.\d{3} \S* +film-7$/m);
    expect(text.stdout).toContain('warning: ');
    const json = await cli.run(['rerank', 'robot 7', '-', '--json', '--top-n', '1', ...data], {
      input: 'film-1\nfilm-7\n',
    });
    expect(JSON.parse(json.stdout)).toMatchObject({ results: [{ index: 1 }] });
    const texts = await cli.run(['rerank', 'robot', '-', '--texts', ...data], {
      input: 'A story of a boat\nA robot that sings\n',
    });
    expect([texts.code, texts.stdout.split('\n')[0]]).toEqual([
      0,
      expect.stringMatching(/A robot that sings$/),
    ]);
    const none = await cli.run(['rerank', 'robot', 'none.txt', ...data]);
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('none.txt cannot be read')]);
  });

  it('write, change, show and delete a policy', async () => {
    const policy = {
      preferences: { genres: { Comedy: 0.5, Drama: -1 } },
      constraints: [{ kind: 'hideSeen' }],
    };
    const put = await cli.run(['policy', 'put', 'ann', '-', '--if-version', '0', '--json', ...data], {
      input: JSON.stringify(policy),
    });
    expect([put.code, put.stderr]).toEqual([0, '']);
    expect(JSON.parse(put.stdout)).toMatchObject(policy);
    const { version } = JSON.parse(put.stdout) as { version: number };
    const patched = await cli.run([
      ...['policy', 'patch', 'ann', '{"preferences": {"genres": {"Drama": null}}}', ...data],
    ]);
    expect(patched.stdout).toMatch(/^ann, default, version \d+\n/);
    expect(patched.stdout).toMatch(/^declared {2}genres Comedy {3}0\.50$/m);
    expect(patched.stdout).not.toContain('Drama');
    const late = await cli.run(['policy', 'delete', 'ann', '--if-version', String(version), ...data]);
    expect([late.code, late.stderr]).toEqual([1, expect.stringContaining('precondition_failed')]);
    expect((await cli.run(['policy', 'delete', 'ann', ...data])).code).toBe(0);
    const gone = await cli.run(['policy', 'get', 'ann', ...data]);
    expect(gone.stdout).toContain('version 0 (nothing is stored)');
    const wrong = await cli.run(['policy', 'put', 'ann', '{"constraints": 1}', ...data]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('constraints: ')]);
  });
});

describe('commands', slow, () => {
  const ids = ({ stdout }: { readonly stdout: string }) =>
    searchResponseSchema.parse(JSON.parse(stdout)).results.map(({ id }) => id);

  it('ask the server at --url, the one that uses the data folder, or open the folder themselves', async () => {
    const byFolder = await cli.run(['search', 'robot', '--json', ...data]);
    expect([byFolder.code, byFolder.stderr]).toEqual([0, '']);
    const tenant = await cli.run(['search', 'robot', '--tenant', 'acme', ...data]);
    expect([tenant.code, tenant.stderr]).toEqual([2, expect.stringContaining('--tenant: ')]);
    const byUrl = await cli.run(['search', 'robot', '--json', '--url', server.url]);
    await server.stop();
    const alone = await cli.run(['search', 'robot', '--json', ...data]);
    expect([alone.code, alone.stderr]).toEqual([0, '']);
    expect(ids(byFolder)).toHaveLength(10);
    expect([ids(byUrl), ids(alone)]).toEqual([ids(byFolder), ids(byFolder)]);
    const nobody = await cli.run(['search', 'robot', '--url', server.url]);
    expect([nobody.code, nobody.stderr]).toEqual([1, expect.stringContaining('unreachable')]);
    const other = await cli.run(['search', 'robot', '--tenant', 'acme', ...data]);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining('no_catalogue')]);
  });
});
