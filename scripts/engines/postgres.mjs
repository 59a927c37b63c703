// PostgreSQL from the Debian package, with three roles as in production: owner, app and worker.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { findOnPath, needPackage } from './install.mjs';
import { isAlive, outputOf, runningPid, startServer, stopServer, untilAnswered } from './process.mjs';
import { needTls, tlsFiles } from './tls.mjs';

/** @typedef {import('./set.mjs').EngineSet} EngineSet */

export const name = 'postgres';
export const ports = { main: 55_432 };

const asRoot = process.getuid?.() === 0;
/** Login role of each group role, and the setting that its URL is. */
const logins = {
  triptych_serve: { group: 'triptych_app', setting: 'TRIPTYCH_POSTGRES_URL' },
  triptych_work: { group: 'triptych_worker', setting: 'TRIPTYCH_POSTGRES_WORKER_URL' },
  triptych_migrate: { group: 'triptych_owner', setting: 'TRIPTYCH_POSTGRES_OWNER_URL' },
};

/** @param {EngineSet} set */
export async function install(set) {
  await needPackage(set, 'postgresql', () => binaries() !== null);
}

/** @param {EngineSet} set */
export async function start(set) {
  const { folder, data, pidFile } = places(set);
  if (!isInitialised(set)) initialise(set);
  else forgetKilled(data);
  writeFileSync(join(data, 'triptych.conf'), settings(set, folder));
  own(join(data, 'triptych.conf'));
  // The server takes a key only from its own user.
  const { certificate, key } = await needTls(set);
  for (const [file, copy] of [
    [certificate, join(data, 'server.crt')],
    [key, join(data, 'server.key')],
  ]) {
    copyFileSync(file, copy);
    chmodSync(copy, 0o600);
    own(copy);
  }
  const [command, ...args] = asPostgres(join(binaries(), 'postgres'), '-D', data);
  await startServer(command, args, { pidFile, logFile: join(folder, 'postgres.log'), cwd: folder });
}

/** @param {EngineSet} set */
export async function waitReady(set) {
  const { pidFile } = places(set);
  const alive = () => runningPid(pidFile) !== null;
  const found = await untilAnswered(() => version(set), { withinMs: 60_000, alive });
  await createRoles(set);
  return found;
}

/** @param {EngineSet} set */
export function stop(set) {
  // Fast shutdown: sessions are ended, data is written.
  return stopServer(places(set).pidFile, { signal: 'SIGINT', graceMs: 20_000 });
}

/** @param {EngineSet} set */
export const pid = (set) => runningPid(places(set).pidFile);

/** @param {EngineSet} set */
export async function version(set) {
  return (await query(set, 'postgres', 'SHOW server_version')).split(' ')[0];
}

/** @param {EngineSet} set */
export function env(set) {
  const lines = {};
  for (const [login, { setting }] of Object.entries(logins)) lines[setting] = url(set, login, 'triptych');
  lines.TRIPTYCH_TEST_POSTGRES_TLS_URL = url(set, 'triptych_serve', 'triptych', 'localhost');
  lines.TRIPTYCH_TEST_POSTGRES_CA_FILE = tlsFiles(set).ca;
  // For tests, which make databases of their own.
  lines.TRIPTYCH_TEST_POSTGRES_ADMIN_URL = url(set, 'postgres', 'postgres');
  return lines;
}

function url(set, login, database, host = '127.0.0.1') {
  return `postgresql://${login}:${set.secret(`postgres ${login}`)}@${host}:${set.port(ports.main)}/${database}`;
}

/**
 * The server does not run as root, so its folder must be reachable for the user postgres: where the set's is not, it
 * lies under /var/tmp.
 */
function places(set) {
  const folder =
    asRoot && !reachable(set.folder)
      ? join('/var/tmp', `triptych-postgres-${digest(set.folder).slice(0, 12)}`)
      : join(set.folder, 'postgres');
  return {
    folder,
    data: join(folder, 'data'),
    madeFor: join(folder, 'made-for'),
    pidFile: join(set.folder, 'postgres.pid'),
  };
}

function digest(text) {
  return createHash('sha256').update(text).digest('hex');
}

