import type { MilvusClient, RowData } from '@zilliz/milvus2-sdk-node';
import { MilvusFailure, successful } from './milvus-answer.ts';

/**
 * Writes rows over those of the same keys.
 * @param timeoutMs without one the SDK would wait for 24 hours
 */
export async function upsertRows(
  client: MilvusClient,
  collection: string,
  rows: readonly RowData[],
  timeoutMs: number,
): Promise<void> {
  const answer = successful(
    await client.upsert({
      collection_name: collection,
      data: [...rows],
      timeout: atLeastOne(timeoutMs),
    }),
  );
  const refused = answer.err_index ?? [];
  if (refused.length > 0)
    throw new MilvusFailure(`${refused.length} rows were refused`, { status: null, code: null });
}

/** Deletes rows by their keys, which are hexadecimal: nothing in them needs to be escaped. */
export async function deleteRows(
  client: MilvusClient,
  collection: string,
  keys: readonly string[],
  timeoutMs: number,
): Promise<void> {
  const filter = `pk in [${keys.map((key) => `"${key}"`).join(',')}]`;
  successful(
    await client.deleteEntities({
      collection_name: collection,
      filter,
      timeout: atLeastOne(timeoutMs),
    }),
  );
}

/** 0 would mean no limit. */
function atLeastOne(timeoutMs: number): number {
  return Math.max(1, Math.floor(timeoutMs));
}
