import { openStoreCaller } from './adapters/cockatiel/open-store-caller.ts';
import { FlatVectorIndex } from './adapters/flat/flat-vector-index.ts';
import { LruCache } from './adapters/memory/lru-cache.ts';
import { MemoryGraphStore } from './adapters/memory/memory-graph-store.ts';
import { MemoryTextIndex } from './adapters/memory/memory-text-index.ts';
import { openMilvus } from './adapters/milvus/open-milvus.ts';
import { openNeo4j } from './adapters/neo4j/open-neo4j.ts';
import { openPglite } from './adapters/pglite/open-pglite.ts';
import { openPostgres } from './adapters/postgres/open-postgres.ts';
import { openRedis } from './adapters/redis/open-redis.ts';
import { SqlSyncLog } from './adapters/sql/sql-sync-log.ts';
import { SqlTextIndex } from './adapters/sql/sql-text-index.ts';
import type { Config } from './config/schema.ts';
import type {
  MilvusConfig,
  Neo4jConfig,
  PostgresConfig,
  RedisConfig,
  StoresConfig,
} from './config/store-config.ts';
import type { LegScores } from './domain/leg-scores.ts';
import type { RankedList } from './domain/ranked-list.ts';
import { limits } from './limits.ts';
import type { Cache } from './ports/cache.ts';
import type { Clock } from './ports/clock.ts';
import type { DocumentStore } from './ports/document-store.ts';
import type { EventLog } from './ports/event-log.ts';
import type { Logger } from './ports/logger.ts';
import type { PolicyStore } from './ports/policy-store.ts';
import type { RowScanner } from './ports/row-scanner.ts';
import type { SecretStore } from './ports/secret-store.ts';
import type { SharedIndex } from './ports/shared-index.ts';
import type { StoreMeter } from './ports/store-meter.ts';
import type { SyncLog } from './ports/sync-log.ts';
import type { TextIndex } from './ports/text-index.ts';
import type { RecallStoresFactory } from './search/active-catalogue.ts';

export interface StoreParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: StoreMeter;
}

/** The only source of truth. */
export interface Truth {
  readonly store: DocumentStore;
  readonly policies: PolicyStore;
  readonly events: EventLog;
  readonly secrets: SecretStore;
  readonly sync: SyncLog;
  /** Word search within the truth's own server; null: the truth is embedded. */
  readonly words: (TextIndex & SharedIndex) | null;
  /** Whether no other process writes it. */
  readonly soleWriter: boolean;
  /** In words, for people. */
  readonly name: string;
  /** Lets others find the server that uses it. */
  recordUrl(url: string): Promise<void>;
}

/**
 * Opens the truth of a configuration. A server need not be there yet: it is looked for in the background then.
 * @throws TriptychError data_dir_locked | data_too_new | data_too_old | unavailable (the embedded one) | invalid_settings
 */
export function openTruth(config: Config, parts: StoreParts): Promise<Truth> {
  const { postgres } = config.stores;
  return postgres === null ? embeddedTruth(config.dataDir, parts.clock) : serverTruth(postgres, parts);
}

/** The lock on its folder sees to it that no other process writes it. */
async function embeddedTruth(dataDir: string, clock: Clock): Promise<Truth> {
  const { documents, sync, ...stores } = await openPglite({ dataDir, clock });
  return {
    ...stores,
    sync,
    store: documents,
    words: null,
    soleWriter: true,
    name: `${dataDir} (PGlite)`,
    recordUrl: (url) => documents.recordUrl(url),
  };
}

async function serverTruth(config: PostgresConfig, parts: StoreParts): Promise<Truth> {
  const caller = (pool: 'serve' | 'work') => openStoreCaller({ store: 'postgres', pool }, parts);
  const { documents, policies, events, secrets, client } = await openPostgres(config, {
    ...parts,
    callers: { serve: caller('serve'), work: caller('work') },
  });
  const { host, pathname } = new URL(config.url);
  return {
    store: documents,
    policies,
    events,
    secrets,
    sync: new SqlSyncLog(client, { selfVacuuming: true }),
    words: new SqlTextIndex(client, parts.clock),
    soleWriter: false,
    name: `${host}${pathname} (Postgres)`,
    recordUrl: async () => {},
  };
}

/** The stores that recall candidates. */
export interface Recall {
  readonly stores: RecallStoresFactory;
  /** Those of them that follow the truth from outside. */
  readonly indexes: readonly SharedIndex[];
  /** In words, for people. */
  readonly names: { readonly vectors: string; readonly words: string; readonly graph: string };
  close(): Promise<void>;
}

