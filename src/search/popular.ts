import type { TableSnapshot } from '../domain/table-snapshot.ts';
import type { CompiledPredicate } from '../ports/recall.ts';

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
  const rows: number[] = [];
  for (let row = 0; row < table.rowCount; row++) if (mask[row] === 1) rows.push(row);
  const popularity = (row: number) => (Number.isNaN(table.popularity[row]!) ? -1 : table.popularity[row]!);
  rows.sort((a, b) => popularity(b) - popularity(a) || table.tieRanks[a]! - table.tieRanks[b]!);
  return rows.slice(0, limit);
}
