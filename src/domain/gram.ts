import { type BatchRows, numberedBlocks, positionsIn } from './batch-rows.ts';
import { dotRows } from './dot-rows.ts';
import { copyVector, makeVectorRows, type VectorRows, widenVector } from './vector-rows.ts';

/** Index of the pair (i, j), i < j < count, in the packed upper triangle. */
export function gramIndex(i: number, j: number, count: number): number {
  return (i * (2 * count - i - 1)) / 2 + (j - i - 1);
}

/**
 * Cosines of all pairs of rows: f64 dot products of stored vectors as `dotRows` gives them, as the packed upper triangle
 * (0,1), (0,2) ... (1,2) ... of count * (count - 1) / 2 numbers. In the pair (i, j), row i is the widened vector: with its
 * scale, in the int8 tier, where all products and sums are exact and only the last multiplication rounds.
 */
export function gram(blocks: BatchRows, rows: Uint32Array): Float64Array {
  const resident = rows.every((row) => row < blocks.table.rowCount);
  if (resident) return cosinesOfPairs(blocks.table.vectors, rows);
  const positions = rows.map((_, position) => position);
  return cosinesOfPairs(gathered(blocks, rows, positions), positions);
}

/** Vectors of rows of both blocks, one after the other: where they lie does not change a dot product's bits. */
function gathered(blocks: BatchRows, rows: Uint32Array, positions: Uint32Array): VectorRows {
  const { tier, dimension } = blocks.table.vectors;
  const vectors = makeVectorRows(tier, dimension, rows.length);
  for (const part of numberedBlocks(blocks)) {
    for (const position of positionsIn(part, rows, positions))
      copyVector(part.block.vectors, rows[position]! - part.firstRow, vectors, position);
  }
  return vectors;
}

function cosinesOfPairs(vectors: VectorRows, rows: Uint32Array): Float64Array {
  const cosines = new Float64Array((rows.length * (rows.length - 1)) / 2);
  let wide: Float64Array = new Float64Array(vectors.dimension);
  for (let i = 0; i + 1 < rows.length; i++) {
    wide = widenVector(vectors, rows[i]!, wide);
    const others = rows.subarray(i + 1);
    dotRows(vectors, others, others.length, wide, cosines.subarray(gramIndex(i, i + 1, rows.length)));
  }
  return cosines;
}
