import type { RowBlock } from '../../domain/row-block.ts';

/** The stored vector of one row of a block of the f32 tier: a view, not to be written. */
export function floatRow({ vectors }: RowBlock, row: number, dimension: number): Float32Array {
  return vectors.subarray(row * dimension, (row + 1) * dimension);
}

/** Copies of the vectors of `count` rows, the i-th being the row at(i), side by side. */
export function floatRows(
  block: RowBlock,
  count: number,
  at: (i: number) => number,
  dimension: number,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++) values.set(floatRow(block, at(i), dimension), i * dimension);
  return values;
}
