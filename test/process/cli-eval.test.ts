import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli, freshCli } from '../support/ingest-fixture.ts';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** Processes on a busy machine. */
const slow = { timeout: 240_000 };

const schema = {
  name: 'things',
  facets: { kinds: { from: 'kind' } },
  embedding: { model: 'given', dimension: 2, lo: 0, hi: 1, from: 'vector' },
};
const rows = [
  { id: 'red-ball', title: 'Red ball', kind: 'toy', vector: [1, 0] },
  { id: 'blue-ball', title: 'Blue ball', kind: 'toy', vector: [0.9, 0.1] },
  { id: 'red-car', title: 'Red car', kind: 'car', vector: [0, 1] },
  { id: 'blue-car', title: 'Blue car', kind: 'car', vector: [0.1, 0.9] },
];
const queries = [
  { id: 'q1', query: 'red ball' },
  { id: 'q2', query: 'blue', embedding: [0, 1], filter: { facet: 'kinds', any: ['car'] } },
  { id: 'q3', query: 'nobody judged this' },
];
const qrels = ['q1 0 red-ball 2', 'q1 0 blue-ball 1', 'q2 0 blue-car 1', 'q9 0 red-car 1'];

freshCli();

let folder: string;
const path = (name: string) => join(folder, name);
const write = (name: string, lines: readonly (string | object)[]): void =>
  writeFileSync(
    path(name),
    `${lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')}\n`,
  );
const triptych = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, TRIPTYCH_EMBEDDER: 'none' },
  });
  return { code: status, stdout, stderr };
};
const evaluate = (...args: string[]) =>
  triptych('eval', '--queries', 'q.ndjson', '--qrels', 'j.trec', ...args);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'triptych-eval-'));
  write('s.json', [schema]);
  write('rows.ndjson', rows);
  write('q.ndjson', queries);
  write('j.trec', qrels);
  const { code, stderr } = triptych('ingest', 'rows.ndjson', '--schema', 's.json');
  if (code !== 0) throw new Error(stderr);
}, slow.timeout);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  readonly queries: number;
  readonly not_judged: readonly string[];
  readonly not_asked: readonly string[];
  readonly systems: readonly Record<string, number | string>[];
  readonly comparisons: readonly Record<string, number | string>[];
  readonly each: readonly Record<string, number | string>[];
}

