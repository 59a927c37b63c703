import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const offset = '800';
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'triptych-engines-'));
  // Postgres, which does not run as root, must reach its data.
  chmodSync(dir, 0o755);
});
afterEach(() => {
  engines(['down', ...own()]);
  rmSync(dir, { recursive: true, force: true });
});

const own = (): string[] => ['--dir', dir, '--port-offset', offset];

function engines(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const done = spawnSync(process.execPath, ['scripts/engines.mjs', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

describe('npm run engines', () => {
  it('starts a second set beside the first, says what runs, starts nothing twice, and stops it', () => {
    const up = engines(['up', 'redis', 'postgres', ...own()]);
    expect(up.code, up.err).toBe(0);
    expect(up.out).toMatch(/^TRIPTYCH_REDIS_URL=redis:\/\/127\.0\.0\.1:57179$/m);
    expect(up.out).toMatch(
      /^TRIPTYCH_POSTGRES_OWNER_URL=postgresql:\/\/triptych_migrate:\S+@127\.0\.0\.1:56232\//m,
    );
    const given = `eval "$(npm run --silent engines -- env --dir ${dir} --port-offset 800)"`;
    expect(up.err).toContain(
      `Next: set -a; ${given}; set +a; npm run build && npx triptych db migrate && npm start -- --demo\n`,
    );
    expect(engines(['env', ...own()]).out).toBe(engines(['env', 'postgres', 'redis', ...own()]).out);

    const status = engines(['status', ...own()]).out;
    expect(status).toMatch(/^redis +pid \d+, port 57179, 7\./m);
    expect(status).toMatch(/^postgres +pid \d+, port 56232, 1\d/m);
    expect(status).toMatch(/^milvus +not running$/m);

    const again = engines(['up', 'redis', ...own()]);
    expect(again.err).toMatch(/redis: 7\.\S+ runs already/);
    expect(again.err).toContain(`${given}; set +a; npm start\n`);
    expect(
      engines(['down', ...own()])
        .err.split('\n')
        .sort(),
    ).toEqual(['', 'postgres: stopped.', 'redis: stopped.']);
    expect(engines(['status', ...own()]).out).not.toContain('pid');
    expect(engines(['env', ...own()]).out).toBe('');
  });

  it('keeps data and passwords over a stop, and passwords to their owner', () => {
    const first = engines(['up', 'postgres', ...own()]).out;
    engines(['down', ...own()]);
    expect(engines(['up', 'postgres', ...own()]).out).toBe(first);
    expect(statSync(join(dir, 'secrets.json')).mode & 0o077).toBe(0);
    expect(Object.values(JSON.parse(readFileSync(join(dir, 'secrets.json'), 'utf8')))).toHaveLength(4);
  });

  it('names what cannot be installed and why, starts the others, and fails', () => {
    // A machine without compilers and without a package manager.
    const bin = join(dir, 'bin');
    mkdirSync(bin);
    for (const command of ['sh', 'redis-server', 'redis-cli', 'openssl'])
      symlinkSync(
        spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).stdout.trim(),
        join(bin, command),
      );
    const up = engines(['up', 'toxiproxy', 'redis', ...own()], {
      PATH: bin,
      TRIPTYCH_ENGINES_PROGRAMS: join(dir, 'programs'),
    });
    expect(up.code).toBe(1);
    expect(up.err).toContain(
      'toxiproxy is not available: golang is not installed, and this is not a Debian system',
    );
    expect(up.err).toMatch(/redis: 7\.\S+ is ready on port 57179/);
    expect(up.out).toContain('TRIPTYCH_REDIS_URL=');
    expect(up.out).not.toContain('TOXIPROXY');
  });

  it('does not take a port that is taken for its own', () => {
    expect(engines(['up', 'redis', ...own()]).code).toBe(0);
    const other = mkdtempSync(join(tmpdir(), 'triptych-engines-'));
    const up = engines(['up', 'redis', '--dir', other, '--port-offset', offset]);
    rmSync(other, { recursive: true });
    expect(up.code).toBe(1);
    expect(up.err).toContain('redis is not available: port 57179 is taken by something else');
  });

  it.each([
    [['up', 'mongo'], 'No engine is called mongo'],
    [['start'], 'No command is called start'],
    [['up', '--port-offset', 'x'], '--port-offset must be a whole number from 0 to 5000'],
  ])('refuses %j', (args, message) => {
    const refused = engines(args);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(message);
  });
});
