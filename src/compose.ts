import { readFileSync } from 'node:fs';
import { jsExactScorer } from './adapters/js/js-exact-scorer.ts';
import { JsRowScanner } from './adapters/js/js-row-scanner.ts';
import type { KeyEntry } from './adapters/keys-file/keys-document.ts';
import { type KeysFile, openKeysFile, readKeysFile } from './adapters/keys-file/keys-file.ts';
import { LruCache } from './adapters/memory/lru-cache.ts';
import { openNative } from './adapters/native/open-native.ts';
import { readLock } from './adapters/pglite/data-dir-lock.ts';
import { createPinoLogger } from './adapters/pino/pino-logger.ts';
import { PromMeter } from './adapters/prom/prom-meter.ts';
import { systemClock } from './adapters/system/system-clock.ts';
import { createEmbedder, embedderName } from './compose-embedder.ts';
import { inspectStores, type StoresInspection } from './compose-inspect.ts';
import { type Listening, type ListenParts, listen, listenAlone } from './compose-listen.ts';
import { closeAll, type DeviceScanner, inspectRerankers, openRerankers } from './compose-rerankers.ts';
import { CatalogueStart, LateKey } from './compose-start.ts';
import { openCaches, openRecall, openTruth, type StoreParts, type Truth } from './compose-stores.ts';
import type { Config } from './config/schema.ts';
import { builtInProfiles } from './domain/profile.ts';
import { limits } from './limits.ts';
import type { Clock } from './ports/clock.ts';
import type { Embedder } from './ports/embedder.ts';
import type { Logger } from './ports/logger.ts';
import type { BackendName, Reranker } from './ports/reranker.ts';
import type { Triptych } from './ports/triptych.ts';
import type { ScoringBackends } from './search/backend-choice.ts';
import { CatalogueRegistry } from './search/catalogue-registry.ts';
import { assembleTriptych } from './search/triptych.ts';
import { within } from './search/within.ts';

export { addKey, makeKey } from './adapters/keys-file/edit-keys-file.ts';
export type { KeyEntry } from './adapters/keys-file/keys-document.ts';
export { backupDataDir, type CopyReport, checkBackup, restoreDataDir } from './adapters/pglite/backup.ts';
export { holdsDatabase } from './adapters/pglite/data-folder.ts';
export { type MigrationReport, migrateDatabase } from './compose-database.ts';
export { type Rebuilt, rebuildIndexes } from './compose-rebuild.ts';

/** Without keys every request acts on this tenant. */
export const defaultTenant = 'default';

export const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** The service with what it is made of. */
export interface ComposedTriptych {
  readonly service: Triptych;
  /** What is in use, in words, for people: `data`, `vectors`, `words`, `graph`, `embedder`, `scorer`, `keys`. */
  readonly parts: Readonly<Record<string, string>>;
  /** Those that requests can act on: the tenants of the keys, or the default one. */
  readonly tenants: readonly string[];
  /** Resolves when the truth was there and all catalogues are open, however long that takes. */
  readonly opened: Promise<void>;
  /** Serves the HTTP API at config.host and config.port until closed. */
  listen(): Promise<Listening>;
  /**
   * Serves the HTTP API on a free port of this machine to whoever has `key`, as this tenant with all scopes: for a
   * program that speaks to itself. Others are not told where it listens.
   */
  listenAlone(tenant: string): Promise<Listening & { readonly key: string }>;
}

/** What `triptych doctor` shows of the parts that this machine may lack. */
export type Inspection = Awaited<ReturnType<typeof inspectRerankers>> & {
  readonly embedder: {
    readonly name: string;
    /** Why it is not ready, or null. */
    readonly reason: string | null;
    /** Whose vectors it makes; null: there is none. */
    readonly space: { readonly model: string; readonly dimension: number } | null;
  };
} & StoresInspection;

export interface ComposeOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Whose catalogues are opened besides those that requests can act on. */
  readonly tenants?: readonly string[];
  /** false: resolves although the truth is on a server that does not answer yet; it is looked for in the background. */
  readonly waitForStores?: boolean;
}

/**
 * Opens the stores of a configuration and wires the service: the only place that names adapters. Resolves when the live
 * catalogues are loaded; the embedder may still be loading (`/readyz` waits for it).
 * @throws TriptychError data_dir_locked | unavailable; invalid_settings if the keys file is not valid
 */
