import { dotRows } from './dot-rows.ts';
import type { TableSnapshot } from './table-snapshot.ts';
import { widen } from './vector.ts';

/** Index of the pair (i, j), i < j < count, in the packed upper triangle. */
export function gramIndex(i: number, j: number, count: number): number {
  return (i * (2 * count - i - 1)) / 2 + (j - i - 1);
}

/**
 * Cosines of all pairs of rows: f64 dot products of unit vectors in the order of `dotRow`, as the packed upper triangle
 * (0,1), (0,2) ... (1,2) ... of count * (count - 1) / 2 numbers.
 */
export function gram(table: TableSnapshot, rows: Uint32Array): Float64Array {
  const { vectors, dimension } = table;
  const cosines = new Float64Array((rows.length * (rows.length - 1)) / 2);
  let wide: Float64Array = new Float64Array(dimension);
  for (let i = 0; i + 1 < rows.length; i++) {
    const start = rows[i]! * dimension;
    wide = widen(vectors.subarray(start, start + dimension), wide);
    const others = rows.subarray(i + 1);
    dotRows(
      vectors,
      others,
      others.length,
      wide,
      dimension,
      cosines.subarray(gramIndex(i, i + 1, rows.length)),
    );
  }
  return cosines;
}
