import { setImmediate } from 'node:timers/promises';
import { dotRows } from '../../domain/dot-rows.ts';
import type { TableSnapshot } from '../../domain/table-snapshot.ts';
import { widen } from '../../domain/vector.ts';
import { limits } from '../../limits.ts';
import type { RowScan, RowScanner, ScannedRow } from '../../ports/row-scanner.ts';
import { BestRows } from '../../std/best-rows.ts';

/**
 * Reads every row once for all vectors. A large table is read in pieces with a turn of the event loop between them; an
 * abort is noticed there.
 */
export class JsRowScanner implements RowScanner {
  readonly name = 'js';

  async scan({
    snapshot,
    vectors,
    mask,
    limit,
    signal,
  }: RowScan): Promise<readonly (readonly ScannedRow[])[]> {
    signal.throwIfAborted();
    const best = vectors.map(() => new BestRows(Math.min(limit, snapshot.rowCount)));
    const wide = vectors.map((vector) => widen(vector));
    const products = Math.max(1, vectors.length * snapshot.dimension);
    const rowsPerTurn = Math.max(1, Math.floor(limits.flatScanProductsPerTurn / products));
    for (let row = 0; row < snapshot.rowCount && limit > 0; row += rowsPerTurn) {
      if (row > 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
      const end = Math.min(row + rowsPerTurn, snapshot.rowCount);
      scanRows(snapshot, mask, row, end, wide, best);
    }
    return best.map((rows) => rows.ranked());
  }
}

/** Rows compared with one vector before the next vector's turn: they stay in the processor's cache meanwhile. */
const tileRows = 64;

function scanRows(
  table: TableSnapshot,
  mask: Uint8Array,
  start: number,
  end: number,
  wide: readonly Float64Array[],
  best: readonly BestRows[],
): void {
  const rows = new Uint32Array(tileRows);
  const scores = new Float64Array(tileRows);
  for (let row = start; row < end; ) {
    let count = 0;
    for (; row < end && count < tileRows; row++) if (mask[row] !== 0) rows[count++] = row;
    for (let i = 0; i < wide.length; i++) {
      dotRows(table.vectors, rows, count, wide[i]!, scores);
      select(rows, scores, count, table.tieRanks, best[i]!);
    }
  }
}

function select(
  rows: Uint32Array,
  scores: Float64Array,
  count: number,
  tieRanks: Uint32Array,
  best: BestRows,
): void {
  let floor = best.floor;
  for (let i = 0; i < count; i++) {
    const score = scores[i]!;
    if (score < floor) continue;
    const row = rows[i]!;
    best.offer(score, tieRanks[row]!, row);
    floor = best.floor;
  }
}
