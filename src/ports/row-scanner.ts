import type { TableSnapshot } from '../domain/table-snapshot.ts';

export interface RowScan {
  /** Held by the caller until the answer is there. */
  readonly snapshot: TableSnapshot;
  /** Unit vectors of the table's dimension, at least one. */
  readonly vectors: readonly Float32Array[];
  /** One byte per row: 0 = left out. */
  readonly mask: Uint8Array;
  readonly limit: number;
  readonly signal: AbortSignal;
}

export interface ScannedRow {
  readonly row: number;
  /** f64, in the order of `domain/vector.ts` dotRow. */
  readonly score: number;
}

/** Reads every row of a table that the mask keeps: the exact nearest neighbours of some vectors. */
export interface RowScanner {
  readonly name: 'js' | 'native' | 'cuda';
  /** Per vector its best rows: cosine descending, then tie rank ascending. @throws signal.reason when aborted */
  scan(scan: RowScan): Promise<readonly (readonly ScannedRow[])[]>;
}
