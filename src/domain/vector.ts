import { unitVector } from '../std/unit-vector.ts';

export { unitVector };

/** Beyond this, `start + i` would leave the range of small integers that the loop below is compiled for. */
const smallIntegerMax = 0x7fff_ffff;

/**
 * Dot product of the row at `start` with a vector, in f64. The order is fixed, so that every machine and language gives
 * the same bits: term i goes to sum i mod 8, then the sums are folded in halves (8 to 4 to 2 to 1). A product of two f32
 * is exact in f64, so a fused multiply-add changes nothing.
 * @param rows row-major f32 rows
 * @param start index of the row's first component
 * @param vector f32 values widened to f64 (see `widen`): the loop is faster when it converts one side only
 */
export function dotRow(rows: Float32Array, start: number, vector: Float64Array, dimension: number): number {
  if (start + dimension > smallIntegerMax)
    return dotRow(rows.subarray(start, start + dimension), 0, vector, dimension);
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let e = 0;
  let f = 0;
  let g = 0;
  let h = 0;
  const whole = dimension & ~7;
  let i = 0;
  // `| 0` tells the compiler that no index overflows, which saves a check per load.
  for (; i < whole; i = (i + 8) | 0) {
    const at = (start + i) | 0;
    a += rows[at]! * vector[i]!;
    b += rows[(at + 1) | 0]! * vector[(i + 1) | 0]!;
    c += rows[(at + 2) | 0]! * vector[(i + 2) | 0]!;
    d += rows[(at + 3) | 0]! * vector[(i + 3) | 0]!;
    e += rows[(at + 4) | 0]! * vector[(i + 4) | 0]!;
    f += rows[(at + 5) | 0]! * vector[(i + 5) | 0]!;
    g += rows[(at + 6) | 0]! * vector[(i + 6) | 0]!;
    h += rows[(at + 7) | 0]! * vector[(i + 7) | 0]!;
  }
  const rest = (start + i) | 0;
  if (i < dimension) a += rows[rest]! * vector[i]!;
  if (i + 1 < dimension) b += rows[rest + 1]! * vector[i + 1]!;
  if (i + 2 < dimension) c += rows[rest + 2]! * vector[i + 2]!;
  if (i + 3 < dimension) d += rows[rest + 3]! * vector[i + 3]!;
  if (i + 4 < dimension) e += rows[rest + 4]! * vector[i + 4]!;
  if (i + 5 < dimension) f += rows[rest + 5]! * vector[i + 5]!;
  if (i + 6 < dimension) g += rows[rest + 6]! * vector[i + 6]!;
  return a + e + (c + g) + (b + f + (d + h));
}

/** f64 copy of an f32 vector for `dotRow`; reuses `into` where it is long enough. */
export function widen(vector: Float32Array, into: Float64Array = new Float64Array(0)): Float64Array {
  const wide = into.length >= vector.length ? into : new Float64Array(vector.length);
  wide.set(vector);
  return wide;
}

/** Dot product of two vectors of one length, in the order of `dotRow`. */
export function dot(x: Float32Array, y: Float32Array): number {
  return dotRow(x, 0, widen(y), x.length);
}

/** Euclidean length in f64; NaN where a component is. */
export function norm(vector: Float32Array): number {
  return Math.sqrt(dot(vector, vector));
}

/** Shorter than this, a mean of unit vectors is rounding noise and its direction means nothing. */
const meanNormMin = 1e-6;

/** Unit vector of the mean of unit vectors of one length; null where there is none (no vectors, or they cancel). */
export function unitMean(vectors: readonly Float32Array[]): Float32Array | null {
  const first = vectors[0];
  if (first === undefined) return null;
  const mean = new Float64Array(first.length);
  for (const vector of vectors) {
    for (let i = 0; i < mean.length; i++) mean[i]! += vector[i]! / vectors.length;
  }
  const squares = mean.reduce((sum, value) => sum + value * value, 0);
  return squares > meanNormMin * meanNormMin ? unitVector(mean) : null;
}
