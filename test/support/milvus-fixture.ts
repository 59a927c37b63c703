import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { MilvusServer } from '../../src/adapters/milvus/client-settings.ts';
import { MilvusConnection } from '../../src/adapters/milvus/milvus-connection.ts';
import { Names } from '../../src/adapters/milvus/names.ts';
import { type MilvusIndexes, type MilvusOptions, openMilvus } from '../../src/adapters/milvus/open-milvus.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { StoreCaller } from '../../src/ports/store-caller.ts';
import type { Engines } from './engines.ts';
import { passThroughCaller } from './pass-through-caller.ts';

/** A Milvus with names of its own in it, which are gone afterwards. */
export interface MilvusFixture extends MilvusIndexes {
  readonly server: MilvusServer;
  readonly options: MilvusOptions;
  readonly names: Names;
  /** What was written to the log. */
  readonly lines: readonly { readonly level: string; readonly fields: object; readonly message: string }[];
  /** Another one over the same collections, as a second process has it. */
  another(changes?: Partial<MilvusOptions>): MilvusIndexes;
  /** Drops everything of this fixture's, as somebody does who begins anew with an empty server. */
  wipe(): Promise<void>;
  /** Asks the server something of its own. */
  ask<T>(use: (client: MilvusClient) => Promise<T>): Promise<T>;
}

let fixtures = 0;

export function serverOf({ address, user, password }: Engines['milvus']): MilvusServer {
  return {
    address,
    database: null,
    credentials: { kind: 'password', user, password },
    tls: false,
    ca: null,
  };
}

/** @param changes of options: tests read what was just written, so `Strong` unless said otherwise */
export function openMilvusFixture(
  server: MilvusServer,
  changes: Partial<MilvusOptions> = {},
  callers: { readonly caller?: StoreCaller; readonly workCaller?: StoreCaller } = {},
): MilvusFixture {
  const prefix = `t${process.pid}_${Date.now().toString(36)}_${fixtures++}`;
  const options: MilvusOptions = {
    ...server,
    index: 'hnsw',
    shardBy: null,
    prefix,
    consistency: 'Strong',
    ...changes,
  };
  const lines: { level: string; fields: object; message: string }[] = [];
  const line = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  const logger = { info: line('info'), warn: line('warn'), error: line('error') };
  const passed = { caller: passThroughCaller('milvus'), workCaller: passThroughCaller('milvus') };
  const parts = { clock: systemClock, logger, ...passed, ...callers };
  const connection = new MilvusConnection(server, { nowMs: () => performance.now() });
  const ask: MilvusFixture['ask'] = (use) => connection.call(use);
  const indexes = openMilvus(options, parts);
  return {
    ...indexes,
    server,
    options,
    names: new Names(options.prefix ?? prefix),
    lines,
    wipe: () => ask((client) => dropAll(client, options.prefix ?? prefix)),
    another: (more = {}) => openMilvus({ ...options, ...more }, parts),
    ask,
    close: async () => {
      await indexes.close();
      await ask((client) => dropAll(client, options.prefix ?? prefix));
      await connection.close();
    },
  };
}

async function dropAll(client: MilvusClient, prefix: string): Promise<void> {
  const { data } = await client.showCollections();
  for (const { name } of data.filter((each) => each.name.startsWith(prefix))) {
    const { aliases } = await client.describeCollection({ collection_name: name });
    for (const alias of aliases ?? []) await client.dropAlias({ alias });
    await client.dropCollection({ collection_name: name });
  }
}
