// Runs a program over engines: brings up those that are missing, passes their settings on, stops what it started.
import { spawn } from 'node:child_process';
import { root, say } from '../setup.mjs';
import { down, env, up } from './all.mjs';
import { openSet } from './set.mjs';

/**
 * An engine whose settings are in the environment is taken from there.
 * @param {string[]} names the engines that are wanted
 * @param {string[]} program a Node program and its arguments
 * @param {Record<string, string>} [settings] of the program besides
 * @returns {Promise<{ code: number, failed: { name: string, failure: string | null }[] }>} its exit code, and the engines
 * that were not to be had
 */
export async function runWithEngines(names, program, settings = {}) {
  const set = openSet({ say });
  const given = (name) => Object.keys(env(set, [name])).every((setting) => process.env[setting]);
  const outcomes = await up(
    set,
    names.filter((name) => !given(name)),
  );
  const ready = outcomes.filter(({ failure }) => failure === null).map(({ name }) => name);
  // Both signals reach the program by themselves from a terminal; what was started here has to be stopped all the same.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  const child = spawn(process.execPath, program, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env(set, ready), ...settings },
  });
  const code = await new Promise((done) => {
    child.once('error', () => done(1)).once('exit', (status) => done(status ?? 1));
  });
  await down(
    set,
    outcomes.filter(({ started }) => started).map(({ name }) => name),
  );
  return { code, failed: outcomes.filter(({ failure }) => failure !== null) };
}
