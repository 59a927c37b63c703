import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeyTable } from '../../src/adapters/keys-file/key-table.ts';
import { parseKeysFile } from '../../src/adapters/keys-file/keys-document.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { startHttp } from '../support/http-harness.ts';
import { cli, freshCli, rows, schemaFile, write } from '../support/ingest-fixture.ts';
import { testKey, withKeys } from '../support/keys.ts';

freshCli();

const keysNew = (...flags: string[]) =>
  cli.run('keys', 'new', '--id', 'a', '--tenant', 'acme', '--scopes', 'search,learn', ...flags);
const fileText = (name: string) => readFileSync(join(cli.folder, name), 'utf8');

describe('triptych keys new', () => {
  it('prints the key and its entry', async () => {
    const { code, stdout, stderr } = await keysNew('--expires', '2099-01-01', '--rate', '5', '--burst', '0');
    expect(code).toBe(0);
    const [secret, entry, ...rest] = stdout.split('\n');
    expect(rest).toEqual(['']);
    expect(JSON.parse(entry!)).toEqual({
      id: 'a',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      tenant: 'acme',
      scopes: ['search', 'learn'],
      expires: '2099-01-01',
      rate_per_second: 5,
      burst: 0,
    });
    const table = new KeyTable(parseKeysFile(`{"keys": [${entry}]}`, 'x'));
    expect(table.authenticate(secret!, Date.now())).toMatchObject({ keyId: 'a', tenant: 'acme' });
    expect(stderr).not.toContain(secret!);
  });

  it('adds it to a file that only its owner reads, and prints nothing but the key', async () => {
    const first = await keysNew('--file', 'keys.json');
    expect([first.code, first.stdout]).toEqual([0, expect.stringMatching(/^tp_a_[\w-]{43}\n$/)]);
    expect(statSync(join(cli.folder, 'keys.json')).mode & 0o777).toBe(0o600);
    expect(fileText('keys.json')).not.toContain(first.stdout.trim().slice(-43));
    const again = await keysNew('--file', 'keys.json');
    expect([again.code, again.stdout]).toEqual([2, '']);
    expect(again.stderr).toContain('there is a key "a" already');
  });

  it('names the flag that is wrong', async () => {
    const wrong = await cli.run(
      ...['keys', 'new', '--id', 'a_b', '--tenant', 'x y', '--scopes', 'all', '--rate', 'fast'],
    );
    expect([wrong.code, wrong.stdout]).toEqual([2, '']);
    for (const flag of ['--id', '--tenant', '--scopes', '--rate'])
      expect(wrong.stderr).toContain(`${flag}: `);
    expect((await cli.run('keys', 'new', '--id', 'a')).code).toBe(2);
    expect((await cli.run('keys', 'new', '--help')).stdout).toContain('Examples:');
  });
});

describe('triptych keys list', () => {
  it('shows the keys without secrets', async () => {
    await keysNew('--file', 'k.json');
    await cli.run(
      ...['keys', 'new', '--file', 'k.json', '--id', 'old', '--tenant', 'globex', '--scopes', 'admin'],
      ...['--expires', '2020-01-01', '--rate', '7'],
    );
    const table = await cli.run('keys', 'list', '--file', 'k.json');
    expect(table.stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['id', 'tenant', 'scopes', 'expires', 'rate'],
      ['a', 'acme', 'search,learn', 'never', '100/s'],
      ['old', 'globex', 'admin', '2020-01-01 (ended)', '7/s'],
      [''],
    ]);
    const json = await cli.run('keys', 'list', '--file', 'k.json', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject([{ id: 'a' }, { id: 'old', expires: '2020-01-01' }]);
    expect(json.stdout).not.toContain('sha256');
    expect((await cli.run('keys', 'list', '--file', 'none.json')).code).toBe(2);
  });
});

describe('ingest', () => {
  const command = (...flags: string[]) => [
    ...['ingest', write('a.ndjson', rows(3)), '--schema', schemaFile()],
    ...flags,
  ];

  it('sends the key of the environment or of a file, and says what is missing', async () => {
    const key = testKey('loader', { scopes: ['ingest'] });
    const reader = testKey('reader', { scopes: ['search'] });
    const server = await startHttp(new FakeTriptych(), undefined, withKeys(key, reader));
    server.triptych.live = null;
    try {
      const without = await cli.run(...command('--url', server.url));
      expect([without.code, without.stderr]).toEqual([1, expect.stringContaining('TRIPTYCH_API_KEY')]);
      cli.env = { TRIPTYCH_API_KEY: reader.secret };
      const wrong = await cli.run(...command('--url', server.url));
      expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('the scope `ingest`')]);
      for (const run of [without, wrong]) expect(run.stderr).not.toContain(reader.secret);
      writeFileSync(join(cli.folder, 'key.txt'), `${key.secret}\n`);
      const byFile = await cli.run(...command('--url', server.url, '--api-key-file', 'key.txt'));
      expect([byFile.code, byFile.stderr]).toEqual([0, expect.any(String)]);
      cli.env = { TRIPTYCH_API_KEY: key.secret };
      cli.holder = { pid: 1, url: server.url };
      const byFolder = await cli.run(...command());
      expect([byFolder.code, server.triptych.stored.size]).toEqual([0, 3]);
      expect(byFolder.stderr).not.toContain('warning');
    } finally {
      await server.close();
    }
  });

  it('needs a file that holds one key', async () => {
    write('two.txt', ['one two']);
    for (const file of ['two.txt', 'none.txt']) {
      const run = await cli.run(...command('--url', 'http://127.0.0.1:1', '--api-key-file', file));
      expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('--api-key-file')]);
    }
  });

  it('writes into the catalogue of the tenant that is named', async () => {
    expect((await cli.run(...command('--tenant', 'acme'))).code).toBe(0);
    expect(await cli.store.catalogue('default')).toBeNull();
    expect(await cli.store.count('acme', 1)).toBe(3);
    const replaced = await cli.run(...command('--tenant', 'acme', '--replace'));
    expect(replaced.code).toBe(0);
    expect((await cli.store.catalogue('acme'))?.generation).toBe(2);
    expect((await cli.run(...command('--tenant', 'a b'))).code).toBe(2);
    expect((await cli.run(...command('--tenant', 'acme', '--url', 'http://127.0.0.1:1'))).code).toBe(2);
    cli.holder = { pid: 7, url: 'http://127.0.0.1:1' };
    const served = await cli.run(...command('--tenant', 'acme'));
    expect([served.code, served.stderr]).toEqual([1, expect.stringContaining('tenant of the API key')]);
  });
});
