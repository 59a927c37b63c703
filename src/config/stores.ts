import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { FieldProblem } from '../errors.ts';
import { type SettingName, type Settings, settings as settingsTable } from './schema.ts';
import type { MilvusConfig, Neo4jConfig, RedisConfig, StoresConfig } from './store-config.ts';

/** What reading settings of stores needs: where relative paths start, what settings are called, where problems go. */
export interface StoreReading {
  readonly settings: Settings;
  readonly cwd: string;
  readonly nameOf: (name: SettingName) => string;
  readonly problems: FieldProblem[];
  readonly warnings: string[];
}

export function storesConfig(reading: StoreReading): StoresConfig {
  const { postgres, postgresOwner } = postgresConfigs(reading);
  return {
    postgres,
    postgresOwner,
    milvus: milvusConfig(reading),
    neo4j: neo4jConfig(reading),
    redis: redisConfig(reading),
  };
}

function postgresConfigs(reading: StoreReading): Pick<StoresConfig, 'postgres' | 'postgresOwner'> {
  const { settings, problems, nameOf } = reading;
  const url = postgresUrlOf(reading, 'postgresUrl', 'postgresUrlFile');
  const workerUrl = postgresUrlOf(reading, 'postgresWorkerUrl', 'postgresWorkerUrlFile');
  const ownerUrl = postgresUrlOf(reading, 'postgresOwnerUrl', 'postgresOwnerUrlFile');
  const isGiven = (...names: readonly SettingName[]) => names.some((name) => settings[name] !== undefined);
  const given = (['postgresUrl', 'postgresUrlFile'] as const).find((name) => isGiven(name));
  if (given === undefined) {
    const ca = isGiven('postgresOwnerUrl', 'postgresOwnerUrlFile') ? [] : (['postgresCaFile'] as const);
    warnUnused(reading, 'postgresUrl', ['postgresWorkerUrl', 'postgresWorkerUrlFile', ...ca]);
  } else if (!isGiven('postgresWorkerUrl', 'postgresWorkerUrlFile'))
    problems.push({
      path: nameOf('postgresWorkerUrl'),
      message: `is needed with ${nameOf(given)}, or ${nameOf('postgresWorkerUrlFile')}: the URL of a user of the role triptych_worker`,
    });
  const ca = url === null && ownerUrl === null ? null : textOfFile(reading, 'postgresCaFile');
  return {
    postgres: url === null || workerUrl === null ? null : { url, workerUrl, ca },
    postgresOwner: ownerUrl === null ? null : { url: ownerUrl, ca },
  };
}

/** The URL that is given itself or in a file, which is held to the same; what is in the file is not shown. */
function postgresUrlOf(
  reading: StoreReading,
  name: 'postgresUrl' | 'postgresWorkerUrl' | 'postgresOwnerUrl',
  file: SettingName,
): string | null {
  const { settings, problems, nameOf } = reading;
  const before = problems.length;
  const url = secret(reading, name, file);
  if (url === null || settings[file] === undefined) return url;
  const { error } = settingsTable[name].safeParse(url);
  if (error === undefined) return url;
  // A file that is empty or cannot be read is complained of already.
  if (problems.length === before)
    problems.push({ path: nameOf(file), message: `what the file holds ${error.issues[0]?.message}` });
  return null;
}

function milvusConfig(reading: StoreReading): MilvusConfig | null {
  const { settings, problems, nameOf } = reading;
  const { milvusAddress: address, milvusUser: user } = settings;
  if (address === undefined) {
    warnUnused(reading, 'milvusAddress', [
      ...(['milvusUser', 'milvusPassword', 'milvusPasswordFile', 'milvusToken', 'milvusTokenFile'] as const),
      ...(['milvusCaFile', 'milvusDatabase', 'milvusCagraAdaptForCpu', 'milvusShardBy'] as const),
    ]);
    return null;
  }
  const password = secret(reading, 'milvusPassword', 'milvusPasswordFile');
  const token = secret(reading, 'milvusToken', 'milvusTokenFile');
  if (token !== null && (user !== undefined || password !== null))
    problems.push({
      path: nameOf('milvusToken'),
      message: `cannot be given with ${nameOf('milvusUser')} and a password`,
    });
  if ((user === undefined) !== (password === null))
    problems.push({
      path: nameOf(user === undefined ? 'milvusUser' : 'milvusPassword'),
      message: 'a user and a password are needed together',
    });
  const ca = textOfFile(reading, 'milvusCaFile');
  if (ca !== null && !settings.milvusTls)
    problems.push({
      path: nameOf('milvusCaFile'),
      message: `has no effect without ${nameOf('milvusTls')}`,
    });
  return {
    address,
    database: settings.milvusDatabase ?? null,
    credentials:
      token !== null
        ? { kind: 'token', token }
        : user !== undefined && password !== null
          ? { kind: 'password', user, password }
          : { kind: 'none' },
    tls: settings.milvusTls,
    ca,
    index: milvusIndex(reading),
    shardBy: settings.milvusShardBy ?? null,
  };
}

