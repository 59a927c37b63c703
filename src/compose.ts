import { readFileSync } from 'node:fs';
import { FlatVectorIndex } from './adapters/flat/flat-vector-index.ts';
import { jsExactScorer } from './adapters/js/js-exact-scorer.ts';
import { JsRowScanner } from './adapters/js/js-row-scanner.ts';
import type { KeyEntry } from './adapters/keys-file/keys-document.ts';
import { type KeysFile, openKeysFile, readKeysFile } from './adapters/keys-file/keys-file.ts';
import { LruCache } from './adapters/memory/lru-cache.ts';
import { MemoryGraphStore } from './adapters/memory/memory-graph-store.ts';
import { MemoryRateLimiter } from './adapters/memory/memory-rate-limiter.ts';
import { MemoryTextIndex } from './adapters/memory/memory-text-index.ts';
import { type NativeParts, openNative } from './adapters/native/open-native.ts';
import { OpenAiEmbedder } from './adapters/openai/openai-embedder.ts';
import { readLock } from './adapters/pglite/data-dir-lock.ts';
import { openPglite } from './adapters/pglite/open-pglite.ts';
import { createPinoLogger } from './adapters/pino/pino-logger.ts';
import { PromMeter } from './adapters/prom/prom-meter.ts';
import { systemClock } from './adapters/system/system-clock.ts';
import { TfjsEmbedder } from './adapters/tfjs/tfjs-embedder.ts';
import { closeAll, type DeviceScanner, inspectRerankers, openRerankers } from './compose-rerankers.ts';
import type { Config, EmbedderConfig } from './config/schema.ts';
import { builtInProfiles } from './domain/profile.ts';
import { createHttpServer } from './http/server.ts';
import { limits } from './limits.ts';
import type { Clock } from './ports/clock.ts';
import type { Embedder } from './ports/embedder.ts';
import type { Logger } from './ports/logger.ts';
import type { Meter } from './ports/meter.ts';
import type { BackendName, Reranker } from './ports/reranker.ts';
import type { Triptych } from './ports/triptych.ts';
import type { RecallStoresFactory } from './search/active-catalogue.ts';
import type { ScoringBackends } from './search/backend-choice.ts';
import { CachingEmbedder } from './search/caching-embedder.ts';
import { CatalogueRegistry } from './search/catalogue-registry.ts';
import { assembleTriptych } from './search/triptych.ts';

export { addKey, makeKey } from './adapters/keys-file/edit-keys-file.ts';
export type { KeyEntry } from './adapters/keys-file/keys-document.ts';
export { type MigrationReport, migrateDatabase } from './compose-database.ts';

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
  /** Serves the HTTP API at config.host and config.port until closed. */
  listen(): Promise<{ readonly url: string; close(): Promise<void> }>;
}

/** What `triptych doctor` shows of the parts that this machine may lack. */
export type Inspection = Awaited<ReturnType<typeof inspectRerankers>> & {
  /** `reason`: why it is not ready, or null. */
  readonly embedder: { readonly name: string; readonly reason: string | null };
};

export interface ComposeOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Whose catalogues are opened besides those that requests can act on. */
  readonly tenants?: readonly string[];
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
  const { scoring, deviceScanner } = await openRerankers(config, { version, logger });
  const truth = await openTruth(config, clock).catch(async (error: unknown) => {
    await closeAll(scoring.available);
    throw error;
  });
  const { store } = truth;
  const embedder = createEmbedder(config.embedder, clock, meter);
  const { native, scanner, memory } = openScanner(config);
  const stores = embeddedStores(native, deviceScanner);
  const registry = new CatalogueRegistry({ store, clock, meter, logger, stores, ...memory });
  const service = assembleTriptych({
    ...truth,
    lists: new LruCache({ entriesMax: limits.rankedCacheEntries, clock }),
    registry,
    shared: null,
    embedder,
    exact: native?.exactScorer ?? jsExactScorer,
    scoring,
    profiles: builtInProfiles,
    clock,
    meter,
    logger,
    closeParts: async () => {
      keys?.close();
      await embedder?.close();
      await store.close();
      meter.close();
    },
  });
  try {
    for (const tenant of new Set([...tenants, ...(options.tenants ?? [])])) await registry.open(tenant);
  } catch (error) {
    await service.close();
    throw error;
  }
  keys?.watch((named) => openTenants(registry, named, logger));
  return {
    service,
    tenants,
    parts: {
      data: `${config.dataDir} (PGlite)`,
      vectors: `exact scan in memory, ${scanner}${deviceScanner === null ? '' : '; of large tables cuda'}`,
      words: 'BM25 index in memory',
      graph: 'adjacency in memory',
      embedder: embedderName(config.embedder),
      scorer: scorerName(scoring, service.planStats().backend),
      keys: keysName(keys, config),
    },
    listen: () => listen(config, { service, clock, logger, meter, keys }, (url) => store.recordUrl(url)),
  };
}

