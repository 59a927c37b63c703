import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { Logger } from '../../ports/logger.ts';
import { successful } from './milvus-answer.ts';
import { keepsPartitionedRows } from './partition-key-probe.ts';
import { isAtLeast, parseVersion, versionWarning } from './server-version.ts';

/** What the server can do, as far as it matters here. */
export interface ServerFeatures {
  readonly version: string;
  /** Type of index that it has for texts. */
  readonly textIndex: 'INVERTED' | 'Trie';
  /** Whether what is built on a GPU can be searched on processors. */
  readonly adaptsCagra: boolean;
}

/** Asks the server what it is, and says so once; a server that is known to be open to others is warned of. */
export async function readFeatures(client: MilvusClient, logger: Logger): Promise<ServerFeatures> {
  const { version: text } = successful(await client.getVersion());
  const version = parseVersion(text);
  logger.info({ store: 'milvus', version: text }, 'Milvus answers');
  const warning = version === null ? null : versionWarning(version);
  if (warning !== null) logger.warn({ store: 'milvus', version: text }, warning);
  return {
    version: text,
    textIndex: version === null || isAtLeast(version, 2, 4, 0) ? 'INVERTED' : 'Trie',
    adaptsCagra: version === null || isAtLeast(version, 2, 6, 1),
  };
}

/** Tries partition keys once per process, before the first collection is made. */
export async function tryPartitionKeys(
  client: MilvusClient,
  name: string,
  timeoutMs: number,
  logger: Logger,
): Promise<boolean> {
  const kept = await keepsPartitionedRows(client, name, timeoutMs);
  const says = kept
    ? 'collections of Milvus are divided by tenant'
    : 'collections of Milvus are not divided by tenant: this version loses rows that way';
  logger.info({ store: 'milvus' }, says);
  return kept;
}
