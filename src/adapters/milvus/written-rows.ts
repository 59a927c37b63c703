import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { changedId, type DocumentChange } from '../../domain/document.ts';
import type { IndexedVersion } from '../../ports/shared-index.ts';
import { consistencyLevel } from './consistency.ts';
import { successful } from './milvus-answer.ts';
import { rowKey } from './names.ts';
import { textLiteral } from './text-literal.ts';
import type { IdRange, VersionRow } from './version-pages.ts';

/** Reads of what was written; each sees all writes that were acknowledged before it. */

/** Rows of a tenant in a range of ids, by key after `afterPk`. @throws RangeError for texts that no id may have */
export async function readRows(
  client: MilvusClient,
  collection: string,
  tenant: string,
  range: IdRange,
  page: { readonly afterPk: string; readonly limit: number; readonly timeoutMs: number },
): Promise<readonly VersionRow[]> {
  const conditions = [`tenant == ${literal(tenant)}`];
  if (range.above !== null) conditions.push(`id > ${literal(range.above)}`);
  if (range.upTo !== null) conditions.push(`id <= ${literal(range.upTo)}`);
  if (page.afterPk !== '') conditions.push(`pk > ${literal(page.afterPk)}`);
  return query(client, collection, conditions.join(' and '), page.limit, page.timeoutMs);
}

/** Whether every change of a tenant is there, in its version. */
export async function haveAll(
  client: MilvusClient,
  collection: string,
  tenant: string,
  changes: readonly DocumentChange[],
  timeoutMs: number,
): Promise<boolean> {
  const keys = changes.map((change) => `"${rowKey(tenant, changedId(change))}"`);
  const found = await query(client, collection, `pk in [${keys.join(',')}]`, keys.length, timeoutMs);
  const versions = new Map(found.map(({ id, version }) => [id, version]));
  return changes.every((change) => {
    const version = versions.get(changedId(change));
    return change.kind === 'put' ? version === change.document.version : version === undefined;
  });
}

async function query(
  client: MilvusClient,
  collection: string,
  filter: string,
  limit: number,
  timeoutMs: number,
): Promise<readonly VersionRow[]> {
  const { data } = successful(
    await client.query({
      collection_name: collection,
      filter,
      limit,
      // Rows come without their key unless it is asked for.
      output_fields: ['pk', 'id', 'version'],
      consistency_level: consistencyLevel('Strong'),
      timeout: Math.max(1, Math.floor(timeoutMs)),
    }),
  );
  return data.map(({ pk, id, version }) => ({
    pk: String(pk),
    id: String(id),
    version: Number(version),
  }));
}

/** Of lists by id, one list by id; of a document that is in several the newest version. */
export function mergedVersions(
  lists: readonly (readonly IndexedVersion[])[],
  compare: (a: string, b: string) => number,
): IndexedVersion[] {
  const newest = new Map<string, IndexedVersion>();
  for (const row of lists.flat()) {
    const known = newest.get(row.id);
    if (known === undefined || known.version < row.version) newest.set(row.id, row);
  }
  return [...newest.values()].sort((a, b) => compare(a.id, b.id));
}

function literal(text: string): string {
  const written = textLiteral(text);
  if (written === null) throw new RangeError('ids and tenants have no control characters');
  return written;
}