function milvusIndex({ settings, problems, nameOf }: StoreReading): MilvusConfig['index'] {
  const { milvusIndex: index, milvusCagraAdaptForCpu: adapts = false } = settings;
  if (!adapts) return index;
  if (index !== 'gpu_cagra')
    problems.push({
      path: nameOf('milvusCagraAdaptForCpu'),
      message: `has no effect unless ${nameOf('milvusIndex')} is gpu_cagra`,
    });
  return 'gpu_cagra_cpu';
}

function neo4jConfig(reading: StoreReading): Neo4jConfig | null {
  const { settings, problems, nameOf } = reading;
  const { neo4jUri: uri } = settings;
  if (uri === undefined) {
    warnUnused(reading, 'neo4jUri', ['neo4jPassword', 'neo4jPasswordFile', 'neo4jCaFile', 'neo4jDatabase']);
    return null;
  }
  const password = secret(reading, 'neo4jPassword', 'neo4jPasswordFile');
  const ca = textOfFile(reading, 'neo4jCaFile');
  if (password === null) {
    problems.push({
      path: nameOf('neo4jPassword'),
      message: `is needed with ${nameOf('neo4jUri')}, or ${nameOf('neo4jPasswordFile')}`,
    });
    return null;
  }
  return { uri, user: settings.neo4jUser, password, database: settings.neo4jDatabase ?? null, ca };
}

function redisConfig(reading: StoreReading): RedisConfig | null {
  const { redisUrl } = reading.settings;
  if (redisUrl === undefined) {
    warnUnused(reading, 'redisUrl', ['redisPassword', 'redisPasswordFile', 'redisCaFile']);
    return null;
  }
  const url = new URL(redisUrl);
  const ownPassword = url.password === '' ? null : decodeURIComponent(url.password);
  const given = secret(reading, 'redisPassword', 'redisPasswordFile');
  if (given !== null && ownPassword !== null)
    reading.problems.push({
      path: reading.nameOf('redisPassword'),
      message: `cannot be given with a password in ${reading.nameOf('redisUrl')}`,
    });
  url.password = '';
  return { url: url.href, password: given ?? ownPassword, ca: textOfFile(reading, 'redisCaFile') };
}

/** Half-given settings look like a store that is in use and is not. */
function warnUnused(reading: StoreReading, needed: SettingName, names: readonly SettingName[]): void {
  const { settings, warnings, nameOf } = reading;
  const given = names.filter((name) => settings[name] !== undefined).map(nameOf);
  if (given.length > 0) warnings.push(`${given.join(', ')} has no effect without ${nameOf(needed)}`);
}

/** A secret that is given itself or in a file; null: neither. */
export function secret(reading: StoreReading, name: SettingName, file: SettingName): string | null {
  const { settings, problems, nameOf } = reading;
  const given = settings[name];
  if (settings[file] === undefined) return typeof given === 'string' ? given : null;
  if (given !== undefined)
    problems.push({ path: nameOf(file), message: `cannot be given with ${nameOf(name)}` });
  return textOfFile(reading, file)?.trim() ?? null;
}

function textOfFile({ settings, cwd, nameOf, problems }: StoreReading, name: SettingName): string | null {
  const path = settings[name];
  if (typeof path !== 'string') return null;
  try {
    const text = readFileSync(resolve(cwd, path), 'utf8');
    if (text.trim() === '') problems.push({ path: nameOf(name), message: 'the file is empty' });
    return text;
  } catch {
    problems.push({ path: nameOf(name), message: `${path} cannot be read` });
    return null;
  }
}
