// What `npm start`, `npm test` and `npm run bench` share: a fresh clone becomes a working tree, and a working tree is
// left alone. Plain JavaScript without dependencies, because it runs before there are any.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Checks Node, installs dependencies when missing or outdated, compiles when the sources changed, the page too, C++ where it can. */
export async function setUp() {
  await setUpDependencies();
  await compile();
  // These need dependencies that were perhaps installed just now.
  const { buildPlayground } = await import('./build-playground.mjs');
  await buildPlayground(say);
  const { buildNative } = await import('./build-native.mjs');
  await buildNative(say);
}

/** Checks Node, installs dependencies when missing or outdated. */
export async function setUpDependencies() {
  checkNode();
  await installDependencies();
}

/** Progress goes to standard error; standard output belongs to the command. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

export function fail(line) {
  say(line);
  process.exit(1);
}

function checkNode() {
  const wanted = JSON.parse(read('package.json')).engines.node.replace('>=', '');
  const [wantedMajor, wantedMinor] = wanted.split('.').map(Number);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  fail(`Triptych needs Node ${wanted} or newer; this is Node ${process.versions.node}.`);
}

/** The stamp says which lock file and Node major node_modules was made for; it is written last. */
async function installDependencies() {
  const stampPath = join(root, 'node_modules', '.triptych-stamp');
  const stamp = hash([read('package-lock.json'), process.versions.node.split('.')[0]]);
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return;
  say('Installing dependencies (once, and again when package-lock.json changes) ...');
  const started = Date.now();
  // Compiler and bundler are dependencies of development, which NODE_ENV=production would leave out. No dependency needs
  // its install script. Engine ranges of test tools must not stop a service that runs.
  await npm([
    'ci',
    '--include=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--engine-strict=false',
    '--loglevel=error',
  ]);
  writeFileSync(stampPath, stamp);
  say(`Installed in ${seconds(started)} s.`);
}

/** Compiles src/ to dist/ unless dist/ was made from the same sources. */
async function compile() {
  const dist = join(root, 'dist');
  const stampPath = join(dist, '.stamp');
  const sources = filesBelow(join(root, 'src')).filter((path) => path.endsWith('.ts'));
  const stamp = hash([
    read('package-lock.json'),
    read('tsconfig.json'),
    read('tsconfig.build.json'),
    ...sources.flatMap((path) => [relative(root, path), readFileSync(path)]),
  ]);
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return;
  say('Compiling ...');
  const started = Date.now();
  rmSync(stampPath, { force: true });
  const failure = await run(process.execPath, [tsc, '-p', 'tsconfig.build.json']);
  if (failure !== null) fail(`The sources do not compile (${failure}).`);
  removeStale(dist, sources);
  // What `npx triptych` runs; the compiler makes plain files.
  chmodSync(join(dist, 'cli', 'main.js'), 0o755);
  mkdirSync(dist, { recursive: true });
  writeFileSync(stampPath, stamp);
  say(`Compiled in ${seconds(started)} s.`);
}

export const tsc = join('node_modules', 'typescript', 'bin', 'tsc');

/** A module that was deleted from src/ must not live on in dist/. */
function removeStale(dist, sources) {
  const kept = new Set(sources.map((path) => relative(join(root, 'src'), path).replace(/\.ts$/, '')));
  for (const path of filesBelow(dist)) {
    // The page has a build of its own, which empties its folder.
    if (relative(dist, path).startsWith(`playground${sep}`)) continue;
    const name = relative(dist, path).replace(/(\.d\.ts|\.js|\.js\.map)$/, '');
    if (/\.(ts|js|map)$/.test(path) && !kept.has(name)) rmSync(path);
  }
}

/** Runs npm as the caller did, else the one on the path; ends the process when it fails. */
async function npm(args) {
  const cli = process.env.npm_execpath ?? '';
  const failure = /npm-cli\.c?js$/.test(cli)
    ? await run(process.execPath, [cli, ...args])
    : await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
  if (failure !== null)
    fail(`npm ${args[0]} did not finish (${failure}). Is the package registry reachable?`);
}

/** Runs a command in the root with its output on standard error; null when it succeeded, else why not. */
export function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', process.stderr, process.stderr],
      shell: command.endsWith('.cmd'),
    });
    const pass = (signal) => child.kill(signal);
    process.on('SIGINT', pass);
    process.on('SIGTERM', pass);
    const end = (outcome) => {
      process.off('SIGINT', pass);
      process.off('SIGTERM', pass);
      resolve(outcome);
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, signal) => end(code === 0 ? null : (signal ?? `exit code ${code}`)));
  });
}

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function read(name) {
  return readFileSync(join(root, name.replaceAll('/', sep)), 'utf8');
}

function hash(parts) {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part).update('\0');
  return digest.digest('hex');
}

function seconds(started) {
  return ((Date.now() - started) / 1000).toFixed(1);
}
