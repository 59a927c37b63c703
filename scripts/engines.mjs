// npm run engines -- up|down|status|env [engine...]: the real stores on this machine, for tests and for trying things.
import { parseArgs } from 'node:util';
import { down, engines, env, status, up, usualNames } from './engines/all.mjs';
import { openSet } from './engines/set.mjs';
import { fail, say, setUpDependencies } from './setup.mjs';

const help = `npm run engines -- COMMAND [ENGINE...] [--dir DIR] [--port-offset N]

  up       install what is missing, start, wait until each answers, print the settings
  down     stop
  status   what runs, with versions
  env      print the settings of what runs

Engines: ${Object.keys(engines).join(', ')}
"up" without names takes ${usualNames.join(', ')}; the other commands take all.
They listen on 127.0.0.1 (Milvus on every address, see docs/engines.md) and keep throw-away data, passwords and logs
under .engines/ (--dir: elsewhere).
--port-offset is added to every port, so that a second set can run beside the first.

To serve from them:
  set -a; eval "$(npm run --silent engines -- env)"; set +a
  npm run build && npx triptych db migrate   # with postgres: makes its tables
  npm start -- --demo`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string' },
    'port-offset': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
const [command = 'help', ...names] = positionals;
const unknown = names.filter((name) => engines[name] === undefined);
if (unknown.length > 0) fail(`No engine is called ${unknown[0]}: ${Object.keys(engines).join(', ')}.`);
const portOffset = Number(values['port-offset'] ?? 0);
if (!Number.isInteger(portOffset) || portOffset < 0 || portOffset > 5_000)
  fail('--port-offset must be a whole number from 0 to 5000.');

const given = ['dir', 'port-offset']
  .map((name) => (values[name] ? ` --${name} ${values[name]}` : ''))
  .join('');
const set = openSet({ dir: values.dir, portOffset, say });
const commands = {
  up: runUp,
  down: runDown,
  status: runStatus,
  env: runEnv,
  help: () => process.stdout.write(`${help}\n`),
};
const run = commands[values.help ? 'help' : command];
if (run === undefined) fail(`No command is called ${command}.\n\n${help}`);
await run(names);

async function runUp(names) {
  // Readiness is asked through the clients of the stores.
  await setUpDependencies();
  const outcomes = await up(set, names.length > 0 ? names : usualNames);
  const ready = outcomes.filter(({ failure }) => failure === null).map(({ name }) => name);
  printEnv(ready);
  const failed = outcomes.filter(({ failure }) => failure !== null);
  for (const { name, failure } of failed) say(`${name} is not available: ${failure}`);
  if (failed.length > 0) process.exitCode = 1;
  else say(`Next: set -a; eval "$(npm run --silent engines -- env${given})"; set +a; ${startCommand(ready)}`);
}

/** A new Postgres has no tables, and the demo goes into a server only where it is asked for. */
function startCommand(ready) {
  return ready.includes('postgres')
    ? 'npm run build && npx triptych db migrate && npm start -- --demo'
    : 'npm start';
}

async function runDown(names) {
  await down(set, names.length > 0 ? names : Object.keys(engines));
}

async function runStatus(names) {
  for (const { name, pid, port, version, failure } of await status(
    set,
    names.length > 0 ? names : Object.keys(engines),
  )) {
    const state =
      pid === null ? 'not running' : `pid ${pid}, port ${port}, ${version ?? `does not answer: ${failure}`}`;
    process.stdout.write(`${name.padEnd(11)} ${state}\n`);
  }
}

function runEnv(names) {
  const wanted = names.length > 0 ? names : Object.keys(engines);
  printEnv(wanted.filter((name) => engines[name].pid(set) !== null));
}

function printEnv(names) {
  for (const [name, value] of Object.entries(env(set, names))) process.stdout.write(`${name}=${value}\n`);
}