function reachable(folder) {
  try {
    const [command, ...args] = asPostgres('test', '-x', folder);
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A cluster of an earlier set whose passwords are gone is none of this one's. */
function isInitialised(set) {
  const { madeFor } = places(set);
  return existsSync(madeFor) && readFileSync(madeFor, 'utf8') === digest(set.secret('postgres postgres'));
}

function initialise(set) {
  const { folder, data, madeFor } = places(set);
  set.say('making a new cluster ...');
  rmSync(data, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  own(folder);
  const password = join(folder, 'password');
  writeFileSync(password, set.secret('postgres postgres'), { mode: 0o600 });
  own(password);
  const options = [
    '-U',
    'postgres',
    `--pwfile=${password}`,
    '-A',
    'scram-sha-256',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    '-N',
  ];
  const [command, ...args] = asPostgres(join(binaries(), 'initdb'), '-D', data, ...options);
  execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  rmSync(password);
  writeFileSync(join(data, 'postgresql.conf'), "include 'triptych.conf'\n");
  own(join(data, 'postgresql.conf'));
  writeFileSync(madeFor, digest(set.secret('postgres postgres')), { mode: 0o600 });
}

/**
 * Takes away what a killed server has left where nobody would tell it from a running one: its pid may still be there, of a
 * process that has ended and was not asked about.
 */
function forgetKilled(data) {
  const lock = join(data, 'postmaster.pid');
  if (existsSync(lock) && !isAlive(Number(readFileSync(lock, 'utf8').split('\n')[0])))
    rmSync(lock, { force: true });
}

function settings(set, folder) {
  return `${[
    "listen_addresses = '127.0.0.1'",
    `port = ${set.port(ports.main)}`,
    `unix_socket_directories = '${folder}'`,
    'max_connections = 200',
    'shared_buffers = 64MB',
    'max_wal_size = 256MB',
    'ssl = on',
    "timezone = 'UTC'",
    "log_line_prefix = '%m [%p] '",
  ].join('\n')}\n`;
}

/**
 * Group roles own nothing but what is made under them; the service's logins are members. Without `IF NOT EXISTS` for
 * roles, what is there is asked first.
 */
async function createRoles(set) {
  const statements = ['triptych_owner', 'triptych_app', 'triptych_worker'].map((role) =>
    unlessRole(role, `CREATE ROLE ${role} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE`),
  );
  for (const [login, { group }] of Object.entries(logins))
    statements.push(
      unlessRole(login, `CREATE ROLE ${login} LOGIN NOSUPERUSER NOBYPASSRLS IN ROLE ${group}`),
      `ALTER ROLE ${login} PASSWORD '${set.secret(`postgres ${login}`)}';`,
    );
  // What migrations make belongs to the group, whoever runs them.
  statements.push('ALTER ROLE triptych_migrate SET role = triptych_owner;');
  await query(set, 'postgres', statements.join('\n'));
  if ((await query(set, 'postgres', "SELECT count(*) FROM pg_database WHERE datname = 'triptych'")) === '0')
    await query(set, 'postgres', 'CREATE DATABASE triptych OWNER triptych_owner');
}

function unlessRole(role, statement) {
  return `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN ${statement}; END IF; END $$;`;
}

/** One statement, or several, as the superuser over TCP. @returns what is selected, unaligned */
function query(set, database, sql) {
  return outputOf(join(binaries(), 'psql'), ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-f', '-'], {
    input: sql,
    timeoutMs: 10_000,
    env: {
      ...process.env,
      PGHOST: '127.0.0.1',
      PGPORT: String(set.port(ports.main)),
      PGUSER: 'postgres',
      PGPASSWORD: set.secret('postgres postgres'),
      PGDATABASE: database,
      PGCONNECT_TIMEOUT: '5',
    },
  });
}

/** Folder of the newest server's programs: Debian keeps them off the path. */
function binaries() {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions)
    if (existsSync(join(debian, version, 'bin', 'postgres'))) return join(debian, version, 'bin');
  const found = findOnPath('postgres');
  return found === null ? null : dirname(found);
}

/** The command line that runs a program as the user postgres, where this process is root. */
function asPostgres(...command) {
  return asRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', ...command] : command;
}

function own(path) {
  if (!asRoot) return;
  const [, , uid, gid] = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((line) => line.startsWith('postgres:'))
    .split(':');
  chownSync(path, Number(uid), Number(gid));
}
