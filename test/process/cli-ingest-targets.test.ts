import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Catalogue } from '../../src/domain/catalogue-schema.ts';
import { TriptychError } from '../../src/errors.ts';
import { problemOf } from '../../src/wire/problem.ts';
import { startHttp } from '../support/http-harness.ts';
import {
  batch,
  cli,
  freshCli,
  onStagedWrite,
  onWrite,
  row,
  rows,
  schema,
  schemaFile,
  stored,
  versions,
  write,
} from '../support/ingest-fixture.ts';
import { MemoryDocumentStore } from '../support/memory-document-store.ts';

freshCli();

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
