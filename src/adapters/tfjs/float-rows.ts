import { type VectorRows, vectorOf } from '../../domain/vector-rows.ts';

/** Copies of the vectors of `count` rows of the f32 tier, the i-th being the row at(i), side by side. */
export function floatRows(
  vectors: VectorRows,
  count: number,
  at: (i: number) => number,
): Float32Array<ArrayBuffer> {
  const { dimension } = vectors;
  const values = new Float32Array(count * dimension);
  for (let i = 0; i < count; i++) values.set(vectorOf(vectors, at(i)), i * dimension);
  return values;
}
