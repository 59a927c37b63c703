// npm run test:engines: brings up the engines that are missing, runs the suites of test/engines against them with the
// arguments given after `--`, and stops what it started. An engine whose settings are in the environment is taken from
// there. Where one is not to be had its suites are skipped, or fail where CI is set.
import { spawn } from 'node:child_process';
import { down, engines, env, up } from './engines/all.mjs';
import { openSet } from './engines/set.mjs';
import { root, say, setUp } from './setup.mjs';

await setUp();
const set = openSet({ say });
const given = (name) => Object.keys(env(set, [name])).every((setting) => process.env[setting]);
const names = Object.keys(engines).filter((name) => !given(name));
const outcomes = await up(set, names);
const ready = outcomes.filter(({ failure }) => failure === null).map(({ name }) => name);
const failed = outcomes.filter(({ failure }) => failure !== null);

// Both signals reach the suites by themselves from a terminal; what was started here has to be stopped all the same.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.engines.config.ts'];
const child = spawn(process.execPath, [...vitest, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...env(set, ready), TRIPTYCH_SKIP_BUILD: '1' },
});
const code = await new Promise((done) => {
  child.once('error', () => done(1)).once('exit', (status) => done(status ?? 1));
});

const started = outcomes.filter((outcome) => outcome.started).map(({ name }) => name);
await down(set, started);
for (const { name, failure } of failed) say(`${name} is not available: ${failure}`);
process.exitCode = failed.length > 0 && process.env.CI ? code || 1 : code;
