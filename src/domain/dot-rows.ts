import { fromHalf } from './half-float.ts';
import { dotRow } from './vector.ts';
import type { VectorRows } from './vector-rows.ts';

/** Above this many numbers an index would leave the range of small integers that the loop below is compiled for. */
const smallIntegerMax = 0x7fff_ffff;

/** Eight running sums for each of the four rows at hand; used within one call only. */
const laneSums = new Float64Array(32);

/** Rows of another tier than f32, decoded four at a time; used within one call only. */
let decoded: VectorRows & { tier: 'f32' } = decodedRows(1);
const fourRows = Uint32Array.of(0, 1, 2, 3);
const fourSums = new Float64Array(4);

function decodedRows(dimension: number): VectorRows & { tier: 'f32' } {
  const values = new Float32Array(4 * dimension);
  return { tier: 'f32', dimension, stride: dimension, values, scales: new Float32Array(0) };
}

/**
 * Dot products of many rows with one vector, in f64: of each row the bits of `dotRow` (domain/vector.ts) over its stored
 * components. An int8 row's eight sums are over int8 times x; their fold is multiplied by the row's scale once.
 * @param indices row numbers; the first `count` are used
 * @param vector f32 values widened to f64 (`widen`), or a stored row (`widenVector`)
 * @param out one dot product per index
 */
export function dotRows(
  rows: VectorRows,
  indices: Uint32Array,
  count: number,
  vector: Float64Array,
  out: Float64Array,
): void {
  if (rows.tier === 'f32') {
    dotFloats(rows, indices, count, vector, out);
    return;
  }
  if (decoded.dimension !== rows.dimension) decoded = decodedRows(rows.dimension);
  for (let i = 0; i < count; i += 4) {
    const some = Math.min(4, count - i);
    for (let k = 0; k < some; k++) decodeInto(rows, indices[i + k]!, decoded.values, k * rows.dimension);
    dotFloats(decoded, fourRows, some, vector, fourSums);
    for (let k = 0; k < some; k++)
      out[i + k] = rows.tier === 'int8' ? rows.scales[indices[i + k]!]! * fourSums[k]! : fourSums[k]!;
  }
}

/** Dot product of one row with a vector, as `dotRows` gives it. */
export function dotAt(rows: VectorRows, row: number, vector: Float64Array): number {
  const out = new Float64Array(1);
  dotRows(rows, Uint32Array.of(row), 1, vector, out);
  return out[0]!;
}

/** f16 as the f32 it is, int8 without its scale: both exact. */
function decodeInto(rows: VectorRows, row: number, into: Float32Array, at: number): void {
  const start = row * rows.stride;
  if (rows.tier === 'f16')
    for (let i = 0; i < rows.dimension; i++) into[at + i] = fromHalf(rows.values[start + i]!);
  else into.set(rows.values.subarray(start, start + rows.dimension), at);
}

/** About 25 % faster than `dotRow` of each, because four rows at a time share each load of the vector. */
function dotFloats(
  { values, dimension, stride }: VectorRows & { tier: 'f32' },
  indices: Uint32Array,
  count: number,
  vector: Float64Array,
  out: Float64Array,
): void {
  const inFours = values.length <= smallIntegerMax ? count & ~3 : 0;
  for (let i = 0; i < inFours; i += 4) {
    const a = indices[i]! * stride;
    const b = indices[i + 1]! * stride;
    const c = indices[i + 2]! * stride;
    const d = indices[i + 3]! * stride;
    for (let lane = 0; lane < 8; lane += 2) sumLanes(values, a, b, c, d, vector, dimension, lane);
    for (let row = 0; row < 4; row++) out[i + row] = foldLanes(8 * row);
  }
  for (let i = inFours; i < count; i++) out[i] = dotRow(values, indices[i]! * stride, vector, dimension);
}

/** Sums `lane` and `lane + 1` (of i mod 8) of the rows at a, b, c, d: as many running sums as stay in registers. */
function sumLanes(
  rows: Float32Array,
  a: number,
  b: number,
  c: number,
  d: number,
  vector: Float64Array,
  dimension: number,
  lane: number,
): void {
  let a0 = 0;
  let a1 = 0;
  let b0 = 0;
  let b1 = 0;
  let c0 = 0;
  let c1 = 0;
  let d0 = 0;
  let d1 = 0;
  let i = lane;
  for (; i < dimension - 1; i = (i + 8) | 0) {
    const j = (i + 1) | 0;
    const x = vector[i]!;
    const y = vector[j]!;
    a0 += rows[(a + i) | 0]! * x;
    a1 += rows[(a + j) | 0]! * y;
    b0 += rows[(b + i) | 0]! * x;
    b1 += rows[(b + j) | 0]! * y;
    c0 += rows[(c + i) | 0]! * x;
    c1 += rows[(c + j) | 0]! * y;
    d0 += rows[(d + i) | 0]! * x;
    d1 += rows[(d + j) | 0]! * y;
  }
  if (i < dimension) {
    a0 += rows[a + i]! * vector[i]!;
    b0 += rows[b + i]! * vector[i]!;
    c0 += rows[c + i]! * vector[i]!;
    d0 += rows[d + i]! * vector[i]!;
  }
  laneSums[lane] = a0;
  laneSums[lane + 1] = a1;
  laneSums[lane + 8] = b0;
  laneSums[lane + 9] = b1;
  laneSums[lane + 16] = c0;
  laneSums[lane + 17] = c1;
  laneSums[lane + 24] = d0;
  laneSums[lane + 25] = d1;
}

/** Folds 8 sums in halves, as `dotRow` does. */
function foldLanes(at: number): number {
  const s = laneSums;
  const even = s[at]! + s[at + 4]! + (s[at + 2]! + s[at + 6]!);
  const odd = s[at + 1]! + s[at + 5]! + (s[at + 3]! + s[at + 7]!);
  return even + odd;
}
