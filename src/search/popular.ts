import type { TableSnapshot } from '../domain/table-snapshot.ts';
import type { CompiledPredicate } from '../ports/recall.ts';
import { BestRows } from '../std/best-rows.ts';

/**
 * The most popular documents that pass, for requests that ask for nothing in particular. Documents without a
 * popularity come last; ties by id.
 */
export function popularRows(
  table: TableSnapshot,
  predicate: CompiledPredicate | null,
  limit: number,
): number[] {
  const mask = predicate?.mask ?? table.live;
  const best = new BestRows(limit);
  for (let row = 0; row < table.rowCount; row++) {
    if (mask[row] !== 1) continue;
    const popularity = table.popularity[row]!;
    best.offer(Number.isNaN(popularity) ? -1 : popularity, table.tieRanks[row]!, row);
  }
  return best.ranked().map(({ row }) => row);
}
