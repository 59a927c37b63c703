import type { VectorRows } from './vector-rows.ts';

/**
 * Documents as struct of arrays: everything that a scorer reads of them. The resident table is such a block; candidates
 * that are not resident come in one of their own, the transient block. Arrays may be longer than the rows in use.
 */
export interface RowBlock {
  /** Rows in use: valid rows are 0..rowCount-1. */
  readonly rowCount: number;
  /** Of unit length before they were rounded to their tier. */
  readonly vectors: VectorRows;
  /** Order of the row's id among all ids by UTF-8 bytes, comparable across blocks: the tie-break of every list. */
  readonly tieRanks: Uint32Array;
  /** Catalogue percentile 0..1; NaN where the document has no value. */
  readonly popularity: Float32Array;
  /** Milliseconds since 1970 of the recency field; NaN where missing. */
  readonly recencyMs: Float64Array;
  /**
   * Facet values of row r: facetValues[facetStarts[r] .. facetStarts[r] + facetCounts[r]), as codes of the table's
   * dictionary.
   */
  readonly facetStarts: Uint32Array;
  readonly facetCounts: Uint32Array;
  readonly facetValues: Uint32Array;
  /**
   * One column per field, in the order of the schema's fields: number, date as ms, flag 0/1, keyword as code of the
   * table's dictionary; NaN where missing.
   */
  readonly fields: readonly Float64Array[];
}
