import type { FieldType, MilvusClient } from '@zilliz/milvus2-sdk-node';
import { completeCollection, createCollection } from './admin-calls.ts';
import { consistencyLevel } from './consistency.ts';
import { successful } from './milvus-answer.ts';
import { upsertRows } from './mutations.ts';

const tenants = ['a', 'b', 'c', 'd'];
const rowsPerTenant = 16;

const columns: FieldType[] = [
  { name: 'pk', data_type: 'VarChar', is_primary_key: true, max_length: 64 },
  { name: 'tenant', data_type: 'VarChar', max_length: 64, is_partition_key: true },
  { name: 'embedding', data_type: 'FloatVector', dim: 2 },
];

/**
 * Whether a collection that Milvus divides by tenant keeps every row that is written twice. Before milvus#30772 (2.3.9) an
 * upsert put rows where no filter finds them, so it is tried: 64 rows of 4 tenants, counted for each.
 * @param name of a collection that is made and dropped
 * @throws MilvusFailure
 */
export async function keepsPartitionedRows(
  client: MilvusClient,
  name: string,
  timeoutMs: number,
): Promise<boolean> {
  try {
    return await tried(client, name, timeoutMs);
  } finally {
    // The answer, or what failed, is told; what is left of the trial is cleared away by the next one.
    await client.dropCollection({ collection_name: name, timeout: timeoutMs }).catch(() => {});
  }
}

async function tried(client: MilvusClient, name: string, timeoutMs: number): Promise<boolean> {
  const index = { type: 'FLAT', metric: 'COSINE', params: {} } as const;
  const plan = { name, description: '', columns, index, tenantIndex: null };
  await createCollection(client, plan, timeoutMs);
  await completeCollection(client, plan, timeoutMs);
  const rows = tenants.flatMap((tenant) =>
    Array.from({ length: rowsPerTenant }, (_, i) => ({ pk: `${tenant}${i}`, tenant, embedding: [1, i] })),
  );
  for (let time = 0; time < 2; time++) await upsertRows(client, name, rows, timeoutMs);
  for (const tenant of tenants)
    if ((await count(client, name, tenant, timeoutMs)) !== rowsPerTenant) return false;
  return true;
}

async function count(client: MilvusClient, name: string, tenant: string, timeoutMs: number): Promise<number> {
  const { data } = successful(
    await client.query({
      collection_name: name,
      filter: `tenant == "${tenant}"`,
      output_fields: ['count(*)'],
      consistency_level: consistencyLevel('Strong'),
      timeout: timeoutMs,
    }),
  );
  return Number(data[0]?.['count(*)']);
}
