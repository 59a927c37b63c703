import { limits } from '../../limits.ts';

const width = limits.textWordCharsMax + 2;
let older = new Uint8Array(width);
let previous = new Uint8Array(width);
let current = new Uint8Array(width);

/**
 * Damerau's edit distance (insert, delete, replace, swap of neighbours; no part edited twice) between two words of at
 * most limits.textWordCharsMax UTF-16 units, or `max + 1` when it is more than `max`.
 */
export function editsWithin(a: string, b: string, max: number): number {
  if (Math.abs(a.length - b.length) > max) return max + 1;
  for (let j = 0; j <= b.length; j++) previous[j] = j;
  for (let i = 1; i <= a.length; i++) {
    if (fillRow(a, b, i, max) > max) return max + 1;
    const spare = older;
    older = previous;
    previous = current;
    current = spare;
  }
  return Math.min(previous[b.length]!, max + 1);
}

/** Fills row i within the band of cells that can still be <= max; returns the smallest. */
function fillRow(a: string, b: string, i: number, max: number): number {
  const from = Math.max(1, i - max);
  const to = Math.min(b.length, i + max);
  const unit = a.charCodeAt(i - 1);
  current[from - 1] = from === 1 ? i : max + 1;
  let least = current[from - 1]!;
  for (let j = from; j <= to; j++) {
    const other = b.charCodeAt(j - 1);
    let cost = previous[j - 1]! + (unit === other ? 0 : 1);
    // The cell above the band's right end was not filled in the row before.
    const above = j === i + max ? max + 1 : previous[j]! + 1;
    cost = Math.min(cost, above, current[j - 1]! + 1);
    if (i > 1 && j > 1 && unit !== other && unit === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === other) {
      cost = Math.min(cost, older[j - 2]! + 1);
    }
    current[j] = cost;
    if (cost < least) least = cost;
  }
  return least;
}
