// What an engine needs before it can start: tools of the machine, Debian packages, programs under .engines/programs.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Why an engine is not to be had here; the message is for the person who asked for it. */
export class EngineUnavailable extends Error {}

/**
 * Makes the folder of a program once; an installation that was broken off is made anew.
 * @param {string} folder
 * @param {string} recipe what it is made from; a changed recipe installs anew
 * @param {() => Promise<void>} make fills the folder
 */
export function installOnce(folder, recipe, make) {
  const stamp = join(folder, '.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === recipe) return Promise.resolve();
  const installing = underWay.get(folder) ?? install();
  underWay.set(folder, installing);
  return installing;

  async function install() {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await make();
    writeFileSync(stamp, recipe);
  }
}

/** Engines that are started together may share a program. */
const underWay = new Map();

/** Whether a command is on the path. */
export function onPath(command) {
  return findOnPath(command) !== null;
}

/** @returns {string | null} the command's path */
export function findOnPath(command) {
  const found = spawnSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : null;
}

/**
 * Makes sure that a Debian package is there.
 * @param {import('./set.mjs').EngineSet} set
 * @param {string} name
 * @param {() => boolean} isThere
 * @throws {EngineUnavailable} where it is missing and cannot be installed
 */
export async function needPackage(set, name, isThere) {
  if (isThere()) return;
  const byHand = `apt-get install ${name}`;
  if (!onPath('apt-get'))
    throw new EngineUnavailable(`${name} is not installed, and this is not a Debian system`);
  if (process.getuid?.() !== 0)
    throw new EngineUnavailable(`the Debian package ${name} is not installed; as root: ${byHand}`);
  await oneByOne(async () => {
    if (isThere()) return;
    set.say(`installing the Debian package ${name} ...`);
    // Run level 1: the package must not start a server of its own.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const options = ['-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
    await tool(set, 'apt-get', ['update', '-qq'], { env });
    await tool(set, 'apt-get', ['install', ...options, name], { env });
  });
  if (!isThere()) throw new EngineUnavailable(`the Debian package ${name} does not bring what is needed`);
}

/** The package manager serves one at a time. */
let packageManager = Promise.resolve();
function oneByOne(work) {
  const done = packageManager.then(work);
  packageManager = done.catch(() => {});
  return done;
}

/**
 * Runs an installer's command with its output in the set's install.log.
 * @param {import('./set.mjs').EngineSet} set
 * @throws {EngineUnavailable} where it fails
 */
export async function tool(set, command, args, { env = process.env, cwd = set.folder } = {}) {
  const logFile = join(set.folder, 'install.log');
  const log = openSync(logFile, 'a');
  const failure = await new Promise((done) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', log, log] });
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) => done(code === 0 ? null : (signal ?? `exit code ${code}`)));
  });
  if (failure !== null) throw new EngineUnavailable(`${command} ${args[0]}: ${failure}, see ${logFile}`);
}
