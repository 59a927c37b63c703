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
  rowCount: number;
  /** The newest that it has. */
  epoch: Epoch;
  /** This one and those before it, which it went through: a row that a reader can see is never rewritten. */
  readonly covered: WeakSet<Epoch>;
}

export type Post = (order: FillOrder | UpdateOrder | DropOrder, transfer: ArrayBuffer[]) => void;

/** Above this share of changed rows a table is sent as a whole. */
const changedShareMax = 0.25;

/** Bytes that a table takes as tensors. */
export function tableBytes({ rowCount, dimension }: TableSnapshot): number {
  return 4 * rowCount * dimension;
}

/**
 * What the worker holds of which table: one copy per resident table, however many epochs it goes through, those used last,
 * limits.tfjsTableBytesMax together. All epochs of a table share its dictionary, which is how it is known again. An epoch
 * that follows the one the worker has brings its changed rows alone.
 */
export class ResidentTables {
  /** Used longest ago first. */
  readonly #tables = new Map<FacetDictionary, ResidentTable>();
  readonly #bytes = new Map<ResidentTable, number>();
  #numbers = 0;
  /** Counts the workers; what was sent to one is of no use to the next. */
  #worker = 0;

  /**
   * Makes the worker's copy hold the table's rows, and says its number. Goes slice by slice, so that the event loop is not
   * held while a large table is copied.
   * @throws the signal's reason when it is aborted meanwhile
   */
  async follow(table: TableSnapshot, post: Post, signal?: AbortSignal): Promise<number> {
    const { dictionary } = table;
    const known = this.#tables.get(dictionary);
    if (known === undefined) return this.#fill(table, post, signal);
    if (known.covered.has(table.epoch)) {
      this.#keep(dictionary, known, this.#bytes.get(known)!);
      return known.number;
    }
    if (follows(table, known)) return this.#update(table, known, post, signal);
    this.#drop(dictionary, known, post);
    return this.#fill(table, post, signal);
  }

  /** The worker is gone, and everything with it. */
  forget(): void {
    this.#worker++;
    this.#tables.clear();
    this.#bytes.clear();
  }

  async #fill(table: TableSnapshot, post: Post, signal: AbortSignal | undefined): Promise<number> {
    this.#makeRoom(tableBytes(table), post);
    const { epoch, rowCount } = table;
    const resident = { number: ++this.#numbers, rowCount, epoch, covered: new WeakSet([epoch]) };
    try {
      await this.#send(table, resident.number, 0, post, signal);
    } catch (error) {
      // A fill that was cut short must not count as one.
      post({ kind: 'drop', table: resident.number }, []);
      throw error;
    }
    this.#keep(table.dictionary, resident, tableBytes(table));
    return resident.number;
  }

  /** The rows that the epoch changed, and those that came behind the last one. */
  async #update(
    table: TableSnapshot,
    known: ResidentTable,
    post: Post,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const { number } = known;
    // Until it is through, the copy is of no epoch.
    this.#tables.delete(table.dictionary);
    this.#bytes.delete(known);
    this.#makeRoom(tableBytes(table), post);
    try {
      const rows = Int32Array.from(table.changed.filter((row) => row < known.rowCount));
      if (rows.length > 0) {
        const values = floatRows(table.vectors, rows.length, (i) => rows[i]!);
        post({ kind: 'update', table: number, rows, values }, [rows.buffer, values.buffer]);
      }
      await this.#send(table, number, known.rowCount, post, signal);
    } catch (error) {
      post({ kind: 'drop', table: number }, []);
      throw error;
    }
    known.rowCount = table.rowCount;
    known.epoch = table.epoch;
    known.covered.add(table.epoch);
    this.#keep(table.dictionary, known, tableBytes(table));
    return number;
  }

  /** The rows from `start` on, slice by slice. */
  async #send(
    table: TableSnapshot,
    number: number,
    start: number,
    post: Post,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { dimension, rowCount, vectors } = table;
    const perSlice = Math.max(1, Math.floor(limits.tfjsUploadSliceBytes / (4 * dimension)));
    const worker = this.#worker;
    for (let firstRow = start; firstRow < rowCount; firstRow += perSlice) {
      if (firstRow > start) await setImmediate();
      signal?.throwIfAborted();
      if (worker !== this.#worker) throw new Error('the worker ended while a table was sent to it');
      const from = firstRow;
      const values = floatRows(vectors, Math.min(perSlice, rowCount - from), (i) => from + i);
      post({ kind: 'fill', table: number, dimension, firstRow, rowCount, values }, [values.buffer]);
    }
  }

  /** As the one used last. */
  #keep(dictionary: FacetDictionary, table: ResidentTable, bytes: number): void {
    this.#tables.delete(dictionary);
    this.#tables.set(dictionary, table);
    this.#bytes.set(table, bytes);
  }

  #makeRoom(bytes: number, post: Post): void {
    for (const [dictionary, oldest] of this.#tables) {
      const held = [...this.#bytes.values()].reduce((sum, one) => sum + one, 0);
      if (held + bytes <= limits.tfjsTableBytesMax) return;
      this.#drop(dictionary, oldest, post);
    }
  }

  #drop(dictionary: FacetDictionary, table: ResidentTable, post: Post): void {
    this.#tables.delete(dictionary);
    this.#bytes.delete(table);
    post({ kind: 'drop', table: table.number }, []);
  }
}

/** Whether the table is the known one an epoch later, with few enough changes. */
function follows(table: TableSnapshot, known: ResidentTable): boolean {
  return (
    table.changedSince === known.epoch &&
    table.rowCount >= known.rowCount &&
    table.changed.length <= changedShareMax * table.rowCount
  );
}
