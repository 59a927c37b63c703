import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { SharedIndex } from '../../ports/shared-index.ts';
import type { StoreCaller } from '../../ports/store-caller.ts';
import type { VectorIndex } from '../../ports/vector-index.ts';
import type { MilvusServer } from './client-settings.ts';
import { CollectionMaker } from './collection-maker.ts';
import type { Consistency } from './consistency.ts';
import { type IndexKind, searchParameters } from './index-parameters.ts';
import { MilvusCollections } from './milvus-collections.ts';
import { MilvusConnection } from './milvus-connection.ts';
import { MilvusSharedIndex } from './milvus-shared-index.ts';
import { MilvusVectorIndex } from './milvus-vector-index.ts';
import { Names } from './names.ts';
import { expectAnswer } from './search-call.ts';
import { WriteThread } from './write-thread.ts';

export interface MilvusOptions extends MilvusServer {
  /** Index of new generations; `flat` is exact, for tests. */
  readonly index: IndexKind;
  /** Facet or keyword field by whose first value documents of new generations are kept apart; null: they are not. */
  readonly shardBy: string | null;
  /** Begins every name in the database, default `triptych`: letters, digits and `_`. */
  readonly prefix?: string;
  /**
   * What a search sees. Default `Bounded`: what was acknowledged limits.milvusStaleMs ago, so it waits only where Milvus is
   * further behind than that. What it does not see yet costs recall, never truth. `Strong`, for tests, sees every write and
   * waits for the server's clock each time.
   */
  readonly consistency?: Consistency;
  /** Rows of one read while versions are listed, default limits.milvusPageRows. */
  readonly pageRows?: number;
}

export interface MilvusParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** For searches. */
  readonly caller: StoreCaller;
  /** For what runs in the background, which must not make a search wait or give Milvus up for it. */
  readonly workCaller: StoreCaller;
}

export interface MilvusIndexes {
  readonly vectors: VectorIndex;
  readonly shared: SharedIndex;
  close(): Promise<void>;
}

/** Milvus for searching and for being kept. Nothing is asked of it here: it may be down. The client is being loaded. */
export function openMilvus(options: MilvusOptions, parts: MilvusParts): MilvusIndexes {
  const { clock, logger, caller, workCaller } = parts;
  const nowMs = () => clock.nowMs();
  const consistency = options.consistency ?? 'Bounded';
  const names = new Names(options.prefix ?? 'triptych');
  const connection = new MilvusConnection(options, {
    nowMs,
    onReplaced: (reason) => logger.warn({ store: 'milvus', reason }, 'the client of Milvus was made anew'),
  });
  connection.load().catch(() => {
    // Who calls first tries again, and is told.
  });
  const epochMs = () => clock.epochMs();
  const maker = new CollectionMaker({ names, index: options.index, logger, epochMs });
  const { shardBy } = options;
  const collections = new MilvusCollections({ connection, maker, names, shardBy, nowMs, epochMs });
  caller.onStuck(() => connection.replace('calls hang'));
  workCaller.onStuck(() => connection.replace('calls hang'));

  /** One search of a collection that is there; without any, the server's version will do. */
  const ask = async (timeoutMs: number): Promise<void> => {
    await connection.call((client: MilvusClient) => maker.features(client));
    const any = await collections.any(timeoutMs);
    if (any === null) return;
    const vector = new Float32Array(any.layout.dimension).fill(1);
    const params = searchParameters(any.index, 1);
    const asked = { vectors: [vector], filter: '', top: 1, params, consistency, timeoutMs };
    await connection.call((client) => expectAnswer(client, { ...asked, collection: any.name }));
  };
  const shared = new MilvusSharedIndex({
    connection,
    collections,
    thread: new WriteThread(options, nowMs),
    names,
    caller: workCaller,
    ask,
    pageRows: options.pageRows ?? limits.milvusPageRows,
    visibleAfterMs: consistency === 'Strong' ? 0 : limits.milvusStaleMs,
  });
  const vectors = new MilvusVectorIndex({
    connection,
    collections,
    caller,
    logger,
    nowMs,
    consistency,
  });
  return { vectors, shared, close: () => shared.close() };
}
