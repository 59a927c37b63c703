// npm run bench:rerank: installs the libraries that the bench compares with (once, into bench/peers), then runs the
// case `rerank` with the arguments given after `--`. Without them it compares with less and says so.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, say } from './setup.mjs';

const folder = join(root, 'bench', 'peers');
const stampPath = join(folder, 'node_modules', '.triptych-stamp');

await installPeers();
process.argv.push('--only', 'rerank');
await import('./bench.mjs');

async function installPeers() {
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const stamp = createHash('sha256').update(lock).update(process.versions.node.split('.')[0]).digest('hex');
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) return;
  say('Installing simsimd, usearch and onnxruntime-node to compare with (once, about 350 MB) ...');
  // None of them needs its install script: the binaries are in the packages.
  const args = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const failure = await npm(args);
  if (failure === null) writeFileSync(stampPath, stamp);
  else say(`They did not install (${failure}): the bench runs without those that are missing.`);
}

/** Runs npm as the caller did, else the one on the path. */
function npm(args) {
  const cli = process.env.npm_execpath ?? '';
  return /npm-cli\.c?js$/.test(cli)
    ? run(process.execPath, [cli, ...args])
    : run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args);
}
