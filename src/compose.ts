import { readFileSync } from 'node:fs';
import { FlatVectorIndex } from './adapters/flat/flat-vector-index.ts';
import { JsReranker } from './adapters/js/js-reranker.ts';
import { LruCache } from './adapters/memory/lru-cache.ts';
import { MemoryGraphStore } from './adapters/memory/memory-graph-store.ts';
import { MemoryTextIndex } from './adapters/memory/memory-text-index.ts';
import { OpenAiEmbedder } from './adapters/openai/openai-embedder.ts';
import { readLock } from './adapters/pglite/data-dir-lock.ts';
import { openPglite } from './adapters/pglite/open-pglite.ts';
import { createPinoLogger } from './adapters/pino/pino-logger.ts';
import { PromMeter } from './adapters/prom/prom-meter.ts';
import { systemClock } from './adapters/system/system-clock.ts';
import { TfjsEmbedder } from './adapters/tfjs/tfjs-embedder.ts';
import type { Config, EmbedderConfig } from './config/schema.ts';
import { builtInProfiles } from './domain/profile.ts';
import { createHttpServer } from './http/server.ts';
import { limits } from './limits.ts';
import type { Clock } from './ports/clock.ts';
import type { Embedder } from './ports/embedder.ts';
import type { Logger } from './ports/logger.ts';
import type { Meter } from './ports/meter.ts';
import type { Triptych } from './ports/triptych.ts';
import type { RecallStoresFactory } from './search/active-catalogue.ts';
import { CachingEmbedder } from './search/caching-embedder.ts';
import { CatalogueRegistry } from './search/catalogue-registry.ts';
import { assembleTriptych } from './search/triptych.ts';

/** Until there are keys, every request acts on one tenant. */
export const defaultTenant = 'default';

export const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** The service with what it is made of. */
export interface ComposedTriptych {
  readonly service: Triptych;
  /** What is in use, in words, for people: `documents in`, `vectors`, `words`, `graph`, `embedder`, `scorer`. */
  readonly parts: Readonly<Record<string, string>>;
  /** Serves the HTTP API at config.host and config.port until closed. */
  listen(): Promise<{ readonly url: string; close(): Promise<void> }>;
}

export interface ComposeOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/**
 * Opens the stores of a configuration and wires the service: the only place that names adapters. Resolves when the live
 * catalogue is loaded; the embedder may still be loading (`/readyz` waits for it).
 * @throws TriptychError data_dir_locked | unavailable
 */
export async function createTriptych(
  config: Config,
  options: ComposeOptions = {},
): Promise<ComposedTriptych> {
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? createPinoLogger({ level: config.logLevel });
  const meter = new PromMeter();
  const { documents: store } = await openPglite({ dataDir: config.dataDir, clock });
  const embedder = createEmbedder(config.embedder, clock, meter);
  const registry = new CatalogueRegistry({ store, clock, meter, logger, stores: embeddedStores });
  const reranker = new JsReranker();
  const service = assembleTriptych({
    store,
    registry,
    embedder,
    reranker,
    profiles: builtInProfiles,
    clock,
    meter,
    closeParts: async () => {
      await embedder?.close();
      await store.close();
      meter.close();
    },
  });
  try {
    await registry.open(defaultTenant);
  } catch (error) {
    await service.close();
    throw error;
  }
  return {
    service,
    parts: {
      data: `${config.dataDir} (PGlite)`,
      vectors: 'exact scan in memory',
      words: 'BM25 index in memory',
      graph: 'adjacency in memory',
      embedder: embedderName(config.embedder),
      scorer: reranker.name,
    },
    listen: () => listen(config, { service, clock, logger, meter }, (url) => store.recordUrl(url)),
  };
}

/** The process that uses a data folder, or null; its URL once it listens. */
export async function dataDirHolder(
  dataDir: string,
): Promise<{ readonly pid: number; readonly url: string | null } | null> {
  return readLock(dataDir);
}

/** The in-process stores of one catalogue generation; every one of them follows the truth by projection. */
const embeddedStores: RecallStoresFactory = () => {
  const text = new MemoryTextIndex();
  const graph = new MemoryGraphStore();
  return { vector: new FlatVectorIndex(), text, graph, pushdownShare: 1, projections: [text, graph] };
};

function createEmbedder(config: EmbedderConfig, clock: Clock, meter: Meter): Embedder | null {
  if (config.kind === 'none') return null;
  const inner = config.kind === 'builtin' ? new TfjsEmbedder() : new OpenAiEmbedder(config);
  const cache = new LruCache<Float32Array>({ entriesMax: limits.embeddingCacheEntries, clock });
  return new CachingEmbedder(inner, cache, meter, limits.queryCharsMax);
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

async function listen(
  config: Config,
  parts: { service: Triptych; clock: Clock; logger: Logger; meter: PromMeter },
  recordUrl: (url: string) => Promise<void>,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const { service, clock, logger, meter } = parts;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const http = createHttpServer({
    triptych: service,
    clock,
    logger,
    meter,
    tenant: defaultTenant,
    version,
    // Without keys the Host header is what keeps a web page from reaching the service through a name of its own.
    hosts: ['localhost', '127.0.0.1', '[::1]', host],
  });
  const { port } = await http.listen(config.port, config.host);
  const url = `http://${host}:${port}`;
  await recordUrl(url);
  return {
    url,
    close: async () => {
      await http.drain();
      await service.close();
    },
  };
}