/** For who opens indexes outside the process alone. */
export const noRows: { readonly scanner: RowScanner; readonly name: string } = {
  scanner: { name: 'js', scan: async () => [] },
  name: '',
};

/**
 * Opens what recalls candidates: in this process, or on servers, which need not be there yet.
 * @param words where the truth can search words itself; null: a word index is kept in memory
 * @param rows reads the rows in memory; `name` says what it is
 * @throws TriptychError invalid_settings
 */
export function openRecall(
  { milvus, neo4j }: StoresConfig,
  words: Truth['words'],
  rows: { readonly scanner: RowScanner; readonly name: string },
  parts: StoreParts,
): Recall {
  const near = milvus === null ? null : milvusVectors(milvus, parts);
  const related = neo4j === null ? null : neo4jGraph(neo4j, parts);
  const remote = [near?.shared, related?.shared, words].filter((index) => index != null);
  return {
    stores: () => {
      const scan = new FlatVectorIndex(rows.scanner);
      const text = words === null ? new MemoryTextIndex() : null;
      const graph = related === null ? new MemoryGraphStore() : null;
      return {
        vector: near?.vectors ?? scan,
        exactScan: near === null ? null : scan,
        text: words ?? text!,
        graph: related?.graph ?? graph!,
        pushdownShare: remote.length > 0 ? limits.pushdownShare : 1,
        vectorRoundTrip: near !== null,
        textRoundTrip: words !== null,
        projections: [text, graph].filter((index) => index !== null),
      };
    },
    indexes: remote,
    names: {
      vectors: near?.name ?? `exact scan in memory, ${rows.name}`,
      words: words === null ? 'BM25 index in memory' : 'BM25 in Postgres',
      graph: related?.name ?? 'adjacency in memory',
    },
    close: async () => {
      await Promise.all([near?.close(), related?.close()]);
    },
  };
}

function milvusVectors(config: MilvusConfig, parts: StoreParts) {
  const caller = openStoreCaller({ store: 'milvus', pool: 'serve' }, parts);
  const workCaller = openStoreCaller({ store: 'milvus', pool: 'work' }, parts);
  const opened = openMilvus(config, { ...parts, caller, workCaller });
  return { ...opened, name: `${config.address} (Milvus, ${config.index})` };
}

function neo4jGraph(config: Neo4jConfig, parts: StoreParts) {
  const caller = openStoreCaller({ store: 'neo4j', pool: 'serve' }, parts);
  // As many calls as connections: when half of them hang, the pool is built anew.
  const callsMax = limits.neo4jWorkConnectionsMax;
  const workCaller = openStoreCaller({ store: 'neo4j', pool: 'work', callsMax }, parts);
  const opened = openNeo4j(config, { ...parts, caller, workCaller });
  return { ...opened, name: `${new URL(config.uri).host} (Neo4j)` };
}

/** What is kept to answer sooner. */
export interface Caches {
  readonly lists: Cache<RankedList>;
  /** For answers of indexes outside the process; absent: they are kept in memory like the others. */
  readonly legs?: Cache<LegScores>;
  readonly embeddings: Cache<Float32Array>;
  /** In words, for people. */
  readonly name: string;
  /** Absent: they are in memory. @throws TriptychError where they do not answer */
  readonly pingCaches?: () => Promise<void>;
  close(): Promise<void>;
}

/** @param signingKey as `TriptychParts.cursorKey` */
export function openCaches(
  redis: RedisConfig | null,
  signingKey: () => Uint8Array,
  parts: StoreParts,
): Caches {
  const { clock } = parts;
  if (redis === null)
    return {
      lists: new LruCache({ entriesMax: limits.rankedCacheEntries, clock }),
      embeddings: new LruCache({ entriesMax: limits.embeddingCacheEntries, clock }),
      name: 'in memory',
      close: async () => {},
    };
  const local = <V extends {}>(entriesMax: number) => new LruCache<V>({ entriesMax, clock });
  const caller = openStoreCaller({ store: 'redis' }, parts);
  const opened = openRedis({ ...redis, signingKey }, { ...parts, caller, local });
  return {
    ...opened,
    name: `${new URL(redis.url).host} (Redis)`,
    pingCaches: () => opened.ping(limits.doctorStoreMsMax),
  };
}
