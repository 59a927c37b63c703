import { unitVector } from '../../src/std/unit-vector.ts';

/** Rows of unit vectors, row-major f32, and a query of unit length. */
export interface VectorBlock {
  readonly rows: number;
  readonly dimension: number;
  readonly values: Float32Array;
  readonly query: Float32Array;
}

/** A contiguous block of random unit rows. */
export function randomBlock(rows: number, dimension: number, next: () => number): VectorBlock {
  const values = new Float32Array(rows * dimension);
  for (let row = 0; row < rows; row++) values.set(randomUnit(dimension, next), row * dimension);
  return { rows, dimension, values, query: randomUnit(dimension, next) };
}

export function randomUnit(dimension: number, next: () => number): Float32Array {
  return unitVector(Float64Array.from({ length: dimension }, () => next() - 0.4))!;
}

/** Dot products in f64, term by term: what every contestant's answer is held to. */
export function exactDots({ rows, dimension, values, query }: VectorBlock): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += values[row * dimension + i]! * query[i]!;
    return sum;
  });
}
