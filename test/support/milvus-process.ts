import { CollectionMaker } from '../../src/adapters/milvus/collection-maker.ts';
import type { IndexKind } from '../../src/adapters/milvus/index-parameters.ts';
import { failureOf } from '../../src/adapters/milvus/milvus-answer.ts';
import { MilvusCollections } from '../../src/adapters/milvus/milvus-collections.ts';
import { MilvusSharedIndex, type SharedIndexParts } from '../../src/adapters/milvus/milvus-shared-index.ts';
import { MilvusVectorIndex, type VectorIndexParts } from '../../src/adapters/milvus/milvus-vector-index.ts';
import { Names } from '../../src/adapters/milvus/names.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import { testSchema, unit } from './arbitraries.ts';
import type { FakeMilvus } from './fake-milvus.ts';
import { openCaller } from './store-caller-fixture.ts';

export const milvusNames = new Names('t');

/** What a process knows of a server: its own, with one connection that is never made anew. */
export function openMilvusProcess(
  server: FakeMilvus,
  shardBy: string | null = null,
  index: IndexKind = 'hnsw',
) {
  const logger = { info() {}, warn() {}, error() {} };
  const times = { nowMs: () => 0, epochMs: () => server.nowMs };
  const names = milvusNames;
  const maker = new CollectionMaker({ names, index, logger, epochMs: times.epochMs });
  const { client } = server;
  const connection = {
    generation: 0,
    call: async <T>(use: (of: typeof client) => Promise<T>): Promise<T> => {
      try {
        return await use(client);
      } catch (error) {
        throw failureOf(error);
      }
    },
  };
  const collections = new MilvusCollections({ connection, maker, names, shardBy, ...times });
  return { connection, collections };
}

/** Both sides of the adapter over one server, with what is written through it. */
export function openMilvusAdapter(server: FakeMilvus, index: IndexKind = 'hnsw') {
  const { collections, connection } = openMilvusProcess(server, null, index);
  const { clock, meter, caller } = openCaller();
  const written: string[] = [];
  const thread = { ready: async () => {}, write: async (name: string) => void written.push(name) };
  const parts = { caller, collections, connection, thread, pageRows: 10, visibleAfterMs: 0 };
  const shared = new MilvusSharedIndex(parts as unknown as SharedIndexParts);
  const own = { ...parts, nowMs: () => clock.nowMs(), consistency: 'Bounded' };
  const vectors = new MilvusVectorIndex(own as unknown as VectorIndexParts);
  const search = (limit = 5) =>
    vectors.search({
      tenant: 'a',
      snapshot: new ResidentTable(testSchema, 1).current,
      vectors: [unit([1, 0, 0, 0, 0, 0, 0, 0])],
      predicate: null,
      limit,
      timeoutMs: 100,
      signal: new AbortController().signal,
    });
  return { collections, clock, meter, caller, shared, search, written };
}

/** Puts a collection of somebody else's in the place of one of ours: with vectors of `dim` numbers, or another metric. */
export function replaceCollection(
  server: FakeMilvus,
  name: string,
  { dim, metric }: { readonly dim?: number; readonly metric?: string },
): void {
  const there = server.collections.get(name)!;
  if (metric !== undefined)
    there.indexes.set('embedding', { ...there.indexes.get('embedding')!, metric_type: metric });
  if (dim === undefined) return;
  const fields = there.fields.map((field) => (field.name === 'embedding' ? { ...field, dim } : field));
  server.collections.set(name, { ...there, fields });
}
