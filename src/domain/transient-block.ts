import type { RowBlock } from './row-block.ts';
import type { TableSnapshot } from './table-snapshot.ts';
import { makeVectorRows, writeVector } from './vector-rows.ts';

/**
 * Rows of a table that hold no vector as a block of their own, in that order, with vectors that come from elsewhere: of
 * everything else copies, and of the vectors what the table's tier makes of them, so that a score has the same bits
 * wherever its document is.
 * @param vectorOf by row, unit length; null: zeros
 */
export function transientBlock(
  table: TableSnapshot,
  rows: readonly number[],
  vectorOf: (row: number) => Float32Array | null,
): RowBlock {
  const vectors = makeVectorRows(table.vectors.tier, table.dimension, rows.length);
  const facetStarts = new Uint32Array(rows.length);
  const facetCounts = Uint32Array.from(rows, (row) => table.facetCounts[row]!);
  const facetValues = new Uint32Array(facetCounts.reduce((sum, count) => sum + count, 0));
  let end = 0;
  rows.forEach((row, i) => {
    const vector = vectorOf(row);
    if (vector !== null) writeVector(vectors, i, vector);
    const start = table.facetStarts[row]!;
    facetValues.set(table.facetValues.subarray(start, start + facetCounts[i]!), end);
    facetStarts[i] = end;
    end += facetCounts[i]!;
  });
  return {
    rowCount: rows.length,
    vectors,
    tieRanks: Uint32Array.from(rows, (row) => table.tieRanks[row]!),
    popularity: Float32Array.from(rows, (row) => table.popularity[row]!),
    recencyMs: Float64Array.from(rows, (row) => table.recencyMs[row]!),
    facetStarts,
    facetCounts,
    facetValues,
    fields: table.fields.map((column) => Float64Array.from(rows, (row) => column[row]!)),
  };
}
