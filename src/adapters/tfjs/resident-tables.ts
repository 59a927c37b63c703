import { setImmediate } from 'node:timers/promises';
import type { Epoch } from '../../domain/epoch.ts';
import type { FacetDictionary } from '../../domain/facet-dictionary.ts';
import type { TableSnapshot } from '../../domain/table-snapshot.ts';
import { limits } from '../../limits.ts';
import { floatRows } from './float-rows.ts';
import type { DropOrder, FillOrder, UpdateOrder } from './rerank-messages.ts';

/** One table as the worker has it. */
interface ResidentTable {
  readonly number: number;
  readonly bytes: number;
  rowCount: number;
  epoch: Epoch;
}

type Post = (order: FillOrder | UpdateOrder | DropOrder, transfer: ArrayBuffer[]) => void;

/** Bytes that a table takes as tensors. */
export function tableBytes({ rowCount, dimension }: TableSnapshot): number {
  return 4 * rowCount * dimension;
}

/**
 * What the worker holds of which table: one copy per resident table, however many epochs it goes through, those used last,
 * limits.tfjsTableBytesMax together. All epochs of a table share its dictionary, which is how it is known again.
 */
export class ResidentTables {
  /** Used longest ago first. */
  readonly #tables = new Map<FacetDictionary, ResidentTable>();
  #numbers = 0;
  #bytes = 0;

  /**
   * Makes the worker's copy the table's, and says its number. Goes slice by slice, so that the event loop is not held
   * while a large table is copied.
   * @throws the signal's reason when it is aborted meanwhile
   */
  async follow(table: TableSnapshot, post: Post, signal: AbortSignal | undefined): Promise<number> {
    const known = this.#tables.get(table.dictionary);
    if (known?.epoch === table.epoch) {
      this.#tables.delete(table.dictionary);
      this.#tables.set(table.dictionary, known);
      return known.number;
    }
    if (known !== undefined) this.#drop(table.dictionary, known, post);
    return this.#fill(table, post, signal);
  }

  /** The worker is gone, and everything with it. */
  forget(): void {
    this.#tables.clear();
    this.#bytes = 0;
  }

  async #fill(table: TableSnapshot, post: Post, signal: AbortSignal | undefined): Promise<number> {
    const bytes = tableBytes(table);
    for (const [dictionary, oldest] of this.#tables) {
      if (this.#bytes + bytes <= limits.tfjsTableBytesMax) break;
      this.#drop(dictionary, oldest, post);
    }
    const resident = { number: ++this.#numbers, bytes, rowCount: table.rowCount, epoch: table.epoch };
    const { dimension, rowCount } = table;
    const perSlice = Math.max(1, Math.floor(limits.tfjsUploadSliceBytes / (4 * dimension)));
    for (let firstRow = 0; firstRow < rowCount; firstRow += perSlice) {
      if (firstRow > 0) await setImmediate();
      if (signal?.aborted) {
        post({ kind: 'drop', table: resident.number }, []);
        throw signal.reason;
      }
      const count = Math.min(perSlice, rowCount - firstRow);
      const values = floatRows(table, count, (i) => firstRow + i, dimension);
      const { number } = resident;
      post({ kind: 'fill', table: number, dimension, firstRow, rowCount, values }, [values.buffer]);
    }
    // Only now: a fill that was cut short must not count as one.
    this.#tables.set(table.dictionary, resident);
    this.#bytes += bytes;
    return resident.number;
  }

  #drop(dictionary: FacetDictionary, table: ResidentTable, post: Post): void {
    this.#tables.delete(dictionary);
    this.#bytes -= table.bytes;
    post({ kind: 'drop', table: table.number }, []);
  }
}
