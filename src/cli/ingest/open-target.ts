import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { defaultTenant } from '../../compose.ts';
import type { Config } from '../../config/schema.ts';
import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import { TriptychError } from '../../errors.ts';
import { type Runtime, say } from '../runtime.ts';
import type { Checkpoint } from './checkpoint.ts';
import { httpTarget, type Server } from './http-target.ts';
import type { IngestOptions } from './options.ts';
import { type IngestTarget, liveTarget, replacementTarget } from './target.ts';

/**
 * Where the rows go: `--url`, the server that holds the data folder, or the data folder itself. A run that continues
 * writes to the same kind of target, live or staged, as the run before it.
 * @throws TriptychError data_dir_locked, catalogue_conflict; invalid_settings if there is nothing to continue
 */
export async function openTarget(
  runtime: Runtime,
  config: Config,
  options: IngestOptions,
  schema: CatalogueSchema,
  from: Checkpoint | null,
): Promise<IngestTarget> {
  if (options.url !== undefined)
    return httpTarget(await serverAt(checkedUrl(options.url), runtime, options), options.url, schema).catch(
      (error: unknown) =>
        adviseReplacing(error, 'Stop the server and give --replace with its --data-dir instead of --url'),
    );
  // A Postgres takes any number of writers, a data folder one.
  const holder = config.stores.postgres === null ? await runtime.lockHolder(config.dataDir) : null;
  if (holder !== null) {
    if (options.replace)
      throw new TriptychError(
        'data_dir_locked',
        `Process ${holder.pid} serves ${config.dataDir}. Stop it before replacing the catalogue.`,
      );
    if (holder.url === null)
      throw new TriptychError(
        'data_dir_locked',
        `Process ${holder.pid} uses ${config.dataDir} and does not listen.`,
      );
    if (options.tenant !== undefined)
      throw new TriptychError(
        'data_dir_locked',
        `Process ${holder.pid} serves ${config.dataDir}: without --tenant, rows go to the tenant of the API key.`,
      );
    say(runtime, `A server uses ${config.dataDir}: writing through ${holder.url}`);
    return httpTarget(await serverAt(holder.url, runtime, options), config.dataDir, schema).catch(
      (error: unknown) => adviseReplacing(error, `Stop the server (process ${holder.pid}) and add --replace`),
    );
  }
  const tenant = options.tenant ?? defaultTenant;
  const { service } = await runtime.open(config, { tenants: [tenant] });
  const place = { name: folderName(config, options), service, tenant };
  try {
    const exists = service.schema(tenant) !== null;
    if (from !== null && !exists) throw dataIsGone('a catalogue that is not there any more');
    if (from?.staged ?? (options.replace && exists)) return await replacementTarget(place, schema);
    return await liveTarget(place, schema);
  } catch (error) {
    await service.close();
    return adviseReplacing(error, 'Add --replace');
  }
}

/** What a run into a data folder, or a database, is tied to. */
export function folderName({ dataDir, stores }: Config, { tenant = defaultTenant }: IngestOptions): string {
  const place = stores.postgres === null ? dataDir : withoutUser(stores.postgres.url);
  return tenant === defaultTenant ? place : `${place} (tenant ${tenant})`;
}

/** Names a database without saying who asks. */
function withoutUser(url: string): string {
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}`;
}

/** @throws TriptychError invalid_settings */
async function serverAt(url: string, { env, cwd }: Runtime, { apiKeyFile }: IngestOptions): Promise<Server> {
  if (apiKeyFile === undefined) return { url, key: env.TRIPTYCH_API_KEY || null };
  const key = await readFile(resolve(cwd, apiKeyFile), 'utf8').catch(() => '');
  if (/^\S+\s*$/.test(key)) return { url, key: key.trim() };
  throw new TriptychError('invalid_settings', 'The API key cannot be used', {
    fields: [{ path: '--api-key-file', message: `${apiKeyFile} must hold one key` }],
  });
}

/** Throws the error; one of another schema says what to do about it. */
function adviseReplacing(error: unknown, advice: string): never {
  if (!(error instanceof TriptychError) || error.code !== 'catalogue_conflict') throw error;
  throw new TriptychError(
    'catalogue_conflict',
    `${error.message}. ${advice}: it loads the file beside the present catalogue and swaps at the end.`,
    { cause: error },
  );
}

/** Why a run cannot be continued: `it` is what the earlier one wrote to. */
export function dataIsGone(it: string): TriptychError {
  return new TriptychError(
    'invalid_settings',
    `An earlier run on this file was interrupted and cannot be continued: it wrote to ${it}. ` +
      'Start over with --restart.',
  );
}

function checkedUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new TriptychError('invalid_settings', 'The URL is not valid', {
      fields: [{ path: '--url', message: 'must be an http or https URL' }],
    });
  return text;
}
