// Builds the page of playground/ into dist/playground, unless that was made from the same sources. Needs no network.
// Run by itself: node scripts/build-playground.mjs
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const built = join(root, 'dist', 'playground');

/** @param say is told what is going on, line by line */
export async function buildPlayground(say) {
  const source = join(root, 'playground');
  // A part of the tree without the page still serves: the service says that there is none.
  if (!existsSync(source)) return;
  const stampPath = join(built, '.stamp');
  const stamp = stampOf(source);
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return;
  say('Building the playground ...');
  const started = Date.now();
  rmSync(built, { recursive: true, force: true });
  // A process of its own: the page of a test run is the same, and what serves it later has no bundler in memory.
  const vite = join('node_modules', 'vite', 'bin', 'vite.js');
  const args = ['build', '--config', join(source, 'vite.config.ts'), '--logLevel', 'warn'];
  const env = { ...process.env, NODE_ENV: 'production' };
  // Its words go to standard error, which is not the command's.
  const { status, signal, error } = spawnSync(process.execPath, [vite, ...args], {
    cwd: root,
    env,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0)
    throw new Error(`The playground does not build (${error?.message ?? signal ?? `exit code ${status}`}).`);
  writeFileSync(stampPath, stamp);
  say(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
}

function stampOf(source) {
  const digest = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(readFileSync(fileURLToPath(import.meta.url)));
  const files = readdirSync(source, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  for (const file of files)
    digest.update(relative(source, file)).update('\0').update(readFileSync(file)).update('\0');
  return digest.digest('hex');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await buildPlayground((line) => process.stderr.write(`${line}\n`));
