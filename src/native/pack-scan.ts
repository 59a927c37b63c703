import type { ScannedRow } from '../ports/row-scanner.ts';
import type { Arena } from './arena.ts';
import { layout } from './arena-layout.ts';

/** Packs unit vectors for `scanAsync`. @throws ArenaFull */
export function packScan(arena: Arena, vectors: readonly Float32Array[], limit: number): void {
  const dimension = vectors[0]!.length;
  arena.begin(layout.kindScan);
  const at = arena.reserve(4 * dimension * vectors.length);
  vectors.forEach((vector, i) => {
    arena.f32.set(vector, at / 4 + i * dimension);
  });
  arena.u32[layout.queryCountWord] = vectors.length;
  arena.u32[layout.queriesAtWord] = at;
  arena.u32[layout.scanLimitWord] = limit;
  arena.answers(rowsEnd(vectors.length, limit) + 8 * vectors.length * limit);
}

/** Bytes of counts and rows, padded so that cosines begin at a multiple of 8. */
function rowsEnd(queryCount: number, limit: number): number {
  return Math.ceil((4 * queryCount * (1 + limit)) / 8) * 8;
}

export function readScan(arena: Arena, queryCount: number, limit: number): ScannedRow[][] {
  const { u32, f64 } = arena;
  const answers = u32[layout.answersAtWord]!;
  const rows = answers / 4 + queryCount;
  const cosines = (answers + rowsEnd(queryCount, limit)) / 8;
  const lists: ScannedRow[][] = [];
  for (let query = 0; query < queryCount; query++) {
    const list: ScannedRow[] = [];
    const from = query * limit;
    const end = from + u32[answers / 4 + query]!;
    for (let i = from; i < end; i++) list.push({ row: u32[rows + i]!, score: f64[cosines + i]! });
    lists.push(list);
  }
  return lists;
}
