import { facetsOf } from '../domain/row-view.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import type { DocumentLookup } from '../domain/user-learning.ts';

/** The documents of an epoch, as learning reads them; for use within one turn of the event loop. */
export function lookupIn(table: TableSnapshot): DocumentLookup {
  return (id) => {
    const row = table.rowOf(id);
    if (row < 0) return null;
    const start = row * table.dimension;
    return {
      embedding: table.vectors.subarray(start, start + table.dimension),
      facets: facetsOf(table, row),
    };
  };
}
