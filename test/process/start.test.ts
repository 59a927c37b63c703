import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A clone with the real scripts and settings, a program of two files, and the compiler as its only dependency. */
let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'triptych-clone-'));
  for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts'])
    cpSync(join(root, file), join(clone, file), { recursive: true });
  mkdirSync(join(clone, 'node_modules'));
  for (const name of ['typescript', '@typescript', '@types', 'undici-types'])
    symlinkSync(join(root, 'node_modules', name), join(clone, 'node_modules', name), 'junction');
  stampDependencies();
  write(
    'src/cli/main.ts',
    "import { word } from '../word.ts';\nconsole.log([word, ...process.argv.slice(2)].join(' '));\n",
  );
  write('src/word.ts', "export const word: string = 'first';\n");
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(clone, path, '..'), { recursive: true });
  writeFileSync(join(clone, path), text);
}

/** Says that node_modules was installed from the present lock file. */
function stampDependencies(): void {
  const lock = readFileSync(join(clone, 'package-lock.json'), 'utf8');
  const major = process.versions.node.split('.')[0]!;
  const stamp = createHash('sha256').update(lock).update('\0').update(major).update('\0').digest('hex');
  writeFileSync(join(clone, 'node_modules', '.triptych-stamp'), stamp);
}

function start(env: Readonly<Record<string, string>> = {}, ...args: string[]): SpawnSyncReturns<string> {
  // Out of reach on purpose: what must not install cannot.
  const offline = { npm_config_offline: 'true', npm_config_cache: join(clone, 'cache'), npm_execpath: '' };
  return spawnSync(process.execPath, ['scripts/start.mjs', ...args], {
    cwd: clone,
    encoding: 'utf8',
    env: { ...process.env, ...offline, ...env },
  });
}

describe('npm start', () => {
  it('compiles once, serves in the same process with the given arguments, and is quiet later', () => {
    const first = start({}, '--port', '0');
    expect([first.stdout, first.status]).toEqual(['first serve --port 0\n', 0]);
    expect(first.stderr).toContain('Compiling');
    const second = start();
    expect([second.stdout, second.stderr]).toEqual(['first serve\n', '']);
  });

  it('compiles again when a source changed, and forgets sources that are gone', () => {
    start();
    write('src/other.ts', 'export const other = 1;\n');
    write('src/word.ts', "export const word: string = 'second';\n");
    expect(start().stdout).toBe('second serve\n');
    expect(existsSync(join(clone, 'dist/other.js'))).toBe(true);
    rmSync(join(clone, 'src/other.ts'));
    expect(start().stderr).toContain('Compiling');
    for (const file of ['other.js', 'other.d.ts', 'other.js.map'])
      expect(existsSync(join(clone, 'dist', file))).toBe(false);
    expect(existsSync(join(clone, 'dist/word.js'))).toBe(true);
  });

  it('says what does not compile, and does not run it', () => {
    write('src/word.ts', 'export const word: string = 1;\n');
    const { status, stdout, stderr } = start();
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('src/word.ts');
  });

  it('installs when the lock file changed, and says so when it cannot', () => {
    const lock = JSON.parse(readFileSync(join(clone, 'package-lock.json'), 'utf8')) as { version: string };
    write('package-lock.json', JSON.stringify({ ...lock, version: '9.9.9' }));
    const { status, stderr } = start();
    expect(status).toBe(1);
    expect(stderr).toContain('Installing dependencies');
    expect(stderr).toContain('npm ci did not finish');
    expect(existsSync(join(clone, 'node_modules/.triptych-stamp'))).toBe(false);
  });

  it('installs what compiles and builds, also where NODE_ENV says production', () => {
    const lock = JSON.parse(readFileSync(join(clone, 'package-lock.json'), 'utf8')) as { version: string };
    write('package-lock.json', JSON.stringify({ ...lock, version: '9.9.9' }));
    write('npm-cli.cjs', "require('node:fs').writeFileSync('npm-args', process.argv.slice(2).join(' '));\n");
    const { status } = start({ NODE_ENV: 'production', npm_execpath: join(clone, 'npm-cli.cjs') });
    expect(status).toBe(0);
    expect(readFileSync(join(clone, 'npm-args'), 'utf8')).toMatch(/^ci --include=dev /);
  });

  it.skipIf(process.platform === 'win32')(
    'stops once when npm ended and only the shell got the signal (not on Windows: no such signals)',
    async () => {
      const lines = [
        "import { appendFileSync } from 'node:fs';",
        "const note = (text: string): void => appendFileSync('notes', text);",
        'const timer = setInterval(() => {}, 1000);',
        "process.on('SIGTERM', () => {",
        "  note('stopping ');",
        "  setTimeout(() => (note('stopped'), clearInterval(timer)), 1200);",
        '});',
        "note('ready ');",
      ];
      write('src/cli/main.ts', `${lines.join('\n')}\n`);
      // The second command keeps the shell from becoming node itself.
      const shell = spawn('sh', ['-c', 'node scripts/start.mjs; true'], { cwd: clone, stdio: 'ignore' });
      const notes = (): string => readFileSync(join(clone, 'notes'), 'utf8');
      await expect.poll(notes, { timeout: 60_000 }).toBe('ready ');
      shell.kill('SIGTERM');
      await expect.poll(notes, { timeout: 60_000 }).toBe('ready stopping stopped');
    },
  );

  it('refuses a Node that is too old', () => {
    write('old.mjs', "Object.defineProperty(process.versions, 'node', { value: '20.18.3' });\n");
    const { status, stderr } = start({ NODE_OPTIONS: '--import=./old.mjs' });
    expect(status).toBe(1);
    expect(stderr).toBe('Triptych needs Node 20.19 or newer; this is Node 20.18.3.\n');
  });
});
