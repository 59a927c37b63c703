import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeCpu } from '../../src/cli/doctor/cpu.ts';
import type { DoctorReport } from '../../src/cli/doctor/report.ts';
import { backendNames } from '../../src/domain/backend-name.ts';
import { planStats } from '../support/fake-answers.ts';
import { startHttp } from '../support/http-harness.ts';
import { cli, freshCli } from '../support/ingest-fixture.ts';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

freshCli();

/** Two processes on a busy machine. */
const slow = { timeout: 240_000 };

describe('triptych doctor in a process of its own', slow, () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'triptych-doctor-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { code: status, stdout, stderr };
  };

  it('tells every backend and why some are missing, without server and without a trace', () => {
    const { code, stdout, stderr } = run('doctor', '--json', '--embedder', 'none');
    expect([code, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as DoctorReport;
    expect(report.backends.map(({ name }) => name)).toEqual(backendNames);
    for (const { name, state, reason } of report.backends) {
      expect(['ready', 'missing', 'unused'], name).toContain(state);
      expect(state === 'unused', name).toBe(name.startsWith('tfjs-'));
      expect(reason === null, name).toBe(state === 'ready');
    }
    expect(report.backends.find(({ name }) => name === 'js')!.state).toBe('ready');
    expect(report).toMatchObject({
      node: process.version,
      setting: 'auto',
      data_dir: { path: join(folder, '.triptych'), holder: null },
      calibrations: [],
      problems: [],
    });
    expect(existsSync(join(folder, '.triptych'))).toBe(false);
  });

  it('and serve refuse a backend that is named and not there, with the reason', (context) => {
    const { backends } = JSON.parse(run('doctor', '--json', '--embedder', 'none').stdout) as DoctorReport;
    const missing = backends.find(({ state }) => state === 'missing');
    if (missing === undefined) {
      context.skip('every backend is there on this machine');
      return;
    }
    const settings = ['--embedder', 'none', '--rerank-backend', missing.name];
    const doctor = run('doctor', ...settings);
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain(`problem: ${missing.name} is not available: ${missing.reason}`);
    const serve = run('serve', '--port', '0', ...settings);
    expect([serve.code, serve.stdout]).toEqual([2, '']);
    expect(serve.stderr).toContain(`rerank_backend: ${missing.name} is not available: ${missing.reason}`);
    expect(existsSync(join(folder, '.triptych', 'pglite'))).toBe(false);
  });
});

describe('triptych doctor', () => {
  it('prints lines for people', async () => {
    cli.inspection = {
      backends: planStats.scorer.backends,
      problem: null,
      calibrations: planStats.scorer.calibrations.map(({ kept, ...one }) => one),
      stores: [
        { store: 'postgres', reason: null, isRefused: false },
        { store: 'milvus', reason: 'no answer', isRefused: false },
      ],
      catalogues: [
        { tenant: 'a', model: 'm', dimension: 512 },
        { tenant: 'b', model: 'm', dimension: 768 },
        { tenant: 'c', model: 'n', dimension: 512 },
      ],
      embedder: { name: 'a model', reason: 'no answer', space: { model: 'm', dimension: 512 } },
    };
    cli.holder = { pid: 77, url: 'http://127.0.0.1:8080' };
    const { code, stdout } = await cli.run('doctor', '--data-dir', 'd');
    expect(code).toBe(0);
    for (const line of [
      'native          ready (avx2)',
      'cuda            missing: no driver',
      'js              ready',
      'rerank_backend  auto',
      'embedder        a model: no answer',
      'postgres        answers',
      'milvus          does not answer: no answer',
      'catalogue       a: vectors of m, 512 numbers',
      'catalogue       b: vectors of m, 768 numbers; the embedder makes those of m, 512 numbers, and is not used',
      'catalogue       c: vectors of n, 512 numbers; the embedder makes those of m, 512 numbers, and is not used',
      `data folder     ${join(cli.folder, 'd')}, in use by process 77 at http://127.0.0.1:8080`,
      '  f32, up to 512 dimensions, measured 2026-01-02T00:00:00.000Z',
      '     30 x  1  js         native 10, js 2',
      '   1000 x 32  native     native 120, js 1100',
    ])
      expect(stdout.split('\n')).toContain(line);
    expect(stdout.split('\n').filter((line) => /^ +\d+ x/.test(line))).toHaveLength(12);
  });

  it('asks the server that uses the data folder whose vectors its catalogue has', async () => {
    const server = await startHttp();
    cli.holder = { pid: 77, url: server.url };
    const embedder = { name: 'a model', reason: null, space: { model: 'test', dimension: 512 } };
    cli.inspection = { ...cli.inspection, embedder };
    const { stdout } = await cli.run('doctor', '--json');
    expect((JSON.parse(stdout) as DoctorReport).catalogues).toEqual([
      { tenant: null, model: 'test', dimension: 4, is_embedded: false },
    ]);
    const lines = (await cli.run('doctor')).stdout.split('\n');
    const own = 'catalogue       vectors of test, 4 numbers';
    const not = 'the embedder makes those of test, 512 numbers, and is not used';
    expect(lines).toContain(`${own}; ${not}`);
    cli.inspection = { ...cli.inspection, embedder: { ...embedder, space: { model: 'test', dimension: 4 } } };
    expect((await cli.run('doctor')).stdout.split('\n')).toContain(own);
    cli.inspection = { ...cli.inspection, embedder: { ...embedder, space: null } };
    expect((await cli.run('doctor')).stdout).toContain(`${own}; there is no embedder\n`);
    await server.close();
    const gone = await cli.run('doctor', '--json');
    expect([gone.code, (JSON.parse(gone.stdout) as DoctorReport).catalogues]).toEqual([0, []]);
  });

  it('ends with 1 where the settings cannot be had', async () => {
    cli.inspection = { ...cli.inspection, problem: 'cuda is not available: no driver' };
    const { code, stdout } = await cli.run('doctor');
    expect([code, stdout]).toEqual([1, expect.stringContaining('problem: cuda is not available: no driver')]);
    expect((await cli.run('doctor', '--help')).stdout).toContain('Examples:');
    expect((await cli.run('doctor', '--rerank-backend', 'abacus')).code).toBe(2);
  });

  it('reads the instructions of the processor where the system tells', () => {
    const path = join(cli.folder, 'cpuinfo');
    writeFileSync(path, 'processor\t: 0\nflags\t\t: fpu sse4_2 avx avx2 fma avx512vnni\n\nflags\t: none\n');
    expect(describeCpu(path).instructions).toEqual(['sse4_2', 'avx', 'fma', 'avx2']);
    writeFileSync(path, 'Features\t: fp asimd aes\n');
    expect(describeCpu(path).instructions).toEqual(['asimd']);
    expect(describeCpu(join(cli.folder, 'none')).instructions).toBeNull();
  });
});
