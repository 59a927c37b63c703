import { holds } from '../domain/slot-rows.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';

interface Found {
  readonly id: string;
  readonly row?: number;
}

/** The row of what a store found, in the snapshot that it was asked on; -1: the epoch does not have the document. */
export function rowOfHit(snapshot: TableSnapshot, { id, row }: Found): number {
  // A remembered answer may be of the same epoch in a table that has been loaded again since: with other rows.
  if (row !== undefined && holds(snapshot, row, id)) return row;
  return snapshot.rowOf(id);
}

/** The same of a list; -1 keeps the place of what is not in the epoch. */
export function rowsOfHits(snapshot: TableSnapshot, hits: readonly Found[]): number[] {
  return hits.map((hit) => rowOfHit(snapshot, hit));
}
