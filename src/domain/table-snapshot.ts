import type { CatalogueSchema } from './catalogue-schema.ts';
import type { Epoch } from './epoch.ts';
import type { FacetDictionary } from './facet-dictionary.ts';
import type { RowBlock } from './row-block.ts';

/**
 * The resident table as one epoch sees it. A row that is visible here never changes; an update took a new row. Rows in
 * use (`rowCount`) may be live or not; those with `live[row] === 0` hold nothing. Of a document that is not resident the
 * row holds everything but the vector: `vectors` has rows for `resident` alone.
 */
export interface TableSnapshot extends RowBlock {
  readonly epoch: Epoch;
  readonly schema: CatalogueSchema;
  readonly dimension: number;
  /** Documents of this epoch. */
  readonly liveCount: number;
  /** One byte per row: 1 where the row holds a document of this epoch. */
  readonly live: Uint8Array;
  /** Newest value in recencyMs, NaN when there is none. */
  readonly newestMs: number;
  readonly dictionary: FacetDictionary;
  /** Rows that hold a document since this epoch: written after `changedSince` was current. */
  readonly changed: Uint32Array;
  /** The epoch before this one, that very object; null: this is the first. */
  readonly changedSince: Epoch | null;
  /** The version of each row's document. */
  readonly versions: Float64Array;
  /**
   * The same epoch with the rows 0 .. resident.rowCount - 1 alone, which hold vectors: what scorers and scans read. This
   * very snapshot where it has no others.
   */
  readonly resident: TableSnapshot;
  /** Row of a live document, or -1. */
  rowOf(id: string): number;
  idOf(row: number): string;
  titleOf(row: number): string;
  /**
   * Keeps the rows of this epoch from being reused until the returned function is called. Several may keep it.
   * @throws Error where nobody held the epoch any more and it is not current
   */
  retain(): () => void;
}

/** A snapshot that is held: its rows are not reused before `release`. */
export interface HeldSnapshot extends TableSnapshot {
  release(): void;
}
