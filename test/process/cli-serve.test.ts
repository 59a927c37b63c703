import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

let folder: string;
const running = new Set<ChildProcess>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'triptych-serve-'));
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
  rmSync(folder, { recursive: true, force: true });
});

/** A command in a process of its own. */
class Command {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly ended: Promise<number | NodeJS.Signals | null>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [main, ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.child);
    this.child.stdout!.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    this.child.stderr!.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve(code ?? signal));
    });
  }

  /** The first match on standard output; fails when the process ends before. */
  async match(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout);
      if (found !== null) return found;
      const next = new Promise((resolve) => this.child.stdout!.once('data', resolve));
      const ended = await Promise.race([next.then(() => null), this.ended]);
      if (ended !== null && pattern.exec(this.stdout) === null)
        throw new Error(`ended with ${ended}: ${this.stdout}${this.stderr}`);
    }
  }
}

const serve = (...args: string[]): Command =>
  new Command(['serve', '--port', '0', '--embedder', 'none', ...args]);

async function readyUrl(command: Command): Promise<string> {
  return (await command.match(/Triptych is ready: (\S+)\n[\s\S]*\n$/))[1]!;
}

async function searchTitles(url: string, body: object): Promise<string[]> {
  const response = await fetch(`${url}/v1/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return ((await response.json()) as { results: { title: string }[] }).results.map(({ title }) => title);
}

const schema = { name: 'things', embedding: { model: 'given', dimension: 2, lo: 0, hi: 1, from: 'vector' } };
const rows = (count: number): string =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({ id: `t${i}`, title: `Thing number ${i}`, vector: [1, i] }),
  ).join('\n');

/** Processes and a database each: slow on a busy machine. */
const slow = { timeout: 240_000 };

describe('triptych serve', slow, () => {
  it('loads the demo on the first run, says what is in use, and answers the line it shows', async () => {
    const first = serve();
    const url = await readyUrl(first);
    expect(first.stderr).toContain('First run: loading the demo catalogue, 3,201 documents');
    expect(first.stdout).toMatch(/documents +3,201\n/);
    for (const part of ['embedder', 'scorer', 'vectors'])
      expect(first.stdout).toMatch(new RegExp(`${part} +\\S`));
    const [, shown, body] = /curl -s (\S+) -H 'content-type: application\/json' -d '(.*)'/.exec(
      first.stdout,
    )!;
    expect(shown).toBe(`${url}/v1/search`);
    const asked = async () => (await searchTitles(url, JSON.parse(body!) as object)).length;
    // Its deadline is the default one, which a busy machine may miss.
    await expect.poll(asked, { timeout: 60_000 }).toBe(5);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);

    const second = serve();
    await readyUrl(second);
    expect(second.stderr).not.toContain('First run');
    expect(second.stdout).toMatch(/documents +3,201\n/);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);
  });

  it('begins the demo again when the first run was cut off', async () => {
    const cut = serve();
    await new Promise<void>((resolve) => {
      cut.child.stderr!.on('data', () => {
        if (cut.stderr.includes('First run')) resolve();
      });
    });
    cut.child.kill('SIGKILL');
    await cut.ended;
    const again = serve();
    await readyUrl(again);
    expect(again.stdout).toMatch(/documents +3,201\n/);
  });

  it('starts empty with --no-demo, or with the schema it is given', async () => {
    const empty = serve('--no-demo', '--json');
    const ready = JSON.parse((await empty.match(/^.*\n/))[0]) as Record<string, unknown>;
    expect(ready).toMatchObject({ documents: 0, embedder: 'none', scorer: expect.stringContaining('js') });
    empty.child.kill('SIGTERM');
    expect(await empty.ended).toBe(0);
    writeFileSync(join(folder, 's.json'), JSON.stringify(schema));
    const given = serve('--schema', 's.json');
    const url = await readyUrl(given);
    const catalogue = (await (await fetch(`${url}/v1/catalogue`)).json()) as object;
    expect(JSON.stringify(catalogue)).toContain('"things"');
  });

  it('refuses a folder that another server uses, and a port that is taken', async () => {
    const first = serve('--no-demo', '--data-dir', 'a');
    const url = await readyUrl(first);
    const locked = serve('--no-demo', '--data-dir', 'a');
    expect(await locked.ended).toBe(1);
    expect(locked.stderr).toContain('data_dir_locked');
    expect(locked.stderr).toContain(url);
    const taken = new Command([
      'serve',
      '--no-demo',
      '--embedder',
      'none',
      '--data-dir',
      'b',
      '--port',
      new URL(url).port,
    ]);
    expect(await taken.ended).toBe(1);
    expect(taken.stderr).toContain('--port');
  });

  it('prints its settings without secrets', async () => {
    const env = {
      TRIPTYCH_EMBEDDER: 'openai',
      TRIPTYCH_OPENAI_URL: 'http://localhost:1/v1',
      TRIPTYCH_OPENAI_KEY: 'sk-1',
    };
    const flags = ['--openai-model', 'm', '--openai-dimension', '3', '--print-settings'];
    const command = new Command(['serve', ...flags], { ...env, TRIPTYCH_PROT: '1' });
    expect(await command.ended).toBe(0);
    expect(JSON.parse(command.stdout)).toMatchObject({
      port: 8080,
      embedder: { kind: 'openai', key: '***' },
    });
    expect(command.stderr).toBe(
      'warning: TRIPTYCH_PROT is not a setting (did you mean TRIPTYCH_PORT?); it is ignored\n',
    );
  });

  it('refuses to be reached from elsewhere', async () => {
    const command = new Command(['serve', '--host', '0.0.0.0']);
    expect(await command.ended).toBe(2);
    expect(command.stderr).toContain('--host: 0.0.0.0 is not a loopback address');
  });
});

describe('triptych serve with keys', slow, () => {
  const keysNew = async (id: string, tenant: string, scopes: string): Promise<string> => {
    const flags = ['--id', id, '--tenant', tenant, '--scopes', scopes, '--file', 'keys.json'];
    const command = new Command(['keys', 'new', ...flags]);
    expect(await command.ended).toBe(0);
    return command.stdout.trim();
  };
  const ask = async (url: string, key: string): Promise<unknown> => {
    const response = await fetch(`${url}/v1/documents?limit=1`, { headers: { 'x-api-key': key } });
    const { documents, code } = (await response.json()) as { documents?: { id: string }[]; code?: string };
    return documents?.map(({ id }) => id) ?? code;
  };

  it('may be reached from elsewhere, keeps tenants apart over a restart, and takes new keys', async () => {
    writeFileSync(join(folder, 's.json'), JSON.stringify(schema));
    writeFileSync(join(folder, 'a.ndjson'), rows(3));
    const [acme, globex] = [await keysNew('a', 'acme', 'admin'), await keysNew('g', 'globex', 'search')];
    const first = serve('--host', '0.0.0.0', '--keys-file', 'keys.json', '--schema', 's.json');
    const url = await readyUrl(first);
    expect(first.stdout).toMatch(/keys +2 for 2 tenants, in .*keys\.json\n/);
    expect((await fetch(`${url}/v1/catalogue`)).status).toBe(401);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const ingest = new Command(['ingest', 'a.ndjson', '--schema', 's.json'], { TRIPTYCH_API_KEY: acme });
    expect(await ingest.ended).toBe(0);
    expect([await ask(url, acme), await ask(url, globex)]).toEqual([['t0'], []]);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);

    const second = serve('--host', '0.0.0.0', '--keys-file', 'keys.json');
    const again = await readyUrl(second);
    expect(second.stdout).toMatch(/documents +3\n/);
    expect(second.stdout).toContain('-H "authorization: Bearer $TRIPTYCH_API_KEY"');
    const late = await keysNew('late', 'acme', 'search');
    await expect.poll(() => ask(again, late), { timeout: 60_000, interval: 500 }).toEqual(['t0']);
    for (const key of [acme, globex, late])
      for (const { stdout, stderr } of [first, second, ingest]) expect(stdout + stderr).not.toContain(key);
  });

  it('does not start with a keys file that is not valid', async () => {
    writeFileSync(join(folder, 'keys.json'), '{"keys": [{"id": "a"}]}');
    const command = serve('--keys-file', 'keys.json');
    expect(await command.ended).toBe(2);
    expect(command.stderr).toContain('keys[0].sha256 (in ');
  });
});

describe('triptych ingest beside a server', slow, () => {
  it('writes through the server that holds the folder; what it wrote is searchable', async () => {
    writeFileSync(join(folder, 's.json'), JSON.stringify(schema));
    writeFileSync(join(folder, 'a.ndjson'), `${rows(250)}\n{"id": "bad"}\n`);
    const server = serve('--no-demo');
    const url = await readyUrl(server);
    const ingest = new Command(['ingest', 'a.ndjson', '--schema', 's.json', '--json']);
    expect(await ingest.ended).toBe(3);
    expect(ingest.stderr).toContain(`writing through ${url}`);
    expect(JSON.parse(ingest.stdout)).toMatchObject({ read: 251, written: 250, rejected: 1 });
    const reject = JSON.parse(readFileSync(join(folder, 'a.ndjson.rejects.ndjson'), 'utf8')) as object;
    expect(reject).toMatchObject({ line: 251, path: 'title', row: { id: 'bad' } });
    await expect
      .poll(() => searchTitles(url, { query: 'number 7', k: 3 }), { timeout: 60_000 })
      .toContain('Thing number 7');
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);

    const direct = new Command(['ingest', 'a.ndjson', '--schema', 's.json', '--json', '--embedder', 'none']);
    expect(await direct.ended).toBe(3);
    expect(JSON.parse(direct.stdout)).toMatchObject({ written: 250, target: join(folder, '.triptych') });
  });

  it('ends after the batch in flight on SIGINT, and continues', async () => {
    writeFileSync(join(folder, 's.json'), JSON.stringify(schema));
    writeFileSync(join(folder, 'a.ndjson'), rows(20_000));
    const args = ['ingest', 'a.ndjson', '--schema', 's.json', '--json', '--embedder', 'none'];
    const cut = new Command(args);
    const state = join(folder, 'a.ndjson.ingest.json');
    await expect
      .poll(() => (JSON.parse(readFileSync(state, 'utf8')) as { lines: number }).lines, {
        timeout: 120_000,
        interval: 5,
      })
      .toBeGreaterThan(0);
    cut.child.kill('SIGINT');
    expect(await cut.ended).toBe(130);
    const { written, complete } = JSON.parse(cut.stdout) as { written: number; complete: boolean };
    expect(complete).toBe(false);
    const again = new Command(args);
    expect(await again.ended).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ written: 20_000, continued_after_line: written });
  });
});