export async function createTriptych(
  config: Config,
  options: ComposeOptions = {},
): Promise<ComposedTriptych> {
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? createPinoLogger({ level: config.logLevel });
  const keys = config.keysFile === null ? null : await openKeysFile({ path: config.keysFile, clock, logger });
  const tenants = keys?.tenants() ?? [defaultTenant];
  const meter = new PromMeter();
  const base = { clock, logger, meter };
  const { scoring, deviceScanner, truth } = await openScorersAndTruth(config, base);
  const { native, rows, memory } = openScanner(config, deviceScanner);
  const recall = openRecall(config.stores, truth.words, rows, base);
  const { residentRowsMax } = config;
  const tables = { stores: recall.stores, ...memory, residentRowsMax };
  const registry = new CatalogueRegistry({ store: truth.store, ...base, ...tables });
  const key = new LateKey(truth.secrets);
  const start = new CatalogueStart({ ...base, registry, key, soleWriter: truth.soleWriter });
  const caches = openCaches(config.stores.redis, key.get, base);
  const embedder = createEmbedder(config.embedder, caches.embeddings, meter);
  const service = assembleTriptych({
    ...base,
    ...truth,
    ...caches,
    cursorKey: key.get,
    registry,
    shared: recall.indexes.length === 0 ? null : { indexes: recall.indexes, log: truth.sync },
    embedder,
    exact: native?.exactScorer ?? jsExactScorer,
    scoring,
    profiles: builtInProfiles,
    closeParts: async () => {
      keys?.close();
      await start.stop();
      await embedder?.close();
      await Promise.all([recall.close(), caches.close()]);
      await truth.store.close();
      meter.close();
    },
  });
  const all = [...new Set([...tenants, ...(options.tenants ?? [])])];
  await start.begin(all, options.waitForStores !== false).catch(async (error: unknown) => {
    await service.close();
    throw error;
  });
  keys?.watch((named) => start.follow(named));
  return {
    service,
    tenants,
    opened: start.opened,
    parts: {
      ...{ data: truth.name, ...recall.names, cache: caches.name },
      embedder: embedderName(config.embedder),
      scorer: scorerName(scoring, service.planStats().backend),
      keys: keysName(keys, config),
    },
    listen: () => listenAndTell(config, { ...base, service, version }, keys, truth),
    listenAlone: (tenant) => listenAlone(tenant, { ...base, service, version }),
  };
}

async function listenAndTell(config: Config, parts: ListenParts, keys: KeysFile | null, truth: Truth) {
  const listening = await listen(config, parts, { keys, tenant: defaultTenant });
  await truth.recordUrl(listening.url);
  return listening;
}

/** Without a truth nobody needs the scorers either. */
async function openScorersAndTruth(config: Config, base: StoreParts) {
  const { scoring, deviceScanner } = await openRerankers(config, { version, logger: base.logger });
  try {
    return { scoring, deviceScanner, truth: await openTruth(config, base) };
  } catch (error) {
    await closeAll(scoring.available);
    throw error;
  }
}

function keysName(keys: KeysFile | null, config: Config): string {
  if (keys === null) return 'none: everybody on this machine may do everything';
  return `${keys.size} for ${keys.tenants().length} tenants, in ${config.keysFile}`;
}

/** What serves most requests now, `native (avx2)`, and what else `auto` may take. */
function scorerName({ available, setting }: ScoringBackends, usual: BackendName): string {
  const shown = ({ name, variant }: Reranker): string => (variant === '' ? name : `${name} (${variant})`);
  const own = available.filter(({ name }) => name === usual).map(shown);
  const others = setting === 'auto' ? available.filter(({ name }) => name !== usual).map(shown) : [];
  return [own.join(), ...(others.length === 0 ? [] : [`or ${others.join(', ')}`])].join(', ');
}

/** The process that uses a data folder, or null; its URL once it listens. */
export async function dataDirHolder(
  dataDir: string,
): Promise<{ readonly pid: number; readonly url: string | null } | null> {
  return readLock(dataDir);
}

/** The entries of a keys file. @throws TriptychError invalid_settings */
export async function keysOf(path: string): Promise<readonly KeyEntry[]> {
  return (await readKeysFile(path)).entries;
}

/** The parts of the addon that need no choice, where it can be loaded; in words, what scans. */
function openScanner(config: Config, deviceScanner: DeviceScanner | null) {
  const opened = openNative({ variant: config.nativeVariant });
  const native = 'reason' in opened ? null : opened;
  const own = native?.rowScanner ?? new JsRowScanner();
  const name =
    'reason' in opened ? `js (native is not there: ${opened.reason})` : `native (${opened.variant})`;
  return {
    native,
    rows: {
      scanner: deviceScanner?.(own) ?? own,
      name: deviceScanner === null ? name : `${name}; of large tables cuda`,
    },
    memory: native === null ? {} : { memory: native.rowMemory },
  };
}

/** What `triptych doctor` says about this machine; needs no data folder. */
export async function inspect(config: Config): Promise<Inspection> {
  const logger = createPinoLogger({ level: config.logLevel });
  const meter = new PromMeter();
  const embedder = createEmbedder(
    config.embedder,
    new LruCache({ entriesMax: 1, clock: systemClock }),
    meter,
  );
  try {
    const reason = embedder === null ? null : await notReady(embedder);
    return {
      ...(await inspectRerankers(config, { version, logger })),
      embedder: { name: embedderName(config.embedder), reason, space: embedder && spaceOf(embedder) },
      ...(await inspectStores(config, await tenantsOf(config), { clock: systemClock, logger, meter })),
    };
  } finally {
    await embedder?.close();
    meter.close();
  }
}

/** Those that requests can act on; the default one alone where the keys cannot be read. */
async function tenantsOf({ keysFile }: Config): Promise<readonly string[]> {
  const keys = keysFile === null ? [] : await keysOf(keysFile).catch(() => []);
  return keys.length === 0 ? [defaultTenant] : [...new Set(keys.map(({ tenant }) => tenant))];
}

function spaceOf({ model, dimension }: Embedder) {
  return { model, dimension };
}

/** Why the embedder is not ready within a moment, or null. */
function notReady(embedder: Embedder): Promise<string | null> {
  const ready = embedder.ready().then(() => null, messageOf);
  return within<string | null>(ready, limits.doctorEmbedderMsMax, systemClock, 'no answer');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