/** The embedded truth; the lock on its folder sees to it that no other process writes it. */
async function openTruth(config: Config, clock: Clock) {
  const {
    documents: store,
    policies,
    events,
    secrets,
  } = await openPglite({ dataDir: config.dataDir, clock });
  return { store, policies, events, soleWriter: true, cursorKey: await secrets.signingKey() };
}

/** Opens what new keys name. Each alone: a catalogue that cannot be loaded is not the others' fault. */
function openTenants(registry: CatalogueRegistry, tenants: readonly string[], logger: Logger): void {
  for (const tenant of tenants)
    registry.open(tenant).catch((error: unknown) => {
      logger.error({ error, tenant }, 'the catalogue of a new key cannot be loaded');
    });
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
function openScanner(config: Config) {
  const opened = openNative({ variant: config.nativeVariant });
  if ('reason' in opened)
    return { native: null, scanner: `js (native is not there: ${opened.reason})`, memory: {} };
  return { native: opened, scanner: `native (${opened.variant})`, memory: { memory: opened.rowMemory } };
}

/** The in-process stores of one catalogue generation; every one of them follows the truth by projection. */
function embeddedStores(
  native: NativeParts | null,
  deviceScanner: DeviceScanner | null,
): RecallStoresFactory {
  const own = native?.rowScanner ?? new JsRowScanner();
  const scanner = deviceScanner?.(own) ?? own;
  return () => {
    const text = new MemoryTextIndex();
    const graph = new MemoryGraphStore();
    const vector = new FlatVectorIndex(scanner);
    return {
      vector,
      text,
      graph,
      pushdownShare: 1,
      vectorRoundTrip: false,
      textRoundTrip: false,
      projections: [text, graph],
    };
  };
}

function createEmbedder(config: EmbedderConfig, clock: Clock, meter: Meter): Embedder | null {
  if (config.kind === 'none') return null;
  const inner = config.kind === 'builtin' ? new TfjsEmbedder() : new OpenAiEmbedder(config);
  const cache = new LruCache<Float32Array>({ entriesMax: limits.embeddingCacheEntries, clock });
  return new CachingEmbedder(inner, cache, meter, limits.queryCharsMax);
}

/** What `triptych doctor` says about this machine; needs no data folder. */
export async function inspect(config: Config): Promise<Inspection> {
  const logger = createPinoLogger({ level: config.logLevel });
  const meter = new PromMeter();
  const embedder = createEmbedder(config.embedder, systemClock, meter);
  try {
    const reason = embedder === null ? null : await notReady(embedder);
    return {
      ...(await inspectRerankers(config, { version, logger })),
      embedder: { name: embedderName(config.embedder), reason },
    };
  } finally {
    await embedder?.close();
    meter.close();
  }
}

/** Why the embedder is not ready within a moment, or null. */
function notReady(embedder: Embedder): Promise<string | null> {
  return new Promise((resolve) => {
    const cancel = systemClock.after(limits.doctorEmbedderMsMax, () => resolve('no answer'));
    embedder
      .ready()
      .then(() => null, messageOf)
      .then((reason) => {
        cancel();
        resolve(reason);
      });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function embedderName(config: EmbedderConfig): string {
  switch (config.kind) {
    case 'builtin':
      return 'Universal Sentence Encoder Lite (tfjs, wasm)';
    case 'openai':
      return `${config.model} at ${new URL(config.url).origin}`;
    case 'none':
      return 'none';
  }
}

/** Where a server that listens on every address is found from this machine. */
const ownName: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['[::]', '[::1]'],
]);

async function listen(
  config: Config,
  parts: { service: Triptych; clock: Clock; logger: Logger; meter: PromMeter; keys: KeysFile | null },
  recordUrl: (url: string) => Promise<void>,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { service, clock, logger, meter, keys } = parts;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const http = createHttpServer({
    triptych: service,
    clock,
    logger,
    meter,
    version,
    // Without keys the Host header is what keeps a web page from reaching the service through a name of its own.
    ...(keys === null
      ? { tenant: defaultTenant, hosts: ['localhost', '127.0.0.1', '[::1]', host] }
      : { keys: { ring: keys, rates: new MemoryRateLimiter() } }),
  });
  const { port } = await http.listen(config.port, config.host);
  const url = `http://${ownName.get(host) ?? host}:${port}`;
  await recordUrl(url);
  return {
    url,
    close: async () => {
      await http.drain();
      await service.close();
    },
  };
}
