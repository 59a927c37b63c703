import { facetsOf } from '../domain/row-view.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { rewardOf } from '../domain/user-event.ts';
import type { DocumentLookup, LearningEvent } from '../domain/user-learning.ts';
import type { TransientVectors } from './transient-vectors.ts';

/**
 * The documents of an epoch, as learning reads them; for use within one turn of the event loop, or while it is held.
 * @param vectors of that epoch
 */
export function lookupIn(table: TableSnapshot, vectors: Pick<TransientVectors, 'vectorOf'>): DocumentLookup {
  return (id) => {
    const row = table.rowOf(id);
    if (row < 0) return null;
    return { embedding: vectors.vectorOf(row), facets: facetsOf(table, row) };
  };
}

/** Rows of the documents that the events' taste is made of, as far as the epoch has them. */
export function tasteRows(events: readonly LearningEvent[], table: TableSnapshot): number[] {
  const liked = events.filter((event) => rewardOf(event) > 0);
  return liked.map(({ document }) => table.rowOf(document)).filter((row) => row >= 0);
}
