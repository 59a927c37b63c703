import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What somebody gets who installs the package: packed, in an empty project, with its own dependencies and no others. */

const root = fileURLToPath(new URL('../../', import.meta.url));
const project = mkdtempSync(join(tmpdir(), 'triptych-package-'));
const slow = { timeout: 240_000 };

const run = (command: string, args: readonly string[], cwd = project): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** What is installed beside the package: links to what the lock file says it needs when it runs. */
function linkDependencies(): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  const top = /^node_modules\/((?:@[^/]+\/)?[^/]+)$/;
  for (const [path, { dev, devOptional }] of Object.entries(lock.packages)) {
    const name = top.exec(path)?.[1];
    if (name === undefined || dev || devOptional) continue;
    const link = join(project, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
}

/** Compiles the project as somebody would whose lint is strict, the package's own types included. */
function compile(files: readonly string[], options: object): void {
  const compilerOptions = {
    ...{ target: 'ES2022', strict: true, noEmitOnError: true, outDir: 'out', types: [] },
    ...options,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  try {
    run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.']);
  } catch (error) {
    throw new Error(String((error as { stdout?: unknown }).stdout));
  }
}

const write = (name: string, text: string) => writeFileSync(join(project, name), text);

beforeAll(() => {
  const packed = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project], root),
  ) as { filename: string }[];
  mkdirSync(join(project, 'node_modules', 'triptych'), { recursive: true });
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'));
  expect(packed[0]!.filename).toBe(tarball);
  run('tar', ['-xzf', tarball!, '-C', 'node_modules/triptych', '--strip-components=1']);
  linkDependencies();
  write('package.json', JSON.stringify({ name: 'somebody', type: 'module', private: true }));
}, 240_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('the packed package', slow, () => {
  it('serves a library and a client in one program, compiled strictly', () => {
    write(
      'main.ts',
      `import { createTriptych, loadConfig, parseSearchRequest, type SearchResponse } from 'triptych';
import { type SearchAnswer, TriptychClient, TriptychRequestError } from 'triptych/client';

const flags = { dataDir: 'data', embedder: 'none', port: 0, demo: false, rerankBackend: 'js' };
const { config } = loadConfig({ flags, cwd: '.' });
const { service, listen } = await createTriptych(config);
const { url, close } = await listen();
const client = new TriptychClient({ url, retriesMax: 2 });
await client.putCatalogue({ name: 'films', embedding: { model: 'none', dimension: 2 } });
const outcomes: number[] = [];
for await (const { status } of client.bulk([{ id: 'a', title: 'A robot', embedding: [1, 0] }], { wait: 'searchable' }))
  outcomes.push(status);
const answer: SearchAnswer = await client.search({ query: 'robot', timeout_ms: 5_000 });
const schema = service.schema('default');
if (schema === null) throw new Error('there is no catalogue');
const request = parseSearchRequest({ query: 'robot', timeout_ms: 5_000 }, { schema, profiles: service.profiles() });
const own: SearchResponse = await service.search('default', request, { startedAtMs: performance.now() });
const code = await client.document('nobody').then(
  () => 'found',
  (error: unknown) => (error instanceof TriptychRequestError ? error.code : 'another error'),
);
console.log(JSON.stringify({ outcomes, client: answer.results[0]?.title, own: own.results[0]?.title, code }));
await close();
`,
    );
    compile(['main.ts'], {
      module: 'NodeNext',
      moduleResolution: 'NodeNext',
      lib: ['ES2023', 'DOM'],
      skipLibCheck: true,
    });
    const said = JSON.parse(run(process.execPath, ['out/main.js'])) as object;
    expect(said).toEqual({ outcomes: [202], client: 'A robot', own: 'A robot', code: 'document_not_found' });
  });

  it('refuses what the wire does not have, at compile time', () => {
    write(
      'wrong.ts',
      "import { TriptychClient } from 'triptych/client';\nnew TriptychClient({ url: '' }).search({ querry: 'x' });\n",
    );
    expect(() =>
      compile(['wrong.ts'], { module: 'NodeNext', lib: ['ES2023', 'DOM'], skipLibCheck: true }),
    ).toThrow('querry');
  });

  it('has a client for browsers: nothing of Node in its types, nothing to load beside it', () => {
    write(
      'browser.ts',
      `import { TriptychClient } from 'triptych/client';
const client = new TriptychClient({ url: '/search', key: 'k' });
for await (const part of client.searchStream({ query: 'x' })) if (part.event === 'final') console.log(part.data.results);
`,
    );
    compile(['browser.ts'], {
      module: 'ESNext',
      moduleResolution: 'Bundler',
      lib: ['ES2023', 'DOM'],
      skipLibCheck: false,
    });
    const folder = join(project, 'node_modules', 'triptych', 'dist', 'client');
    const loaded = readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .flatMap((name) => [...readFileSync(join(folder, name), 'utf8').matchAll(/from '([^']+)'/g)])
      .map(([, specifier]) => specifier!);
    expect(loaded.length).toBeGreaterThan(3);
    for (const specifier of loaded) expect(specifier).toMatch(/^\.\//);
  });

  it('compiles what the README shows', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const section = readme.slice(readme.indexOf('\n## As a library'), readme.indexOf('\n## Speed'));
    const blocks = [...section.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!);
    expect(blocks).toHaveLength(2);
    const names = blocks.map((code, index) => {
      write(`readme-${index}.ts`, `${code}export {};\n`);
      return `readme-${index}.ts`;
    });
    const node = { lib: ['ES2023', 'DOM'], skipLibCheck: true };
    write('globals.d.ts', 'declare const process: { cwd(): string };\n');
    compile([...names, 'globals.d.ts'], { module: 'NodeNext', ...node });
  });

  it('has the program, which runs', () => {
    const main = join('node_modules', 'triptych', 'dist', 'cli', 'main.js');
    expect(run(process.execPath, [main, '--version'])).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(run(process.execPath, [main, 'search', '--help'])).toContain('Examples:');
  });
});
