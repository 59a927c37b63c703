import { facetsOf } from '../domain/row-view.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import type { DocumentLookup } from '../domain/user-learning.ts';
import { vectorOf } from '../domain/vector-rows.ts';

/** The documents of an epoch, as learning reads them; for use within one turn of the event loop. */
export function lookupIn(table: TableSnapshot): DocumentLookup {
  return (id) => {
    const row = table.rowOf(id);
    if (row < 0) return null;
    return { embedding: vectorOf(table.vectors, row), facets: facetsOf(table, row) };
  };
}
