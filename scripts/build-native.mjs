// Builds the native scorer, build/Release/triptych.node, when there is a compiler and native/ changed since. The service
// runs without it. `npm run build:native` does it anew and fails when it cannot; `npm start`, `npm test` and the
// benches do it on the way. Arguments after `--` go to CMake: -D TRIPTYCH_SANITIZE=address,undefined -O build-asan.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const served = 'The js scorer serves.';

/**
 * Builds what is missing or outdated. Never throws: says in one line what is missing or where the log of a failure is.
 * @param say takes that line
 * @returns whether the addon of these sources is there
 */
export async function buildNative(say) {
  if (!existsSync(join(root, 'native'))) return false;
  const folder = join(root, 'build');
  const addon = join(folder, 'Release', 'triptych.node');
  const stamp = sourcesHash();
  const built = join(folder, '.triptych-stamp');
  if (existsSync(addon) && holds(built, stamp)) return true;
  const missing = missingTools();
  if (missing.length > 0) {
    say(
      `The native scorer is not built, missing here: ${missing.join(', ')} (Debian: apt-get install cmake g++ make). ${served}`,
    );
    return false;
  }
  const failed = join(folder, '.triptych-failed');
  const log = join(folder, 'native.log');
  if (holds(failed, stamp)) {
    say(
      `The native scorer is not built: it does not compile here, see ${log}; npm run build:native tries again. ${served}`,
    );
    return false;
  }
  say('Building the native scorer ...');
  const started = Date.now();
  try {
    mkdirSync(folder, { recursive: true });
    rmSync(built, { force: true });
    const failure = await compile(folder, [], log);
    if (failure === null && existsSync(addon)) {
      writeFileSync(built, stamp);
      say(`Built in ${((Date.now() - started) / 1000).toFixed(1)} s.`);
      return true;
    }
    writeFileSync(failed, stamp);
    say(`The native scorer does not compile (${failure ?? 'no addon was made'}), see ${log}. ${served}`);
  } catch (error) {
    say(`The native scorer is not built: ${error.message}. ${served}`);
  }
  return false;
}

/** Runs cmake-js with its output in a file; null, or why it failed. */
export function compile(folder, cmakeOptions, log) {
  // A configuration that failed half-way would be taken for a whole one.
  rmSync(join(folder, 'CMakeCache.txt'), { force: true });
  const cmakeJs = createRequire(import.meta.url).resolve('cmake-js/bin/cmake-js');
  const output = log === null ? 'inherit' : openSync(log, 'w');
  const options = cmakeOptions.map((option) => `--CD${option}`);
  const args = [cmakeJs, 'build', '-d', join(root, 'native'), '-O', folder, '--parallel', '2', ...options];
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', output, output] });
    const end = (failure) => {
      if (log !== null) closeSync(output);
      done(failure);
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, signal) => end(code === 0 ? null : (signal ?? `exit code ${code}`)));
  });
}

/** Tools of which none is on the path. */
function missingTools() {
  const answers = (name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;
  const compilers = [process.env.CXX, 'c++', 'g++', 'clang++'].filter(Boolean);
  const missing = [];
  if (!answers('cmake')) missing.push('cmake');
  if (!compilers.some(answers)) missing.push('a C++17 compiler');
  if (!['ninja', 'make'].some(answers)) missing.push('make');
  // Windows finds its compilers and build tools without the path.
  return process.platform === 'win32' ? missing.filter((name) => name === 'cmake') : missing;
}

/** The sources, the tools that the lock file fixes, and the kind of machine. */
function sourcesHash() {
  const digest = createHash('sha256');
  for (const path of filesBelow(join(root, 'native')))
    digest.update(relative(root, path)).update('\0').update(readFileSync(path)).update('\0');
  return digest
    .update(`${versionOf('node-addon-api')} ${versionOf('cmake-js')} ${process.platform} ${process.arch}`)
    .digest('hex');
}

function versionOf(name) {
  return createRequire(import.meta.url)(`${name}/package.json`).version;
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function holds(path, text) {
  return existsSync(path) && readFileSync(path, 'utf8') === text;
}

/** `-D NAME=VALUE` and `-O FOLDER` of the command line. */
async function main(args) {
  const say = (line) => process.stderr.write(`${line}\n`);
  const definitions = args.flatMap((arg, i) => (arg === '-D' && args[i + 1] ? [args[i + 1]] : []));
  const at = args.indexOf('-O');
  if (at >= 0) {
    const failure = await compile(resolve(args[at + 1]), definitions, null);
    if (failure !== null) say(`It does not compile (${failure}).`);
    return failure === null;
  }
  rmSync(join(root, 'build', '.triptych-failed'), { force: true });
  return buildNative(say);
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
