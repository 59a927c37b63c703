import { setImmediate } from 'node:timers/promises';
import { dotRows } from '../../domain/dot-rows.ts';
import type { TableSnapshot } from '../../domain/table-snapshot.ts';
import { widen } from '../../domain/vector.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Hit } from '../../ports/recall.ts';
import type { VectorIndex, VectorQuery } from '../../ports/vector-index.ts';
import { BestRows } from '../../std/best-rows.ts';

/**
 * Exact nearest neighbours: reads every row of the resident table that is live (or passes the pushed-down predicate)
 * once for all vectors of the query. Scores are the scorer's own dot products, bit for bit. A large table is read in
 * pieces with a turn of the event loop between them; an abort is noticed there.
 */
export class FlatVectorIndex implements VectorIndex {
  async search(query: VectorQuery): Promise<readonly (readonly Hit[])[]> {
    const { snapshot, vectors, signal } = query;
    signal.throwIfAborted();
    checkDimensions(vectors, snapshot.dimension);
    const limit = Math.min(query.limit, limits.legDepthMax, snapshot.liveCount);
    const best = vectors.map(() => new BestRows(Math.max(0, limit)));
    const wide = vectors.map((vector) => widen(vector));
    const mask = query.predicate?.mask ?? snapshot.live;
    const products = Math.max(1, vectors.length * snapshot.dimension);
    const rowsPerTurn = Math.max(1, Math.floor(limits.flatScanProductsPerTurn / products));
    for (let row = 0; row < snapshot.rowCount && limit > 0; row += rowsPerTurn) {
      if (row > 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
      const end = Math.min(row + rowsPerTurn, snapshot.rowCount);
      scan(snapshot, mask, row, end, wide, best);
    }
    return best.map((rows) => rows.ranked().map(({ row, score }) => ({ id: snapshot.idOf(row), score })));
  }
}

/** Rows compared with one vector before the next vector's turn: they stay in the processor's cache meanwhile. */
const tileRows = 64;

function scan(
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
      dotRows(table.vectors, rows, count, wide[i]!, table.dimension, scores);
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

function checkDimensions(vectors: readonly Float32Array[], dimension: number): void {
  const fields = vectors.flatMap((vector, i) =>
    vector.length === dimension
      ? []
      : [{ path: `vectors[${i}]`, message: `has ${vector.length} numbers, not ${dimension}` }],
  );
  if (fields.length > 0)
    throw new TriptychError('wrong_dimension', `query vectors must have ${dimension} numbers`, { fields });
}
