import { defaultTenant } from '../../compose.ts';
import type { Config } from '../../config/schema.ts';
import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import { TriptychError } from '../../errors.ts';
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
    return httpTarget(checkedUrl(options.url), options.url, schema).catch((error: unknown) =>
      adviseReplacing(error, 'Stop the server and give --replace with its --data-dir instead of --url'),
    );
  const holder = await runtime.lockHolder(config.dataDir);
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
    say(runtime, `A server uses ${config.dataDir}: writing through ${holder.url}`);
    return httpTarget(holder.url, config.dataDir, schema).catch((error: unknown) =>
      adviseReplacing(error, `Stop the server (process ${holder.pid}) and add --replace`),
    );
  }
  const { service } = await runtime.open(config);
  try {
    const exists = service.schema(defaultTenant) !== null;
    if (from !== null && !exists) throw dataIsGone('a catalogue that is not there any more');
    if (from?.staged ?? (options.replace && exists))
      return await replacementTarget(config.dataDir, service, schema);
    return await liveTarget(config.dataDir, service, schema);
  } catch (error) {
    await service.close();
    return adviseReplacing(error, 'Add --replace');
  }
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
