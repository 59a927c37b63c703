import type { CatalogueSchema } from './catalogue-schema.ts';
import type { Epoch } from './epoch.ts';
import type { FacetDictionary } from './facet-dictionary.ts';

/**
 * The resident table as one epoch sees it: struct-of-arrays over rows. A row that is visible here never changes; an
 * update took a new row. Rows with `live[row] === 0` hold nothing. Arrays may be longer than `rowCount`.
 */
export interface TableSnapshot {
  readonly epoch: Epoch;
  readonly schema: CatalogueSchema;
  readonly dimension: number;
  /** Rows in use, live or not: valid rows are 0..rowCount-1. */
  readonly rowCount: number;
  /** Documents of this epoch. */
  readonly liveCount: number;
  readonly live: Uint8Array;
  /** rowCount x dimension, unit length, row-major. */
  readonly vectors: Float32Array;
  /** Position of the row's id among all ids in UTF-8 byte order: the tie-break of every list. */
  readonly tieRanks: Uint32Array;
  /** Catalogue percentile 0..1; NaN where the document has no value. */
  readonly popularity: Float32Array;
  /** Milliseconds since 1970 of the recency field; NaN where missing. */
  readonly recencyMs: Float64Array;
  /** Newest value in recencyMs, NaN when there is none. */
  readonly newestMs: number;
  /** Facet values of row r: facetValues[facetStarts[r] .. facetStarts[r] + facetCounts[r]), ids of the dictionary. */
  readonly facetStarts: Uint32Array;
  readonly facetCounts: Uint32Array;
  readonly facetValues: Uint32Array;
  readonly dictionary: FacetDictionary;
  /** One column per schema field: number, date as ms, flag 0/1, keyword as dictionary code; NaN where missing. */
  readonly fields: ReadonlyMap<string, Float64Array>;
  /** Row of a live document, or -1. */
  rowOf(id: string): number;
  idOf(row: number): string;
  titleOf(row: number): string;
}

/** A snapshot that is held: its rows are not reused before `release`. */
export interface HeldSnapshot extends TableSnapshot {
  release(): void;
}
