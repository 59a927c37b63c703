import { holdsDatabase } from './adapters/pglite/data-folder.ts';
import { createPinoLogger } from './adapters/pino/pino-logger.ts';
import { PromMeter } from './adapters/prom/prom-meter.ts';
import { systemClock } from './adapters/system/system-clock.ts';
import { noRows, openRecall, openTruth } from './compose-stores.ts';
import type { Config } from './config/schema.ts';
import type { Catalogue } from './domain/catalogue-schema.ts';
import { TriptychError } from './errors.ts';
import type { CatalogueKey, SharedIndex, SharedIndexName } from './ports/shared-index.ts';
import type { SyncLog } from './ports/sync-log.ts';
import { IndexSync } from './search/index-sync.ts';
import { Waits } from './search/waits.ts';

export interface RebuildRequest {
  /** null: every index that the configuration has. */
  readonly indexes: readonly SharedIndexName[] | null;
  readonly tenants: readonly string[];
  /** false: it only says what is due; a service that runs does it. */
  readonly waits: boolean;
}

export interface RebuildWatch {
  /** Documents that one index has yet to take. */
  onPending(index: SharedIndexName, pending: number): void;
  readonly signal: AbortSignal;
}

/** What was rebuilt of one catalogue in one index. */
export interface Rebuilt {
  readonly index: SharedIndexName;
  readonly tenant: string;
  /** Documents that were made due. */
  readonly documents: number;
  /** Those that the index refuses for good. */
  readonly parked: number;
  /** Whether nothing was due any more at the end. */
  readonly done: boolean;
}

/**
 * Has indexes outside the process begin anew with all documents of live catalogues. Searches go on meanwhile and miss what
 * is not there yet; whoever keeps the index up may do the work.
 * @throws TriptychError invalid_settings (an index that is not configured, no database) | data_dir_locked | unavailable
 */
export async function rebuildIndexes(
  config: Config,
  request: RebuildRequest,
  watch: RebuildWatch,
): Promise<readonly Rebuilt[]> {
  await checkDatabase(config);
  const logger = createPinoLogger({ level: config.logLevel });
  const meter = new PromMeter();
  const parts = { clock: systemClock, logger, meter };
  const truth = await openTruth(config, parts).catch((error: unknown) => {
    meter.close();
    throw error;
  });
  const recall = openRecall(config.stores, truth.words, noRows, parts);
  const rebuilt: Rebuilt[] = [];
  try {
    for (const index of chosen(recall.indexes, request.indexes)) {
      const sync = new IndexSync(index, { ...parts, log: truth.sync });
      try {
        for (const tenant of request.tenants) {
          const catalogue = await truth.store.catalogue(tenant);
          if (catalogue === null || watch.signal.aborted) continue;
          const key = { tenant, generation: catalogue.generation };
          await truth.sync.follow(index.name);
          const documents = await beginAnew(index, truth.sync, tenant, catalogue);
          if (request.waits) await untilTaken(sync, key, watch);
          const { pending, parked } = await truth.sync.lag(index.name, key);
          rebuilt.push({ index: index.name, tenant, documents, parked, done: pending === 0 });
        }
      } finally {
        await sync.stop();
      }
    }
    return rebuilt;
  } finally {
    await recall.close();
    await truth.store.close();
    meter.close();
  }
}

/** What opens a data folder makes a database in it. */
async function checkDatabase({ stores, dataDir }: Config): Promise<void> {
  if (stores.postgres !== null || (await holdsDatabase(dataDir))) return;
  const message = `there is no database in ${dataDir}`;
  throw new TriptychError('invalid_settings', message, { fields: [{ path: '--data-dir', message }] });
}

function chosen(
  there: readonly SharedIndex[],
  names: readonly SharedIndexName[] | null,
): readonly SharedIndex[] {
  if (names === null) return there;
  return names.map((name) => {
    const found = there.find((index) => index.name === name);
    if (found !== undefined) return found;
    const message = `there is no ${name} in the settings: ${needs[name]}`;
    throw new TriptychError('invalid_settings', message, { fields: [{ path: '--index', message }] });
  });
}

const needs: Readonly<Record<SharedIndexName, string>> = {
  milvus: 'without milvus_address vectors are in memory, and built at every start',
  neo4j: 'without neo4j_uri the graph is in memory, and built at every start',
  words: 'without postgres_url words are in memory, and built at every start',
};

/**
 * Throws away what the index has of the catalogue, and makes all documents due. Only then is it sure to hold nothing that
 * the truth does not know: a truth that was restored is older than its index, which would keep what is newer.
 */
export async function beginAnew(
  index: SharedIndex,
  log: SyncLog,
  tenant: string,
  catalogue: Catalogue,
): Promise<number> {
  const key = { tenant, generation: catalogue.generation };
  // Owed before anything goes: whatever ends this early, services bring back what is gone.
  await log.requeue(index.name, key);
  try {
    await index.drop(key);
    await index.prepare(tenant, catalogue);
    await index.activate(key);
  } catch (error) {
    await log.requeue(index.name, key).catch(() => {});
    throw error;
  }
  // Once more: what services have applied meanwhile may have gone with the rest.
  return log.requeue(index.name, key);
}

async function untilTaken(sync: IndexSync, key: CatalogueKey, watch: RebuildWatch): Promise<void> {
  const { signal } = watch;
  const waits = new Waits(systemClock);
  const cut = (): void => waits.cut();
  signal.addEventListener('abort', cut, { once: true });
  const isOver = (): boolean => {
    // How far it is is nice to know, and no reason to end where it cannot be asked.
    void sync.lagOf(key).then(
      ({ pending }) => watch.onPending(sync.index.name, pending),
      () => {},
    );
    return signal.aborted;
  };
  sync.start();
  try {
    await sync.caughtUp(key, isOver, (ms) => waits.wait(ms));
  } finally {
    signal.removeEventListener('abort', cut);
  }
}
