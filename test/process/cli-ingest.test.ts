import { existsSync, linkSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Catalogue } from '../../src/domain/catalogue-schema.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import type { Triptych } from '../../src/ports/triptych.ts';
import { problemOf } from '../../src/wire/problem.ts';
import { CliFixture } from '../support/cli-runtime.ts';
import { startHttp } from '../support/http-harness.ts';
import { MemoryDocumentStore } from '../support/memory-document-store.ts';

let cli: CliFixture;
beforeEach(() => {
  cli = new CliFixture();
});
afterEach(() => cli.remove());

const schema = {
  name: 'things',
  facets: { kinds: { from: 'kind' } },
  embedding: { model: 'given', dimension: 3, lo: 0, hi: 1, from: 'vector' },
};

const row = (index: number) => ({
  id: `t${index}`,
  title: `Thing ${index}`,
  kind: 'a',
  vector: [1, index, 0],
});

function write(name: string, lines: readonly (string | object)[]): string {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(join(cli.folder, name), `${text.join('\n')}\n`);
  return name;
}

function schemaFile(changes: object = {}): string {
  return write('s.json', [{ ...schema, ...changes }]);
}

async function stored(generation = 1): Promise<Record<string, number>> {
  const documents = await cli.store.list('default', generation, null, 10_000);
  return Object.fromEntries(documents.map(({ id, version }) => [id, version]));
}

const rows = (count: number) => Array.from({ length: count }, (_, index) => row(index));
const versions = (count: number) => Object.fromEntries(rows(count).map(({ id }) => [id, 1]));
const batch = limits.ingestBatchRows;

/** Runs `before` ahead of each write of the services that commands open; counts them across commands. */
function onWrite(before: (count: number) => void): void {
  let count = 0;
  cli.wrap = (service): Triptych => ({
    ...service,
    write: async (...args) => {
      count += 1;
      before(count);
      return service.write(...args);
    },
  });
}

/** Runs `before` ahead of that staged write, counted across commands. */
function onStagedWrite(at: number, before: () => void): void {
  let count = 0;
  cli.wrap = (service): Triptych => ({
    ...service,
    replaceCatalogue: async (...args) => {
      const staged = await service.replaceCatalogue(...args);
      return {
        ...staged,
        write: async (operations) => {
          count += 1;
          if (count === at) before();
          return staged.write(operations);
        },
      };
    },
  });
}

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

describe('what an interrupted ingest wrote', () => {
  const command = (...flags: string[]) => ['ingest', 'a.ndjson', '--schema', 's.json', ...flags];
  const cutAt = (cut: number) =>
    onWrite((count) => {
      if (count === cut) throw new Error('cut');
    });

  it('is continued where it stands: in the live catalogue, if --replace found none', async () => {
    write('a.ndjson', rows(3 * batch));
    schemaFile();
    cutAt(2);
    expect((await cli.run(...command('--replace'))).code).toBe(1);
    const again = await cli.run(...command('--replace'));
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('Continuing after line')]);
    const live = await cli.store.catalogue('default');
    expect(await stored(live?.generation)).toEqual(versions(3 * batch));
  });

  it('is continued in the staged catalogue, if --replace had opened one', async () => {
    await cli.run('ingest', write('old.ndjson', rows(3)), '--schema', schemaFile());
    write('a.ndjson', rows(3 * batch));
    schemaFile({ name: 'others' });
    onStagedWrite(2, () => {
      throw new Error('cut');
    });
    expect((await cli.run(...command('--replace'))).code).toBe(1);
    expect((await cli.store.catalogue('default'))?.schema.name).toBe('things');
    const again = await cli.run(...command('--replace'));
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('Continuing after line')]);
    const live = await cli.store.catalogue('default');
    expect(live?.schema.name).toBe('others');
    expect(await stored(live?.generation)).toEqual(versions(3 * batch));
  });

  it('must still be there: a deleted data folder is not continued', async () => {
    write('a.ndjson', rows(3 * batch));
    schemaFile();
    cutAt(2);
    expect((await cli.run(...command())).code).toBe(1);
    cli.store = new MemoryDocumentStore();
    const gone = await cli.run(...command());
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('not there any more')]);
    expect(gone.stderr).toContain('--restart');
    expect(await cli.store.catalogue('default')).toBeNull();
    expect((await cli.run(...command('--restart'))).code).toBe(0);
    expect(await stored()).toEqual(versions(3 * batch));
  });

  it('must still be there: a renewed folder with fewer documents is not continued', async () => {
    write('a.ndjson', rows(3 * batch));
    schemaFile();
    cutAt(3);
    expect((await cli.run(...command())).code).toBe(1);
    cli.store = new MemoryDocumentStore();
    expect((await cli.run('ingest', write('b.ndjson', rows(7)), '--schema', 's.json')).code).toBe(0);
    const fewer = await cli.run(...command());
    expect(fewer.code).toBe(2);
    expect(fewer.stderr).toContain(`then held ${2 * batch} documents, now 7`);
    expect(await stored()).toEqual(versions(7));
  });

  it('must still be there, also behind a server', async () => {
    const server = await startHttp();
    server.triptych.live = null;
    write('a.ndjson', rows(3 * batch));
    schemaFile();
    try {
      const cut = new TriptychError('internal', 'cut');
      server.triptych.beforeWrite = async () => {
        if (server.triptych.stored.size >= batch) throw cut;
      };
      expect((await cli.run(...command('--url', server.url))).code).toBe(1);
      server.triptych.beforeWrite = async () => {};
      const first = server.triptych.live as Catalogue | null;
      server.triptych.live = first && { ...first, generation: 2 };
      const renewed = await cli.run(...command('--url', server.url));
      expect([renewed.code, renewed.stderr]).toEqual([2, expect.stringContaining('generation 1')]);
      expect(server.triptych.stored.size).toBe(batch);
      server.triptych.live = first;
      const again = await cli.run(...command('--url', server.url));
      expect(again.stderr).toContain(`Continuing after line ${batch}.`);
      expect([again.code, server.triptych.stored.size]).toEqual([0, 3 * batch]);
    } finally {
      await server.close();
    }
  });

  it('must still be there: a dropped stage is not continued', async () => {
    await cli.run('ingest', write('old.ndjson', rows(3)), '--schema', schemaFile());
    write('a.ndjson', rows(3 * batch));
    const other = schemaFile({ name: 'others' });
    onStagedWrite(2, () => {
      throw new Error('cut');
    });
    expect((await cli.run(...command('--replace'))).code).toBe(1);
    write('third.json', [{ ...schema, name: 'third' }]);
    write('c.ndjson', ['broken', row(1)]);
    expect((await cli.run('ingest', 'c.ndjson', '--schema', 'third.json', '--replace')).code).toBe(3);
    const dropped = await cli.run('ingest', 'a.ndjson', '--schema', other, '--replace');
    expect([dropped.code, dropped.stderr]).toEqual([2, expect.stringContaining('generation 2')]);
    expect((await cli.store.catalogue('default'))?.schema.name).toBe('things');
    expect((await cli.run(...command('--replace', '--restart'))).code).toBe(0);
    const live = await cli.store.catalogue('default');
    expect(await stored(live?.generation)).toEqual(versions(3 * batch));
  });
});

