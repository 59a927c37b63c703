import type { FieldType as Column } from '@zilliz/milvus2-sdk-node';
import { limits } from '../../limits.ts';
import { type CollectionLayout, columnDescription, type FieldColumn } from './collection-layout.ts';

/** Milvus counts bytes, the service UTF-16 units: one of them is at most three bytes. */
const bytesPerUnit = 3;
const keyBytes = 64;
const tenantBytes = 1_024;

/** The columns of a collection. @param partitioned whether Milvus divides it by tenant */
export function columnsOf(layout: CollectionLayout, partitioned: boolean): Column[] {
  return [
    { name: 'pk', data_type: 'VarChar', is_primary_key: true, max_length: keyBytes },
    {
      name: 'tenant',
      data_type: 'VarChar',
      max_length: tenantBytes,
      ...(partitioned ? { is_partition_key: true } : {}),
    },
    { name: 'id', data_type: 'VarChar', max_length: limits.idCharsMax * bytesPerUnit },
    { name: 'version', data_type: 'Int64' },
    { name: 'embedding', data_type: 'FloatVector', dim: layout.dimension },
    ...[...layout.facets].map(
      ([name, facet]): Column => ({
        name: facet.column,
        description: columnDescription(facet, name),
        data_type: 'Array',
        element_type: 'VarChar',
        max_capacity: limits.facetValuesPerDocumentMax,
        max_length: limits.facetValueCharsMax * bytesPerUnit,
      }),
    ),
    ...[...layout.fields].flatMap(([name, field]) => fieldColumns(name, field)),
  ];
}

function fieldColumns(name: string, field: FieldColumn): Column[] {
  const own = { name: field.column, description: columnDescription(field, name) };
  return [valueColumn(own, field.kind), { name: field.present, data_type: 'Bool' }];
}

function valueColumn(own: { name: string; description: string }, kind: FieldColumn['kind']): Column {
  switch (kind) {
    case 'keyword':
      return { ...own, data_type: 'VarChar', max_length: limits.fieldStringCharsMax * bytesPerUnit };
    case 'flag':
      return { ...own, data_type: 'Bool' };
    case 'number':
    case 'date':
      return { ...own, data_type: 'Double' };
  }
}
