import type { TableSnapshot } from '../domain/table-snapshot.ts';
import type { NativeAddon, NativeTable } from './addon.ts';
import { tierNumbers } from './arena-layout.ts';
import { convertError } from './convert-error.ts';

/** A table's number and the number of its state, for backends that keep copies. */
export interface TableState {
  readonly table: number;
  readonly epoch: number;
}

/** Hands the columns of an epoch over; nothing is copied. @throws RangeError where they are not whole */
export function openTable(
  addon: NativeAddon,
  snapshot: TableSnapshot,
  state: TableState = { table: 0, epoch: 0 },
): NativeTable {
  const { vectors } = snapshot;
  try {
    return addon.tableOpen({
      rowCount: snapshot.rowCount,
      dimension: vectors.dimension,
      stride: vectors.stride,
      tier: tierNumbers[vectors.tier],
      vectors: vectors.values,
      scales: vectors.scales,
      live: snapshot.live,
      tieRanks: snapshot.tieRanks,
      popularity: snapshot.popularity,
      recencyMs: snapshot.recencyMs,
      facetStarts: snapshot.facetStarts,
      facetCounts: snapshot.facetCounts,
      facetValues: snapshot.facetValues,
      facetCodeCount: snapshot.dictionary.size,
      fields: snapshot.fields,
      ...state,
    });
  } catch (error) {
    throw convertError(error);
  }
}
