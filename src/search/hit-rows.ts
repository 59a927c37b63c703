import type { TableSnapshot } from '../domain/table-snapshot.ts';

interface Found {
  readonly id: string;
  readonly row?: number;
}

/** The row of what a store found, in the snapshot that it was asked on; -1: the epoch does not have the document. */
export function rowOfHit(snapshot: TableSnapshot, hit: Found): number {
  return hit.row ?? snapshot.rowOf(hit.id);
}

/** The same of a list; -1 keeps the place of what is not in the epoch. */
export function rowsOfHits(snapshot: TableSnapshot, hits: readonly Found[]): number[] {
  return hits.map((hit) => rowOfHit(snapshot, hit));
}
