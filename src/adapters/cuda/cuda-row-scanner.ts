import type { TableSnapshot } from '../../domain/table-snapshot.ts';
import { limits } from '../../limits.ts';
import type { NativeEngine } from '../../native/engine.ts';
import { packScan, readScan } from '../../native/pack-scan.ts';
import type { RowScan, RowScanner, ScannedRow } from '../../ports/row-scanner.ts';
import type { DeviceTables } from './device-tables.ts';

/**
 * Reads the copy of a table on a GPU. A table that the processor reads sooner than a device answers, and everything where
 * the epoch is not there, the device fails or the choice cannot be proven exact
 * (rows nearer to each other than f32 can tell), the other scanner answers: hits have the same bits from both.
 */
export class CudaRowScanner implements RowScanner {
  readonly name = 'cuda';
  readonly #engine: NativeEngine;
  readonly #tables: DeviceTables;
  readonly #otherwise: RowScanner;
  readonly #bytesMin: number;

  /** @param bytesMin vectors of a table that is worth the way to the device */
  constructor(engine: NativeEngine, tables: DeviceTables, otherwise: RowScanner, bytesMin: number) {
    this.#engine = engine;
    this.#tables = tables;
    this.#otherwise = otherwise;
    this.#bytesMin = bytesMin;
  }

  /** @throws as the other scanner does */
  async scan(scan: RowScan): Promise<readonly (readonly ScannedRow[])[]> {
    const { snapshot, vectors, limit, signal } = scan;
    const best = Math.min(limit, snapshot.rowCount);
    const large = tableBytes(snapshot) >= this.#bytesMin;
    const fits = large && best > 0 && vectors.length * best <= limits.nativeScanHitsMax;
    if (!fits || !this.#tables.takes(snapshot)) return this.#otherwise.scan(scan);
    try {
      return await this.#onDevice(scan, best);
    } catch (error) {
      if (signal.aborted) throw error;
      return this.#otherwise.scan(scan);
    }
  }

  async #onDevice(
    { snapshot, vectors, mask, signal }: RowScan,
    best: number,
  ): Promise<readonly (readonly ScannedRow[])[]> {
    const table = this.#tables.handle(snapshot);
    const release = snapshot.retain();
    try {
      return await this.#engine.later(
        (arena) => packScan(arena, vectors, best),
        (slot) => this.#engine.addon.scanAsync(table, slot, vectors.length, mask),
        (arena) => readScan(arena, vectors.length, best),
        signal,
      );
    } finally {
      release();
    }
  }
}

function tableBytes({ rowCount, vectors }: TableSnapshot): number {
  return rowCount * vectors.stride * vectors.values.BYTES_PER_ELEMENT;
}
