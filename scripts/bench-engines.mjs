// npm run bench:engines: brings up the engines that are missing, runs the case `search-engines` over them with the
// arguments given after `--`, and stops what it started. Engines whose settings are in the environment are used from there.
import { spawn } from 'node:child_process';
import { compileBench } from './compile-bench.mjs';
import { down, env, up } from './engines/all.mjs';
import { openSet } from './engines/set.mjs';
import { root, say } from './setup.mjs';

await compileBench();
const set = openSet({ say });
const given = (name) => Object.keys(env(set, [name])).every((setting) => process.env[setting]);
const names = ['postgres', 'redis', 'milvus', 'neo4j'].filter((name) => !given(name));
const outcomes = await up(set, names);
const ready = outcomes.filter(({ failure }) => failure === null).map(({ name }) => name);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
const bench = ['dist-bench/bench/run.js', '--only', 'search-engines', ...process.argv.slice(2)];
const child = spawn(process.execPath, bench, {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ...env(set, ready) },
});
process.exitCode = await new Promise((done) => {
  child.once('error', () => done(1)).once('exit', (status) => done(status ?? 1));
});
await down(
  set,
  outcomes.filter(({ started }) => started).map(({ name }) => name),
);
