// Redis from the Debian package: memory only, with a password.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needPackage, onPath } from './install.mjs';
import { outputOf, runningPid, startServer, stopServer, untilAnswered } from './process.mjs';
import { needTls, tlsFiles } from './tls.mjs';

/** @typedef {import('./set.mjs').EngineSet} EngineSet */

export const name = 'redis';
export const ports = { main: 56_379, tls: 56_380 };

/** @param {EngineSet} set */
export async function install(set) {
  await needPackage(set, 'redis-server', () => onPath('redis-server') && onPath('redis-cli'));
}

/** @param {EngineSet} set */
export async function start(set) {
  const { folder, pidFile } = places(set);
  mkdirSync(folder, { recursive: true });
  // In a file, so that no password shows in the list of processes.
  const file = join(folder, 'redis.conf');
  writeFileSync(file, settings(set, folder, await needTls(set)), { mode: 0o600 });
  await startServer('redis-server', [file], { pidFile, logFile: join(folder, 'redis.log'), cwd: folder });
}

/** @param {EngineSet} set */
export async function waitReady(set) {
  const alive = () => runningPid(places(set).pidFile) !== null;
  return untilAnswered(() => version(set), { withinMs: 30_000, alive });
}

/** @param {EngineSet} set */
export const stop = (set) => stopServer(places(set).pidFile);

/** @param {EngineSet} set */
export const pid = (set) => runningPid(places(set).pidFile);

/** Writes a key, reads it back and asks for the version. @param {EngineSet} set */
export async function version(set) {
  const kept = await command(set, 'SET', 'triptych:engines:ready', '1', 'EX', '10');
  if (kept !== 'OK') throw new Error(`SET says ${kept}`);
  const info = await command(set, 'INFO', 'server');
  const found = /redis_version:(\S+)/.exec(info)?.[1];
  if (found === undefined) throw new Error(`INFO says ${info}`);
  return found;
}

/** @param {EngineSet} set */
export function env(set) {
  return {
    TRIPTYCH_REDIS_URL: `redis://127.0.0.1:${set.port(ports.main)}`,
    TRIPTYCH_REDIS_PASSWORD: set.secret('redis'),
    TRIPTYCH_TEST_REDIS_TLS_URL: `rediss://localhost:${set.port(ports.tls)}`,
    TRIPTYCH_TEST_REDIS_CA_FILE: tlsFiles(set).ca,
  };
}

function places(set) {
  return { folder: join(set.folder, 'redis'), pidFile: join(set.folder, 'redis.pid') };
}

function settings(set, folder, { ca, certificate, key }) {
  return `${[
    `port ${set.port(ports.main)}`,
    `tls-port ${set.port(ports.tls)}`,
    `tls-cert-file "${certificate}"`,
    `tls-key-file "${key}"`,
    `tls-ca-cert-file "${ca}"`,
    'tls-auth-clients no',
    'bind 127.0.0.1',
    'protected-mode yes',
    `dir "${folder}"`,
    `requirepass ${set.secret('redis')}`,
    'save ""',
    'appendonly no',
    'maxmemory 64mb',
    'maxmemory-policy allkeys-lru',
    'daemonize no',
  ].join('\n')}\n`;
}

function command(set, ...words) {
  return outputOf('redis-cli', ['-h', '127.0.0.1', '-p', String(set.port(ports.main)), ...words], {
    timeoutMs: 5_000,
    env: { ...process.env, REDISCLI_AUTH: set.secret('redis') },
  });
}
