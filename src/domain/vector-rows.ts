import { fromHalf, toHalf } from './half-float.ts';
import { plainMemory, type RowMemory } from './row-memory.ts';

/** How the components of vectors are stored: as f32, as f16, or as int8 with one f32 scale per row. */
export const vectorTiers = ['f32', 'f16', 'int8'] as const;
export type VectorTier = (typeof vectorTiers)[number];

interface VectorShape {
  /** Components of a row. */
  readonly dimension: number;
  /** Elements of `values` from one row to the next, >= dimension. What lies between two rows is not read. */
  readonly stride: number;
  /** int8: one per row; otherwise empty. */
  readonly scales: Float32Array;
}

/**
 * Vectors of rows, row-major: row r is values[r * stride .. r * stride + dimension). A component is the f32, the f16, or
 * scales[r] times the int8. There may be room for more rows than are in use.
 */
export type VectorRows = VectorShape &
  (
    | { readonly tier: 'f32'; readonly values: Float32Array }
    /** Bits of IEEE 754 binary16. */
    | { readonly tier: 'f16'; readonly values: Uint16Array }
    | { readonly tier: 'int8'; readonly values: Int8Array }
  );

const elementBytes = { f32: 4, f16: 2, int8: 1 } as const satisfies Record<VectorTier, number>;

/** Rows of a resident table begin at multiples of so many bytes: a line of a processor's cache. */
const rowAlignmentBytes = 64;

/** Room for `capacity` rows of zeros, each beginning at a multiple of 64 bytes from the start of the memory. */
export function makeVectorRows(
  tier: VectorTier,
  dimension: number,
  capacity: number,
  memory: RowMemory = plainMemory,
): VectorRows {
  const bytes = elementBytes[tier];
  const rowBytes = Math.ceil((dimension * bytes) / rowAlignmentBytes) * rowAlignmentBytes;
  const buffer = memory(capacity * rowBytes);
  const shape = { dimension, stride: rowBytes / bytes, scales: new Float32Array(0) };
  const count = capacity * shape.stride;
  switch (tier) {
    case 'f32':
      return { ...shape, tier, values: new Float32Array(buffer, 0, count) };
    case 'f16':
      return { ...shape, tier, values: new Uint16Array(buffer, 0, count) };
    case 'int8':
      return {
        ...shape,
        tier,
        values: new Int8Array(buffer, 0, count),
        scales: new Float32Array(memory(4 * capacity), 0, capacity),
      };
  }
}

/** The same rows with room for `capacity`; the old ones stay as they are. */
export function enlargeVectorRows(rows: VectorRows, capacity: number, memory?: RowMemory): VectorRows {
  const larger = makeVectorRows(rows.tier, rows.dimension, capacity, memory);
  larger.values.set(rows.values);
  larger.scales.set(rows.scales);
  return larger;
}

/**
 * Stores a vector as row `row`, rounded to the tier: f16 to the nearest, ties to even, at most the largest finite one;
 * int8 to whole multiples of scale = max |x| / 127. An int8 row of zeros has scale 0.
 * @throws RangeError where the vector has not the rows' dimension, or there is no room for the row
 */
export function writeVector(rows: VectorRows, row: number, vector: Float32Array): void {
  const { dimension, stride } = rows;
  if (vector.length !== dimension)
    throw new RangeError(`a vector of ${vector.length} numbers cannot be stored among those of ${dimension}`);
  const start = row * stride;
  if (start + dimension > rows.values.length) throw new RangeError(`there is no room for row ${row}`);
  switch (rows.tier) {
    case 'f32':
      rows.values.set(vector, start);
      break;
    case 'f16':
      for (let i = 0; i < dimension; i++) rows.values[start + i] = toHalf(vector[i]!);
      break;
    case 'int8':
      rows.scales[row] = scaleOf(vector);
      quantise(vector, rows.scales[row]!, rows.values, start);
      break;
  }
}

/** Copies a stored row, bit for bit, into rows of the same tier and dimension. */
export function copyVector(from: VectorRows, row: number, to: VectorRows, toRow: number): void {
  const start = row * from.stride;
  to.values.set(from.values.subarray(start, start + from.dimension), toRow * to.stride);
  if (from.tier === 'int8') to.scales[toRow] = from.scales[row]!;
}

function scaleOf(vector: Float32Array): number {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) largest = Math.max(largest, Math.abs(vector[i]!));
  return largest / 127;
}

function quantise(vector: Float32Array, scale: number, values: Int8Array, start: number): void {
  for (let i = 0; i < vector.length; i++) {
    // A scale that was rounded down to very few bits may leave more than 127.
    const steps = scale === 0 ? 0 : Math.round(vector[i]! / scale);
    values[start + i] = Math.min(127, Math.max(-127, steps));
  }
}

/** The row's components as they are stored, rounded to f32. A view where the tier is f32: not to be written. */
export function vectorOf(rows: VectorRows, row: number): Float32Array {
  const start = row * rows.stride;
  if (rows.tier === 'f32') return rows.values.subarray(start, start + rows.dimension);
  return new Float32Array(widenVector(rows, row));
}

/** The row's components as they are stored, exactly, in f64; reuses `into` where it is long enough. */
export function widenVector(
  rows: VectorRows,
  row: number,
  into: Float64Array = new Float64Array(0),
): Float64Array {
  const { dimension } = rows;
  const wide = into.length >= dimension ? into : new Float64Array(dimension);
  const start = row * rows.stride;
  switch (rows.tier) {
    case 'f32':
      wide.set(rows.values.subarray(start, start + dimension));
      break;
    case 'f16':
      for (let i = 0; i < dimension; i++) wide[i] = fromHalf(rows.values[start + i]!);
      break;
    case 'int8':
      for (let i = 0; i < dimension; i++) wide[i] = rows.scales[row]! * rows.values[start + i]!;
      break;
  }
  return wide;
}
