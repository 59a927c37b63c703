import { defaultTenant } from '../../compose.ts';
import type { Config } from '../../config/schema.ts';
import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import { TriptychError } from '../../errors.ts';
import { checkedUrl, holderOf, serverAt } from '../reach-server.ts';
import { type Runtime, say } from '../runtime.ts';
import type { Checkpoint } from './checkpoint.ts';
import { httpTarget } from './http-target.ts';
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
  if (options.replace) await refuseHeld(runtime, config);
  const server = await holderOf(runtime, config, options);
  if (server !== null) {
    if (options.tenant !== undefined)
      throw new TriptychError(
        'data_dir_locked',
        `Process ${server.pid} serves ${config.dataDir}: without --tenant, rows go to the tenant of the API key.`,
      );
    say(runtime, `A server uses ${config.dataDir}: writing through ${server.url}`);
    return httpTarget(server, config.dataDir, schema).catch((error: unknown) =>
      adviseReplacing(error, `Stop the server (process ${server.pid}) and add --replace`),
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

/** A catalogue is replaced in the data folder itself. @throws TriptychError data_dir_locked */
async function refuseHeld(runtime: Runtime, { stores, dataDir }: Config): Promise<void> {
  const holder = stores.postgres === null ? await runtime.lockHolder(dataDir) : null;
  if (holder === null) return;
  throw new TriptychError(
    'data_dir_locked',
    `Process ${holder.pid} serves ${dataDir}. Stop it before replacing the catalogue.`,
  );
}

/** Throws the error; one of another schema says what to do about it. */
function adviseReplacing(error: unknown, advice: string): never {
  if (!(error instanceof TriptychError) || error.code !== 'catalogue_conflict') throw error;
  throw new TriptychError(
    'catalogue_conflict',
    `The present catalogue has another schema. ${advice}: it loads the file beside the present catalogue and swaps at ` +
      'the end.',
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
