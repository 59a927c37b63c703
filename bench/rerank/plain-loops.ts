/** What one writes without a library: the loops that the JavaScript contestants run. */

export function dotsNaive(
  values: Float32Array,
  indices: Uint32Array,
  query: Float32Array,
  out: Float32Array,
): void {
  const dimension = query.length;
  for (let n = 0; n < indices.length; n++) {
    const start = indices[n]! * dimension;
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += values[start + i]! * query[i]!;
    out[n] = sum;
  }
}

/** Four running sums, so that additions need not wait for each other; the dimension is a multiple of four. */
export function dotsFourSums(
  values: Float32Array,
  indices: Uint32Array,
  query: Float32Array,
  out: Float32Array,
): void {
  const dimension = query.length;
  for (let n = 0; n < indices.length; n++) {
    const start = indices[n]! * dimension;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let i = 0; i < dimension; i += 4) {
      const at = start + i;
      a += values[at]! * query[i]!;
      b += values[at + 1]! * query[i + 1]!;
      c += values[at + 2]! * query[i + 2]!;
      d += values[at + 3]! * query[i + 3]!;
    }
    out[n] = a + b + (c + d);
  }
}
