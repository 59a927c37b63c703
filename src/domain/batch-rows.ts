import type { RowBlock } from './row-block.ts';
import type { TableSnapshot } from './table-snapshot.ts';

/**
 * Where row numbers lead: below table.rowCount to the resident table, from there on to the transient block, whose row 0
 * has the number table.rowCount. A document is in one of the two. The block's codes are those of the table's dictionary.
 */
export interface BatchRows {
  readonly table: TableSnapshot;
  readonly transient: RowBlock | null;
}

/** One of the two blocks, the table's schema and dictionary with it, and the number of its first row. */
export interface NumberedBlock {
  readonly table: TableSnapshot;
  readonly block: RowBlock;
  readonly firstRow: number;
}

/**
 * The blocks that a batch reads. Scorers go through one block after the other, so that their loops read one set of
 * arrays and a batch without a transient block pays nothing for it.
 */
export function numberedBlocks({ table, transient }: BatchRows): readonly NumberedBlock[] {
  const resident = { table, block: table, firstRow: 0 };
  return transient === null ? [resident] : [resident, { table, block: transient, firstRow: table.rowCount }];
}

/** Those of the positions in a window whose rows lie in the block. */
export function positionsIn(part: NumberedBlock, rows: Uint32Array, positions: Uint32Array): Uint32Array {
  const { block, firstRow } = part;
  const endRow = firstRow + block.rowCount;
  const inside = (position: number): boolean => rows[position]! >= firstRow && rows[position]! < endRow;
  // Nearly always all or none: then nothing is copied.
  return positions.every(inside) ? positions : positions.filter(inside);
}
