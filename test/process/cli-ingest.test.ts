import { existsSync, linkSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import {
  batch,
  cli,
  freshCli,
  onWrite,
  row,
  rows,
  schemaFile,
  stored,
  versions,
  write,
} from '../support/ingest-fixture.ts';

freshCli();

describe('triptych ingest', () => {
  it('writes every row and prints a summary', async () => {
    const { code, stdout } = await cli.run('ingest', write('a.ndjson', rows(250)), '--schema', schemaFile());
    expect(stdout).toMatch(/^250 read, 250 written, 0 rejected, [\d,]+ documents\/s\n$/);
    expect(code).toBe(0);
    expect(await stored()).toEqual(versions(250));
    expect(existsSync(join(cli.folder, 'a.ndjson.rejects.ndjson'))).toBe(false);
    expect(existsSync(join(cli.folder, 'a.ndjson.ingest.json'))).toBe(false);
  });

  it('reads standard input, and prints JSON', async () => {
    const text = rows(3)
      .map((line) => JSON.stringify(line))
      .join('\n');
    const { code, stdout } = await cli.runWith(text, ['ingest', '-', '--schema', schemaFile(), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ read: 3, written: 3, rejected: 0, rejects: null, live: true });
    expect(code).toBe(0);
    expect(await stored()).toEqual(versions(3));
  });

  it('sets rejected rows aside with line, reason, path and row', async () => {
    const lines = [
      row(0),
      '{"id": "t1"',
      '',
      { ...row(2), title: undefined },
      { ...row(3), vector: [1] },
      row(4),
    ];
    const { code, stderr } = await cli.run('ingest', write('a.ndjson', lines), '--schema', schemaFile());
    expect(code).toBe(3);
    expect(stderr).toContain('a.ndjson.rejects.ndjson');
    expect(await stored()).toEqual({ t0: 1, t4: 1 });
    const rejects = readFileSync(join(cli.folder, 'a.ndjson.rejects.ndjson'), 'utf8').trim().split('\n');
    const parsed = rejects.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(parsed.map(({ line }) => line)).toEqual([2, 4, 5]);
    expect(parsed[0]).toMatchObject({ path: null, row: '{"id": "t1"' });
    expect(parsed[0]?.reason).toContain('not JSON');
    expect(parsed[1]?.path).toBe('title');
    expect(parsed[2]).toMatchObject({ path: 'embedding', row: { id: 't3' } });
  });

  it('rejects only the rows that the service refuses, in whatever batch they are', async () => {
    cli.wrap = (service) => ({
      ...service,
      write: async (tenant, operations, options) => {
        if (
          operations.some((operation) => operation.kind === 'put' && /^t(7|150)$/.test(operation.document.id))
        )
          throw new TriptychError('invalid_document', 'no', {
            fields: [{ path: '[0].title', message: 'no' }],
          });
        return service.write(tenant, operations, options);
      },
    });
    const { code, stdout } = await cli.run('ingest', write('a.ndjson', rows(200)), '--schema', schemaFile());
    expect(stdout).toContain('200 read, 198 written, 2 rejected');
    expect(code).toBe(3);
    const { t7, t150, ...rest } = versions(200);
    expect([t7, t150]).toEqual([1, 1]);
    expect(await stored()).toEqual(rest);
  });

  it('tries again what a store may accept later', async () => {
    onWrite((count) => {
      if (count === 1) throw new TriptychError('overloaded', 'later');
    });
    const { code } = await cli.run('ingest', write('a.ndjson', rows(5)), '--schema', schemaFile());
    expect(code).toBe(0);
    expect(await stored()).toEqual(versions(5));
  });
});

describe('an interrupted ingest', () => {
  const command = (...flags: string[]) => ['ingest', 'a.ndjson', '--schema', 's.json', ...flags];

  it('stops after the batch in flight and continues there', async () => {
    const lines: (string | object)[] = rows(5 * batch);
    lines[10] = 'broken';
    lines[2 * batch + 5] = 'broken too';
    write('a.ndjson', lines);
    schemaFile();
    onWrite((count) => {
      if (count === 2) process.emit('SIGINT', 'SIGINT');
    });
    const first = await cli.run(...command());
    expect(first.code).toBe(130);
    expect(first.stderr).toContain(`Stopped after line ${2 * batch}. The same command continues there`);
    expect(Object.keys(await stored())).toHaveLength(2 * batch - 1);

    const second = await cli.run(...command('--json'));
    expect(second.code).toBe(3);
    expect(JSON.parse(second.stdout)).toMatchObject({
      ...{ read: 5 * batch, written: 5 * batch - 2, rejected: 2, continued_after_line: 2 * batch },
    });
    expect(new Set(Object.values(await stored()))).toEqual(new Set([1]));
    const rejects = readFileSync(join(cli.folder, 'a.ndjson.rejects.ndjson'), 'utf8').trim().split('\n');
    expect(rejects.map((line) => (JSON.parse(line) as { line: number }).line)).toEqual([11, 2 * batch + 6]);
  });

  it('continues after a failure, also when the file has grown', async () => {
    write('a.ndjson', rows(3 * batch));
    schemaFile();
    onWrite((count) => {
      if (count === 2) throw new Error('the disk is gone');
    });
    const first = await cli.run(...command());
    expect(first.code).toBe(1);
    expect(first.stderr).toContain('the disk is gone');
    write('a.ndjson', rows(4 * batch));
    const second = await cli.run(...command());
    expect(second.code).toBe(0);
    expect(second.stderr).toContain(`Continuing after line ${batch}.`);
    expect(await stored()).toEqual(versions(4 * batch));
  });

  it('does not continue on another file, schema or target, unless told to start over', async () => {
    write('a.ndjson', rows(2 * batch));
    schemaFile();
    onWrite((count) => {
      if (count === 2) throw new Error('cut');
    });
    expect((await cli.run(...command())).code).toBe(1);
    for (const [flags, message] of [
      [['--data-dir', 'elsewhere'], 'it wrote to'],
      [['--replace'], 'without --replace'],
    ] as const) {
      const { code, stderr } = await cli.run(...command(...flags));
      expect(code).toBe(2);
      expect(stderr).toContain(message);
    }
    write('a.ndjson', [{ ...row(0), title: 'Other' }, ...rows(2 * batch).slice(1)]);
    const changed = await cli.run(...command());
    expect([changed.code, changed.stderr]).toEqual([2, expect.stringContaining('has changed since')]);
    expect((await cli.run(...command('--restart'))).code).toBe(0);
    const after = await stored();
    expect(Object.keys(after)).toHaveLength(2 * batch);
    expect([after.t0, after[`t${batch}`]]).toEqual([2, 1]);
  });
});

describe('an interrupted ingest of standard input', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends on %s with a summary of what is committed', async (signal, code) => {
    const stdin = new PassThrough();
    const lines = [...rows(batch), row(batch)].map((line) => `${JSON.stringify(line)}\n`);
    stdin.write(lines.join(''));
    onWrite(() => setImmediate(() => process.emit(signal, signal)));
    const run = await cli.runWith(stdin, ['ingest', '-', '--schema', schemaFile(), '--json']);
    expect(run.code).toBe(code);
    expect(JSON.parse(run.stdout)).toMatchObject({ written: batch, complete: false, lines: batch });
    expect(run.stderr).toContain('Standard input cannot be continued');
    expect(run.stderr).not.toContain('error');
    expect(await stored()).toEqual(versions(batch));
  });

  it('still fails when the input breaks by itself', async () => {
    const stdin = new Readable({
      read() {
        this.destroy(new Error('the pipe broke'));
      },
    });
    const run = await cli.runWith(stdin, ['ingest', '-', '--schema', schemaFile()]);
    expect([run.code, run.stderr]).toEqual([1, expect.stringContaining('the pipe broke')]);
  });
});

