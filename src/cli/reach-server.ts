import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { TriptychClient } from '../client/index.ts';
import { defaultTenant, holdsDatabase } from '../compose.ts';
import type { Config, SettingName } from '../config/schema.ts';
import { nameProblem } from '../domain/names.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import { type Runtime, say } from './runtime.ts';
import { addSettingFlags, configOf } from './settings-flags.ts';

/** A running server, and the API key for it if there is one. */
export interface Server {
  readonly url: string;
  readonly key: string | null;
}

/** The flags that say which server a command asks, as commander gives them. */
export interface ReachOptions {
  readonly url?: string;
  readonly apiKeyFile?: string;
  readonly tenant?: string;
}

/** A server that a command can ask, until it is closed. */
export interface Reached {
  readonly client: TriptychClient;
  readonly url: string;
  /** Whether it was started for the command; then nobody else has its key. */
  readonly isOwn: boolean;
  /** Ends it, if it was started for the command. */
  close(): Promise<void>;
}

/** Settings that commands over data have flags for; the others come from the environment or `--config`. */
export const reachSettings: readonly SettingName[] = ['dataDir', 'logLevel', 'embedder'];

export const reachHelp = `
It asks the server at --url, else the one that uses the data folder, else it opens the data folder itself for as long
as it takes. A server with keys needs one, in TRIPTYCH_API_KEY or a file; it acts for the key's tenant.`;

export function addReachFlags(command: Command): void {
  command
    .option('--url <url>', 'ask the server at this address')
    .option('--api-key-file <file>', 'file with the API key for that server, instead of TRIPTYCH_API_KEY')
    .option('--tenant <tenant>', 'whose data, in a data folder (default: default); a key has its own');
  addSettingFlags(command, reachSettings);
}

/**
 * Runs `work` with a server that the flags of addReachFlags name, and closes what was opened for it.
 * @param retriesMax how often a call is repeated that a busy server refuses
 */
export async function withServer<T>(
  runtime: Runtime,
  options: ReachOptions & Readonly<Record<string, unknown>>,
  work: (reached: Reached) => Promise<T>,
  retriesMax = 0,
): Promise<T> {
  const config = configOf(runtime, options, reachSettings);
  const reached = await reachServer(runtime, config, options, retriesMax);
  try {
    return await work(reached);
  } finally {
    await reached.close();
  }
}

/** @throws TriptychError data_dir_locked | invalid_settings (also: no database) */
async function reachServer(
  runtime: Runtime,
  config: Config,
  options: ReachOptions,
  retriesMax: number,
): Promise<Reached> {
  const { url, tenant } = options;
  if (url !== undefined) {
    refuseTenant(tenant, 'through --url the API key has a tenant');
    return asked(await serverAt(checkedUrl(url), runtime, options), retriesMax);
  }
  const server = await holderOf(runtime, config, options);
  if (server !== null) {
    refuseTenant(tenant, `a server uses ${config.dataDir}, and there the API key has a tenant`);
    return asked(server, retriesMax);
  }
  return openAlone(runtime, config, checkedTenant(tenant), retriesMax);
}

/**
 * The server that holds the data folder, or null where nobody does; a Postgres takes any number of them.
 * @throws TriptychError data_dir_locked where its holder does not listen
 */
export async function holderOf(
  runtime: Runtime,
  config: Config,
  options: ReachOptions,
): Promise<(Server & { readonly pid: number }) | null> {
  const holder = config.stores.postgres === null ? await runtime.lockHolder(config.dataDir) : null;
  if (holder === null) return null;
  const { pid, url } = holder;
  if (url === null)
    throw new TriptychError('data_dir_locked', `Process ${pid} uses ${config.dataDir} and does not listen.`);
  return { ...(await serverAt(url, runtime, options)), pid };
}

/** The server at this address, with the key that was given for it. @throws TriptychError invalid_settings */
export async function serverAt(
  url: string,
  { env, cwd }: Runtime,
  { apiKeyFile }: ReachOptions,
): Promise<Server> {
  if (apiKeyFile === undefined) {
    const key = env.TRIPTYCH_API_KEY || null;
    if (key === null || /^[!-~]+$/.test(key)) return { url, key };
    throw wrongFlag('TRIPTYCH_API_KEY', 'must be visible ASCII characters without spaces');
  }
  const key = await readFile(resolve(cwd, apiKeyFile), 'utf8').catch(() => '');
  if (/^[!-~]+\s*$/.test(key)) return { url, key: key.trim() };
  throw wrongFlag('--api-key-file', `${apiKeyFile} must hold one key`);
}

/** @throws TriptychError invalid_settings */
export function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw wrongFlag('--url', 'must be an http or https URL');
  if (url.username === '' && url.password === '') return text;
  throw wrongFlag('--url', 'must hold no user: a key is given in TRIPTYCH_API_KEY or --api-key-file');
}

/** @throws TriptychError invalid_settings */
export function wrongFlag(flag: string, message: string): TriptychError {
  return new TriptychError('invalid_settings', `${flag} ${message}`, { fields: [{ path: flag, message }] });
}

export function clientOf(
  { url, key }: Server,
  timeoutMs: number = limits.commandCallMsMax,
  retriesMax = 0,
): TriptychClient {
  return new TriptychClient({ url, timeoutMs, retriesMax, ...(key !== null && { key }) });
}

function asked(server: Server, retriesMax: number): Reached {
  return {
    client: clientOf(server, limits.commandCallMsMax, retriesMax),
    url: server.url,
    isOwn: false,
    close: async () => {},
  };
}

/** Opens the service in this process and waits until it is ready, embedder included. */
async function openAlone(
  runtime: Runtime,
  config: Config,
  tenant: string,
  retriesMax: number,
): Promise<Reached> {
  const { dataDir, stores } = config;
  if (stores.postgres === null && !(await holdsDatabase(dataDir)))
    throw wrongFlag(
      '--data-dir',
      `there is no database in ${dataDir}: \`triptych serve\` or \`triptych ingest\` makes one, --url names a server`,
    );
  if (runtime.stderr.isTTY) say(runtime, `No server uses ${dataDir}: opening it ...`);
  const open = await runtime.open({ ...config, keysFile: null }, { tenants: [tenant] });
  try {
    const { url, key, close } = await open.listenAlone(tenant);
    const client = clientOf({ url, key }, limits.commandCallMsMax, retriesMax);
    await untilReady(client);
    return { client, url, isOwn: true, close };
  } catch (error) {
    await open.service.close();
    throw error;
  }
}

const readyPauseMs = 50;

/** What is not ready by then is missing from answers, which say so. */
async function untilReady(client: TriptychClient): Promise<void> {
  const endMs = performance.now() + limits.commandReadyMsMax;
  while (performance.now() < endMs && !(await client.ready()).ready) await sleep(readyPauseMs);
}

function refuseTenant(tenant: string | undefined, why: string): void {
  if (tenant !== undefined) throw wrongFlag('--tenant', `is for a data folder: ${why}`);
}

/** @throws TriptychError invalid_settings */
export function checkedTenant(tenant: string = defaultTenant): string {
  const problem = nameProblem(tenant);
  if (problem !== null) throw wrongFlag('--tenant', problem);
  return tenant;
}
