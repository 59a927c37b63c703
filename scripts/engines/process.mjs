// Servers as processes: started detached with their output in a file, found again by pid file, signalled as a tree.
import { execFile, execFileSync, spawn } from 'node:child_process';
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
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Starts a server that outlives this process.
 * @param {string} command
 * @param {string[]} args
 * @param {{ pidFile: string, logFile: string, cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<number>} its pid, which is in the pid file too
 * @throws {Error} where the command cannot be run
 */
export async function startServer(command, args, { pidFile, logFile, cwd, env }) {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a', 0o600);
  try {
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      detached: true,
      stdio: ['ignore', log, log],
    });
    await new Promise((started, failed) => child.once('spawn', started).once('error', failed));
    child.unref();
    writePid(pidFile, child.pid);
    return child.pid;
  } finally {
    closeSync(log);
  }
}

/** Beside the pid stands when its process began, so that a pid that was given out again is not taken for the server. */
export function writePid(pidFile, pid) {
  mkdirSync(dirname(pidFile), { recursive: true });
  writeFileSync(pidFile, `${pid} ${beganAt(pid) ?? ''}\n`);
}

/**
 * @param {string} pidFile
 * @returns {number | null} the pid of the server that runs, null where none does
 */
export function runningPid(pidFile) {
  if (!existsSync(pidFile)) return null;
  const [pid, began] = readFileSync(pidFile, 'utf8').trim().split(' ');
  if (!isAlive(Number(pid))) return null;
  return began === undefined || began === beganAt(Number(pid)) ? Number(pid) : null;
}

/** Whether a process is there; one that has ended but was not yet asked about counts as gone. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return statOf(pid)?.state !== 'Z';
}

/**
 * A process and all that descend from it, parents first. Postgres' backends each lead a group of their own, so a group
 * is not enough.
 * @param {number} pid
 * @returns {number[]}
 */
export function processTree(pid) {
  const children = new Map();
  for (const [child, parent] of parents()) children.set(parent, [...(children.get(parent) ?? []), child]);
  const tree = [pid];
  for (let i = 0; i < tree.length; i++) tree.push(...(children.get(tree[i]) ?? []));
  return tree;
}

/** Sends a signal to a process and all that descend from it; those that have ended meanwhile are left out. */
export function signalTree(pid, signal) {
  for (const each of processTree(pid)) signalOne(each, signal);
}

function signalOne(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/**
 * Ends the server of a pid file: by the signal, and by SIGKILL where that was not enough.
 * @param {string} pidFile
 * @param {{ signal?: NodeJS.Signals, graceMs?: number }} [options] how, and how long it may take, in ms
 * @returns {Promise<boolean>} whether one ran
 */
export async function stopServer(pidFile, { signal = 'SIGTERM', graceMs = 15_000 } = {}) {
  const pid = runningPid(pidFile);
  if (pid === null) {
    rmSync(pidFile, { force: true });
    return false;
  }
  // A frozen process takes no signal but SIGKILL before it goes on.
  signalTree(pid, 'SIGCONT');
  if (signal !== 'SIGKILL') signalOne(pid, signal);
  if (signal === 'SIGKILL' || !(await areGone([pid], graceMs))) await killTree(pid);
  rmSync(pidFile, { force: true });
  return true;
}

/**
 * Ends a process and all that descend from it at once, and waits until they are gone.
 * @param {number} pid
 */
export async function killTree(pid) {
  // Stopped first, so that nothing is started while it is looked who there is.
  signalOne(pid, 'SIGSTOP');
  const tree = processTree(pid);
  for (const each of tree) signalOne(each, 'SIGKILL');
  if (!(await areGone(tree, 10_000))) throw new Error(`process ${pid} does not end`);
}

async function areGone(pids, withinMs) {
  const end = Date.now() + withinMs;
  while (pids.some(isAlive)) {
    if (Date.now() > end) return false;
    await sleep(25);
  }
  return true;
}

/**
 * Asks until the answer comes.
 * @template T
 * @param {() => Promise<T>} ask throws while the server is not ready
 * @param {{ withinMs: number, alive?: () => boolean, everyMs?: number }} options `alive`: false ends the wait at once
 * @returns {Promise<T>}
 * @throws {Error} what `ask` threw last
 */
export async function untilAnswered(ask, { withinMs, alive = () => true, everyMs = 100 }) {
  const end = Date.now() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!alive()) throw new Error(`it ended before it was ready: ${error.message}`, { cause: error });
      if (Date.now() > end)
        throw new Error(`it was not ready within ${withinMs / 1000} s: ${error.message}`, { cause: error });
    }
    await sleep(everyMs);
  }
}

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {{ input?: string, env?: NodeJS.ProcessEnv, cwd?: string, timeoutMs?: number }} [options]
 * @returns {Promise<string>} its output, trimmed
 * @throws {Error} with what it said, where it fails or takes longer
 */
export function outputOf(command, args, { input = '', env = process.env, cwd, timeoutMs = 60_000 } = {}) {
  return new Promise((done, failed) => {
    const options = { env, cwd, timeout: timeoutMs, encoding: /** @type {const} */ ('utf8') };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      // Not the error's own message: it repeats the command line.
      if (error) failed(new Error(stderr.trim() || `${command}: ${error.signal ?? error.code}`));
      else done(stdout.trim());
    });
    // A command that ends before it has read everything is heard of by its exit.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Whether somebody listens on a port of this machine. */
export function portTaken(port) {
  return new Promise((done) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    const end = (taken) => {
      socket.destroy();
      done(taken);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

function parents() {
  if (!existsSync('/proc/self/stat')) return parentsByPs();
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = statOf(Number(name));
      return stat === null ? [] : [[Number(name), stat.parent]];
    });
}

function parentsByPs() {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/).map(Number));
}

function beganAt(pid) {
  return statOf(pid)?.began;
}

/** What /proc says of a process; null where there is no such process, or no /proc. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], parent: Number(fields[1]), began: fields[19] };
  } catch {
    return null;
  }
}