describe('triptych eval in a process of its own', slow, () => {
  it('judges profiles on a data folder, writes runs, and says what it left out', () => {
    const { code, stdout, stderr } = evaluate('--profile', 'linear,rrf', '--json', '--run', 'out.trec');
    expect(code, stderr).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ queries: 2, not_judged: ['q3'], not_asked: ['q9'] });
    expect(report.systems.map(({ system }) => system)).toEqual(['linear', 'rrf']);
    // q1: red-ball then blue-ball is the best order; q2: the filter and the vector leave blue-car first or second.
    for (const system of report.systems) {
      expect(system['recall@10']).toBe(1);
      expect(system['ndcg@10']).toBeGreaterThan(0.8);
    }
    expect(report.comparisons).toHaveLength(1);
    expect(report.comparisons[0]).toMatchObject({ system: 'rrf', baseline: 'linear', queries: 2 });
    expect(report.each.map(({ query }) => query)).toEqual(['q1', 'q2']);
    // Standard output is data alone, and a bar is for terminals.
    expect(stderr).not.toContain('\r');
    const run = readFileSync(path('out.linear.trec'), 'utf8').split('\n');
    expect(run[0]).toMatch(/^q1 Q0 red-ball 1 \d+ linear$/);
    expect(run.filter((line) => line.startsWith('q2')).every((line) => line.includes('-car'))).toBe(true);
    expect(existsSync(path('out.rrf.trec'))).toBe(true);
  });

  it('judges through the server that holds the folder, beside runs of others', async () => {
    const server = spawn(
      process.execPath,
      [main, 'serve', '--port', '0', '--no-demo', '--embedder', 'none'],
      { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      const url = await readyUrl(server);
      write('other.trec', ['q1 Q0 blue-car 1 9 x', 'q2 Q0 blue-car 1 9 x']);
      expect(evaluate('--run', 'own.trec').code).toBe(0);
      const compared = ['--compare', 'own.trec', 'other.trec', '--k', '5', '--seed', '7', '--url', url];
      const table = evaluate(...compared);
      expect(table.code, table.stderr).toBe(0);
      expect(table.stdout).toMatch(/^2 queries, nDCG over the first 5, 100 results asked for\n/);
      expect(table.stdout).toMatch(/system +ndcg@5 +recall@5 +recall@100 +p@5 +map +mrr/);
      expect(table.stdout).toMatch(/other\.trec beside linear: ndcg@5 -0\.\d+, .*p = \d\.\d{4} .*seed 7/);
      // What it wrote itself is judged as the profile that it came from, and is no different.
      const row = (system: string) => table.stdout.match(new RegExp(`^${system} +([01][.].*)$`, 'm'))![1];
      expect(row('own.trec')).toBe(row('linear'));
      expect(table.stdout).toContain('own.trec beside linear: ndcg@5 +0.0000, better on 0, equal on 2');
      const unknown = evaluate('--profile', 'nonsense', '--url', url);
      expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('--profile: ')]);
      write('bad.ndjson', [{ id: 'q1', query: 'a', filter: { facet: 'colour', any: ['red'] } }]);
      const bad = triptych('eval', '--queries', 'bad.ndjson', '--qrels', 'j.trec', '--url', url);
      expect([bad.code, bad.stderr]).toEqual([2, expect.stringContaining('bad.ndjson:1.filter.facet: ')]);
    } finally {
      const ended = new Promise((resolve) => server.once('close', resolve));
      server.kill('SIGTERM');
      await ended;
    }
  });
});

describe('triptych eval', () => {
  const files = (queriesFile: string, judgements: string, ...args: string[]) =>
    cli.run('eval', '--queries', path(queriesFile), '--qrels', path(judgements), ...args);

  it('says which file is wrong, and where, before it opens anything', async () => {
    write('bad.trec', ['q1 0 red-ball']);
    expect(await files('q.ndjson', 'bad.trec')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bad.trec:1: must be'),
    });
    write('others.trec', ['x1 0 red-ball 1']);
    expect(await files('q.ndjson', 'others.trec')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('for none of the queries'),
    });
    expect(await files('gone.ndjson', 'j.trec')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('gone.ndjson is not a file'),
    });
  });

  it('refuses runs that would be lost: of the name of a profile, or where there is no folder', async () => {
    expect(await files('q.ndjson', 'j.trec', '--compare', 'linear')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--compare: linear is the name of a profile'),
    });
    expect(await files('q.ndjson', 'j.trec', '--run', 'nowhere/x.trec')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/--run: .*nowhere is not a folder/),
    });
  });

  it('refuses flags that cannot be', async () => {
    for (const flags of [
      ['--k', '0'],
      ['--k', '101'],
      ['--seed', 'x'],
      ['--profile', ','],
      ['--compare', 'q.ndjson'],
    ])
      expect((await files('q.ndjson', 'j.trec', ...flags)).code, flags.join(' ')).toBe(2);
    expect((await cli.run('eval')).code).toBe(2);
  });

  it('shows examples and exit codes', async () => {
    const { code, stdout } = await cli.run('eval', '--help');
    expect(code).toBe(0);
    for (const part of ['Examples:', 'Exit codes:', '--qrels <file>']) expect(stdout).toContain(part);
  });
});

/** The address that a server prints when it is ready; its output is read to the end, so that it is never blocked. */
function readyUrl(server: ChildProcess): Promise<string> {
  let printed = '';
  return new Promise((resolve, reject) => {
    server.stdout!.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      const found = /Triptych is ready: (\S+)/.exec(printed);
      if (found !== null) resolve(found[1]!);
    });
    server.once('close', () => reject(new Error(`the server ended: ${printed}`)));
  });
}
