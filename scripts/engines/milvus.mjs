// Milvus standalone 2.3.5 from its Python package, which is used to unpack the server and to write its settings; the
// server itself is run directly.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce, needPackage, tool } from './install.mjs';
import { runningPid, startServer, stopServer, untilAnswered } from './process.mjs';

/** @typedef {import('./set.mjs').EngineSet} EngineSet */

export const name = 'milvus';
/** All that one server binds. */
export const ports = {
  main: 19_531,
  metrics: 19_591,
  proxyInternal: 19_529,
  etcd: 19_579,
  etcdPeers: 19_580,
  rootCoord: 19_553,
  queryCoord: 19_554,
  queryNode: 19_555,
  indexCoord: 19_556,
  indexNode: 19_557,
  dataCoord: 19_558,
  dataNode: 19_559,
};

const release = '2.3.5';
const program = (set) => join(set.programs, `milvus-${release}`);
const python = (set) => join(program(set), 'venv', 'bin', 'python');
const home = (set) => join(set.folder, 'milvus');
const pidFile = (set) => join(set.folder, 'milvus.pid');
const passwordSet = (set) => join(home(set), 'password-set');

/** @param {EngineSet} set */
export async function install(set) {
  await installOnce(program(set), `milvus==${release}`, async () => {
    await needPackage(set, 'python3-venv', () => runs('python3', ['-c', 'import venv, ensurepip']));
    set.say('fetching the server from its Python package ...');
    await tool(set, 'python3', ['-m', 'venv', join(program(set), 'venv')]);
    const quiet = ['--quiet', '--disable-pip-version-check'];
    await tool(set, python(set), ['-m', 'pip', 'install', ...quiet, `milvus==${release}`]);
    set.say('unpacking ...');
    const unpack = 'import milvus, sys; milvus._initialize_data_files(sys.argv[1])';
    await tool(set, python(set), ['-c', unpack, program(set)]);
  });
}

/** @param {EngineSet} set */
export async function start(set) {
  const folder = home(set);
  if (!existsSync(join(folder, 'configs', 'milvus.yaml'))) configure(set);
  const bin = join(program(set), 'bin');
  await startServer(join(bin, 'milvus'), ['run', 'standalone'], {
    pidFile: pidFile(set),
    logFile: join(folder, 'logs', 'console.log'),
    cwd: folder,
    env: {
      ...process.env,
      DEPLOY_MODE: 'STANDALONE',
      METRICS_PORT: String(set.port(ports.metrics)),
      MILVUS_RUN_DIR: join(folder, 'run'),
      LD_LIBRARY_PATH: bin,
    },
  });
}

/** @param {EngineSet} set */
export async function waitReady(set) {
  const alive = () => pid(set) !== null;
  await untilAnswered(() => checkHealth(set), { withinMs: 120_000, alive });
  await untilAnswered(() => setPassword(set), { withinMs: 60_000, alive, everyMs: 250 });
  return untilAnswered(() => version(set), { withinMs: 60_000, alive, everyMs: 250 });
}

/** SIGTERM hangs where a collection is loaded. @param {EngineSet} set */
export const stop = (set) => stopServer(pidFile(set), { signal: 'SIGKILL' });

/** @param {EngineSet} set */
export const pid = (set) => runningPid(pidFile(set));

/** The version, after a look at the collections as the user that the service is. @param {EngineSet} set */
export async function version(set) {
  return withClient(set, set.secret(name), async (client) => {
    check(await client.showCollections());
    const { isHealthy, reasons } = await client.checkHealth();
    if (!isHealthy) throw new Error(`not healthy: ${reasons.join(', ')}`);
    return (await client.getVersion()).version;
  });
}

/** @param {EngineSet} set */
export function env(set) {
  return {
    TRIPTYCH_MILVUS_ADDRESS: address(set),
    TRIPTYCH_MILVUS_USER: 'root',
    TRIPTYCH_MILVUS_PASSWORD: set.secret(name),
  };
}

const address = (set) => `127.0.0.1:${set.port(ports.main)}`;

function configure(set) {
  const folder = home(set);
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['configs', 'data', 'logs', 'run']) mkdirSync(join(folder, part), { recursive: true });
  symlinkSync(join(program(set), 'bin'), join(folder, 'bin'));
  const options = { data_dir: folder, authorization_enabled: true };
  for (const [part, port] of Object.entries(ports))
    if (part !== 'metrics' && part !== 'etcdPeers') options[portKey(part)] = set.port(port);
  const settings = {
    'proxy.ip': '127.0.0.1',
    // A search that must see the last write waits for a tick: 54 instead of 403 ms.
    'proxy.timeTickInterval': 50,
    // Shorter, and a server that was frozen loses its channels.
    'common.session.ttl': 30,
  };
  execFileSync(python(set), ['-c', writeSettings, JSON.stringify({ options, settings })], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // The template has no place for the built-in etcd's own settings.
  const etcd = join(folder, 'configs', 'etcd.yaml');
  writeFileSync(etcd, etcdSettings(set));
  const main = join(folder, 'configs', 'milvus.yaml');
  writeFileSync(
    main,
    readFileSync(main, 'utf8').replace('\netcd:\n', `\netcd:\n  config:\n    path: ${etcd}\n`),
  );
}

function etcdSettings(set) {
  const clients = `http://127.0.0.1:${set.port(ports.etcd)}`;
  const peers = `http://127.0.0.1:${set.port(ports.etcdPeers)}`;
  return `${[
    'name: default',
    `listen-client-urls: ${clients}`,
    `advertise-client-urls: ${clients}`,
    `listen-peer-urls: ${peers}`,
    `initial-advertise-peer-urls: ${peers}`,
    `initial-cluster: default=${peers}`,
    'unsafe-no-fsync: true',
  ].join('\n')}\n`;
}

function portKey(part) {
  const words = part === 'main' ? 'proxy' : part.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return `${words}_port`;
}

/** The package fills its own template and refuses a port that is taken. */
const writeSettings = `
import json, sys
from milvus import MilvusServerConfig
given = json.loads(sys.argv[1])
config = MilvusServerConfig(**given['options'])
for key, value in given['options'].items():
    config.set(key, value)
for key, value in given['settings'].items():
    config.set(key, value)
config.resolve()
`;

async function checkHealth(set) {
  const url = `http://127.0.0.1:${set.port(ports.metrics)}/healthz`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  const text = await answer.text();
  if (text !== 'OK') throw new Error(`/healthz says ${text}`);
}

/** A new server knows root by a password from its documentation. */
async function setPassword(set) {
  if (existsSync(passwordSet(set))) return;
  const newPassword = set.secret(name);
  await withClient(set, 'Milvus', async (client) => {
    check(await client.updatePassword({ username: 'root', oldPassword: 'Milvus', newPassword }));
  });
  writeFileSync(passwordSet(set), '');
}

async function withClient(set, password, use) {
  const { MilvusClient } = await import('@zilliz/milvus2-sdk-node');
  const client = new MilvusClient({
    address: address(set),
    username: 'root',
    password,
    timeout: 5_000,
    maxRetries: 0,
  });
  // Without a listener its rejection would end the process.
  client.connectPromise.catch(() => {});
  try {
    await client.connectPromise;
    return await use(client);
  } finally {
    await client.closeConnection();
  }
}

/** Most failures are answers. */
function check(answer) {
  const status = answer.status ?? answer;
  if (status.error_code !== 'Success') throw new Error(`${status.error_code}: ${status.reason}`);
}

function runs(command, args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
