import { type BatchRows, numberedBlocks, positionsIn } from './batch-rows.ts';
import { dotRows } from './dot-rows.ts';
import { widen } from './vector.ts';

/** Index of the pair (i, j), i < j < count, in the packed upper triangle. */
export function gramIndex(i: number, j: number, count: number): number {
  return (i * (2 * count - i - 1)) / 2 + (j - i - 1);
}

/**
 * Cosines of all pairs of rows: f64 dot products of unit vectors in the order of `dotRow`, as the packed upper triangle
 * (0,1), (0,2) ... (1,2) ... of count * (count - 1) / 2 numbers.
 */
export function gram(blocks: BatchRows, rows: Uint32Array): Float64Array {
  const { dimension } = blocks.table;
  const resident = rows.every((row) => row < blocks.table.rowCount);
  if (resident) return cosinesOfPairs(blocks.table.vectors, dimension, rows);
  const positions = rows.map((_, position) => position);
  return cosinesOfPairs(gathered(blocks, rows, positions), dimension, positions);
}

/** Vectors of rows of both blocks, one after the other: where they lie does not change a dot product's bits. */
function gathered(blocks: BatchRows, rows: Uint32Array, positions: Uint32Array): Float32Array {
  const { dimension } = blocks.table;
  const vectors = new Float32Array(rows.length * dimension);
  for (const part of numberedBlocks(blocks)) {
    for (const position of positionsIn(part, rows, positions)) {
      const start = (rows[position]! - part.firstRow) * dimension;
      vectors.set(part.block.vectors.subarray(start, start + dimension), position * dimension);
    }
  }
  return vectors;
}

function cosinesOfPairs(vectors: Float32Array, dimension: number, rows: Uint32Array): Float64Array {
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