describe('ingest --replace', () => {
  const other = { name: 'others', facets: {} };

  it('is needed for another schema, and swaps everything at the end', async () => {
    await cli.run('ingest', write('a.ndjson', rows(3)), '--schema', schemaFile());
    write('b.ndjson', [row(8), row(9)]);
    schemaFile(other);
    const refused = await cli.run('ingest', 'b.ndjson', '--schema', 's.json');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Add --replace: it loads the file beside');
    const { code } = await cli.run('ingest', 'b.ndjson', '--schema', 's.json', '--replace');
    expect(code).toBe(0);
    const live = await cli.store.catalogue('default');
    expect(live?.schema.name).toBe('others');
    expect(await stored(live?.generation)).toEqual({ t8: 1, t9: 1 });
  });

  it('keeps the present catalogue when rows were rejected, until that is accepted', async () => {
    await cli.run('ingest', write('a.ndjson', rows(3)), '--schema', schemaFile());
    write('b.ndjson', [row(8), 'broken', row(9)]);
    schemaFile(other);
    const command = ['ingest', 'b.ndjson', '--schema', 's.json', '--replace'];
    const first = await cli.run(...command);
    expect([first.code, first.stderr]).toEqual([3, expect.stringContaining('the present catalogue stays')]);
    expect((await cli.store.catalogue('default'))?.schema.name).toBe('things');
    const second = await cli.run(...command, '--accept-rejects', '--json');
    expect(second.code).toBe(3);
    expect(JSON.parse(second.stdout)).toMatchObject({ read: 3, written: 2, rejected: 1, live: true });
    expect((await cli.store.catalogue('default'))?.schema.name).toBe('others');
  });

  it('never swaps in a catalogue without documents', async () => {
    await cli.run('ingest', write('a.ndjson', rows(3)), '--schema', schemaFile());
    schemaFile(other);
    const command = [
      'ingest',
      write('b.ndjson', ['{}']),
      '--schema',
      's.json',
      '--replace',
      '--accept-rejects',
    ];
    const { code, stderr } = await cli.run(...command);
    expect([code, stderr]).toEqual([3, expect.stringContaining('No row was written')]);
    expect((await cli.store.catalogue('default'))?.schema.name).toBe('things');
  });

  it('is named with what to stop where a server holds the other schema', async () => {
    const server = createServer((_request, response) => {
      const problem = new TriptychError('catalogue_conflict', 'another schema is live');
      response.writeHead(409, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify(problemOf(problem)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const command = ['ingest', write('a.ndjson', rows(1)), '--schema', schemaFile()];
    try {
      const byUrl = await cli.run(...command, '--url', url);
      expect(byUrl.code).toBe(1);
      expect(byUrl.stderr).toContain('Stop the server and give --replace with its --data-dir');
      cli.holder = { pid: 7, url };
      const byFolder = await cli.run(...command);
      expect(byFolder.code).toBe(1);
      expect(byFolder.stderr).toContain('Stop the server (process 7) and add --replace');
    } finally {
      server.close();
    }
  });

  it('is refused while a server uses the data folder', async () => {
    cli.holder = { pid: 1, url: 'http://127.0.0.1:1' };
    const { code, stderr } = await cli.run(
      ...['ingest', write('a.ndjson', rows(1)), '--schema', schemaFile(), '--replace'],
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('Stop it before')]);
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
    expect(commands).toEqual(['serve', 'ingest', 'help']);
    expect(stdout).toContain('130');
    expect((await cli.run('ingest', '--help')).stdout).toContain('Examples:');
    expect((await cli.run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
