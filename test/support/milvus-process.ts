import { CollectionMaker } from '../../src/adapters/milvus/collection-maker.ts';
import { failureOf } from '../../src/adapters/milvus/milvus-answer.ts';
import { MilvusCollections } from '../../src/adapters/milvus/milvus-collections.ts';
import { Names } from '../../src/adapters/milvus/names.ts';
import type { FakeMilvus } from './fake-milvus.ts';

export const milvusNames = new Names('t');

/** What a process knows of a server: its own, with one connection that is never made anew. */
export function openMilvusProcess(server: FakeMilvus, shardBy: string | null = null) {
  const logger = { info() {}, warn() {}, error() {} };
  const times = { nowMs: () => 0, epochMs: () => server.nowMs };
  const cagra = { adaptForCpu: false };
  const names = milvusNames;
  const maker = new CollectionMaker({ names, index: 'hnsw', cagra, logger, epochMs: times.epochMs });
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
