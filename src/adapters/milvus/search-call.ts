import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import type { Hit } from '../../ports/recall.ts';
import { compareUtf8 } from '../../std/utf8-order.ts';
import { type Consistency, consistencyLevel } from './consistency.ts';
import { failureOf, hasStatus, milvusStatus, successful } from './milvus-answer.ts';

export interface SearchCall {
  readonly collection: string;
  readonly vectors: readonly Float32Array[];
  readonly filter: string;
  /** Hits wanted for each vector. */
  readonly top: number;
  readonly params: Readonly<Record<string, number>>;
  readonly consistency: Consistency;
  readonly timeoutMs: number;
}

/** One search RPC: for each vector its hits, ids and scores alone, best first. */
export async function searchOnce(client: MilvusClient, call: SearchCall): Promise<Hit[][]> {
  const { collection, vectors, filter, top, params, consistency, timeoutMs } = call;
  const answer = successful(
    await client.search({
      collection_name: collection,
      // The SDK knows plain arrays alone.
      data: vectors.map((vector) => Array.from(vector)),
      anns_field: 'embedding',
      filter,
      limit: top,
      params: { ...params },
      // Without a list the SDK asks for all, vectors included, which costs 400 ms.
      output_fields: ['id'],
      consistency_level: consistencyLevel(consistency),
      timeout: Math.max(1, Math.floor(timeoutMs)),
    }),
  );
  const results: unknown = answer.results;
  const lists = (vectors.length === 1 ? [results] : results) as readonly (readonly FoundRow[])[];
  return vectors.map((_, i) => (lists[i] ?? []).map(({ id, score }) => ({ id, score })));
}

/** One search, by which it is seen that the server answers. @throws MilvusFailure where it does not */
export async function expectAnswer(client: MilvusClient, call: SearchCall): Promise<void> {
  try {
    await searchOnce(client, call);
  } catch (thrown) {
    // A collection that is being made, or was dropped meanwhile: that is an answer as well.
    const failure = failureOf(thrown);
    const { collectionNotFound, collectionNotLoaded } = milvusStatus;
    if (![collectionNotFound, collectionNotLoaded].some((status) => hasStatus(failure, status)))
      throw failure;
  }
}

interface FoundRow {
  readonly id: string;
  readonly score: number;
}

/** Score descending, then id by UTF-8 bytes. */
export function byScore(a: Hit, b: Hit): number {
  return b.score - a.score || compareUtf8(a.id, b.id);
}

/**
 * The best of several lists in the total order, each document once: while it moves from one collection to another it is
 * in both.
 */
export function mergedHits(lists: readonly (readonly Hit[])[]): Hit[] {
  const all = lists.flat().sort(byScore);
  if (lists.length === 1) return all;
  const seen = new Set<string>();
  return all.filter(({ id }) => {
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
