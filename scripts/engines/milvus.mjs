// Milvus standalone 2.3.5 from its Python package, which is used to unpack the server and to write its settings; the
// server itself is run directly.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installOnce, needPackage, tool } from './install.mjs';
import { outputOf, runningPid, startServer, stopServer, untilAnswered } from './process.mjs';
import { needTls, tlsFiles } from './tls.mjs';

/** @typedef {import('./set.mjs').EngineSet} EngineSet */

const release = '2.3.5';
const program = (set) => join(set.programs, `milvus-${release}`);
const python = (set) => join(program(set), 'venv', 'bin', 'python');

export const milvus = engine({ name: 'milvus', tls: false, base: 19_531, prefix: 'TRIPTYCH_MILVUS' });
/** The same server with TLS on its port: it cannot speak both ways at once. */
export const milvusTls = engine({
  name: 'milvus-tls',
  tls: true,
  base: 19_631,
  prefix: 'TRIPTYCH_TEST_MILVUS_TLS',
});

/** All that one server binds, from the port of its clients on; the keys of its Python package, without `_port`. */
const bound = [
  'proxy',
  'proxy_internal',
  'root_coord',
  'query_coord',
  'query_node',
  'index_coord',
  'index_node',
  'data_coord',
  'data_node',
  'etcd',
  'etcd_peers',
  'metrics',
];

/** The package tries to bind every port, which connections of a server that has just ended prevent for a minute. */
async function bindable(write) {
  for (const end = Date.now() + 90_000; ; )
    try {
      return await write();
    } catch (error) {
      if (!String(error.message).includes('bind failed') || Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
}

/** @param {{ name: string, tls: boolean, base: number, prefix: string }} kind */
function engine({ name, tls, base, prefix }) {
  const home = (set) => join(set.folder, name);
  const pidFile = (set) => join(set.folder, `${name}.pid`);
  const pid = (set) => runningPid(pidFile(set));
  const passwordSet = (set) => join(home(set), 'password-set');
  const port = (set, part) => set.port(base) + bound.indexOf(part);
  const address = (set) => `${tls ? 'localhost' : '127.0.0.1'}:${port(set, 'proxy')}`;

  async function start(set) {
    const folder = home(set);
    if (!existsSync(join(folder, 'configs', 'milvus.yaml'))) await configure(set);
    const bin = join(program(set), 'bin');
    await startServer(join(bin, 'milvus'), ['run', 'standalone'], {
      pidFile: pidFile(set),
      logFile: join(folder, 'logs', 'console.log'),
      cwd: folder,
      env: {
        ...process.env,
        DEPLOY_MODE: 'STANDALONE',
        METRICS_PORT: String(port(set, 'metrics')),
        MILVUS_RUN_DIR: join(folder, 'run'),
        LD_LIBRARY_PATH: bin,
      },
    });
  }

  async function configure(set) {
    const folder = home(set);
    rmSync(folder, { recursive: true, force: true });
    for (const part of ['configs', 'data', 'logs', 'run']) mkdirSync(join(folder, part), { recursive: true });
    symlinkSync(join(program(set), 'bin'), join(folder, 'bin'));
    const { ca, certificate, key } = await needTls(set);
    const options = {
      data_dir: folder,
      authorization_enabled: true,
      tls_mode: tls ? 1 : 0,
      server_pem_path: certificate,
      server_key_path: key,
      ca_pem_path: ca,
      ...Object.fromEntries(bound.map((part) => [`${part}_port`, port(set, part)])),
    };
    const settings = {
      'proxy.ip': '127.0.0.1',
      // A search that must see the last write waits for a tick: 54 instead of 403 ms.
      'proxy.timeTickInterval': 50,
      // Shorter, and a server that was frozen loses its channels.
      'common.session.ttl': 30,
    };
    await bindable(() => outputOf(python(set), ['-c', writeSettings, JSON.stringify({ options, settings })]));
    // The package's template has no place for the settings of the etcd within.
    const etcd = join(folder, 'configs', 'etcd.yaml');
    writeFileSync(etcd, etcdSettings(port(set, 'etcd'), port(set, 'etcd_peers')));
    const main = join(folder, 'configs', 'milvus.yaml');
    const text = readFileSync(main, 'utf8').replace('\netcd:\n', `\netcd:\n  config:\n    path: ${etcd}\n`);
    writeFileSync(main, text);
  }

  async function waitReady(set) {
    const alive = () => pid(set) !== null;
    await untilAnswered(() => setPassword(set), { withinMs: 120_000, alive, everyMs: 250 });
    return untilAnswered(() => version(set), { withinMs: 60_000, alive, everyMs: 250 });
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

  /** The version, after a look at the collections as the user that the service is. */
  async function version(set) {
    return withClient(set, set.secret(name), async (client) => {
      check(await client.showCollections());
      const { isHealthy, reasons } = await client.checkHealth();
      if (!isHealthy) throw new Error(`not healthy: ${reasons.join(', ')}`);
      return (await client.getVersion()).version;
    });
  }

  async function withClient(set, password, use) {
    const { MilvusClient } = await import('@zilliz/milvus2-sdk-node');
    const client = new MilvusClient({
      address: address(set),
      username: 'root',
      password,
      timeout: 5_000,
      maxRetries: 0,
      logLevel: 'error',
      ...(tls ? { ssl: true, tls: { rootCertPath: tlsFiles(set).ca } } : {}),
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

  return {
    name,
    ports: { main: base },
    install,
    start,
    waitReady,
    // SIGTERM hangs where a collection is loaded.
    stop: (set) => stopServer(pidFile(set), { signal: 'SIGKILL' }),
    pid,
    version,
    env: (set) => ({
      [`${prefix}_ADDRESS`]: address(set),
      [`${prefix}_USER`]: 'root',
      [`${prefix}_PASSWORD`]: set.secret(name),
      ...(tls ? { [`${prefix}_CA_FILE`]: tlsFiles(set).ca } : {}),
    }),
  };
}

/** @param {EngineSet} set */
function install(set) {
  return installOnce(program(set), `milvus==${release}`, async () => {
    const hasVenv = () => spawnSync('python3', ['-c', 'import venv, ensurepip']).status === 0;
    await needPackage(set, 'python3-venv', hasVenv);
    set.say('fetching the server from its Python package ...');
    await tool(set, 'python3', ['-m', 'venv', join(program(set), 'venv')]);
    const quiet = ['--quiet', '--disable-pip-version-check'];
    await tool(set, python(set), ['-m', 'pip', 'install', ...quiet, `milvus==${release}`]);
    set.say('unpacking ...');
    const unpack = 'import milvus, sys; milvus._initialize_data_files(sys.argv[1])';
    await tool(set, python(set), ['-c', unpack, program(set)]);
  });
}

/** The package fills its own template and refuses a port that is taken. */
const writeSettings = `
import json, sys
from milvus import MilvusServerConfig
given = json.loads(sys.argv[1])
config = MilvusServerConfig(**given['options'])
for key, value in [*given['options'].items(), *given['settings'].items()]:
    config.set(key, value)
config.resolve()
`;

function etcdSettings(clientPort, peerPort) {
  const clients = `http://127.0.0.1:${clientPort}`;
  const peers = `http://127.0.0.1:${peerPort}`;
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

/** Most failures are answers. */
function check(answer) {
  const status = answer.status ?? answer;
  if (status.error_code !== 'Success') throw new Error(`${status.error_code}: ${status.reason}`);
}
