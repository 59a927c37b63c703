/**
 * Catalogue percentile 0..1 of each row's value: the share of rows with a smaller value plus half the share of equal
 * ones (mid-rank), so that it depends on the set of values alone. NaN stays NaN (no value).
 */
export function percentiles(values: Float64Array, rows: readonly number[], rowCount: number): Float32Array {
  const known = new Float64Array(rows.length);
  let count = 0;
  for (const row of rows) if (!Number.isNaN(values[row])) known[count++] = values[row]!;
  const sorted = known.subarray(0, count).sort();
  const result = new Float32Array(rowCount).fill(Number.NaN);
  for (const row of rows) {
    const value = values[row]!;
    if (Number.isNaN(value)) continue;
    const below = lowerBound(sorted, value, false);
    const upTo = lowerBound(sorted, value, true);
    result[row] = (below + upTo) / 2 / count;
  }
  return result;
}

/** First index whose value is >= (or, with `after`, >) the given one. */
function lowerBound(sorted: Float64Array, value: number, after: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value || (after && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