describe('wrong usage', () => {
  it.each([
    [['ingest', 'a.ndjson']],
    [['ingest', '--schema', 's.json']],
    [['ingest', 'a.ndjson', '--schema', 's.json', '--unknown']],
    [['ingest', 'a.ndjson', '--schema', 'absent.json']],
    [['ingest', 'a.ndjson', '--schema', 's.json', '--url', 'ftp://x']],
    [['ingest', 'a.ndjson', '--schema', 's.json', '--url', 'http://x', '--replace']],
    [['serve', '--port', 'x']],
    [['unknown']],
    [[]],
  ])('ends with 2: %j', async (args) => {
    write('a.ndjson', rows(1));
    schemaFile();
    const { code, stdout, stderr } = await cli.run(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
  });

  it('never takes the input, the schema or the progress for the rejects file', async () => {
    write('a.ndjson', rows(1));
    schemaFile();
    linkSync(join(cli.folder, 'a.ndjson'), join(cli.folder, 'link.ndjson'));
    for (const path of ['a.ndjson', './a.ndjson', 'link.ndjson', 's.json', 'a.ndjson.ingest.json']) {
      const run = await cli.run('ingest', 'a.ndjson', '--schema', 's.json', '--rejects', path);
      expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('--rejects')]);
    }
    const piped = await cli.runWith('{}', ['ingest', '-', '--schema', 's.json', '--rejects', 's.json']);
    expect(piped.code).toBe(2);
    for (const kept of ['a.ndjson', 's.json']) expect(existsSync(join(cli.folder, kept))).toBe(true);
  });

  it('says which file is missing, and what is wrong with a schema file', async () => {
    const missing = await cli.run('ingest', 'absent.ndjson', '--schema', schemaFile());
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('absent.ndjson')]);
    const wrong = await cli.run(
      'ingest',
      write('a.ndjson', rows(1)),
      '--schema',
      schemaFile({ popularity: 'x' }),
    );
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('popularity')]);
  });

  it('helps, listing the commands that there are and the exit codes', async () => {
    const { code, stdout } = await cli.run('--help');
    expect(code).toBe(0);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) .*$/gm)].map(([, name]) => name);
    expect(commands).toEqual([
      'serve',
      'ingest',
      'search',
      'rerank',
      'policy',
      'eval',
      'mcp',
      'backup',
      'restore',
      'rebuild',
      'keys',
      'db',
      'doctor',
      'help',
    ]);
    expect(stdout).toContain('130');
    expect((await cli.run('ingest', '--help')).stdout).toContain('Examples:');
    expect((await cli.run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
