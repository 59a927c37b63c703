import { limits } from '../../limits.ts';
import { ArenaFull } from '../../native/arena.ts';
import type { NativeEngine } from '../../native/engine.ts';
import { packScan, readScan } from '../../native/pack-scan.ts';
import type { RowScan, RowScanner, ScannedRow } from '../../ports/row-scanner.ts';

/** Reads the table on a thread of the addon's own: the event loop is free meanwhile. */
export class NativeRowScanner implements RowScanner {
  readonly name = 'native';
  readonly #engine: NativeEngine;

  constructor(engine: NativeEngine) {
    this.#engine = engine;
  }

  /** @throws signal.reason when aborted; RangeError where more is asked for than an arena holds */
  async scan({
    snapshot,
    vectors,
    mask,
    limit,
    signal,
  }: RowScan): Promise<readonly (readonly ScannedRow[])[]> {
    signal.throwIfAborted();
    const best = Math.min(limit, snapshot.rowCount);
    if (best <= 0) return vectors.map(() => []);
    if (vectors.length * best > limits.nativeScanHitsMax)
      throw new ArenaFull(vectors.length * best * Float64Array.BYTES_PER_ELEMENT);
    const { addon } = this.#engine;
    const table = this.#engine.table(snapshot);
    // Who gave up does not hold the epoch any more, and the scan stops only at its next chunk.
    const release = snapshot.retain();
    try {
      return await this.#engine.later(
        (arena) => packScan(arena, vectors, best),
        (slot) => addon.scanAsync(table, slot, vectors.length, mask),
        (arena) => readScan(arena, vectors.length, best),
        signal,
      );
    } finally {
      release();
    }
  }
}
