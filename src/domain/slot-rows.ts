import { grown } from '../std/growing-array.ts';
import type { TableSnapshot } from './table-snapshot.ts';

/** Whether the row is the document's in the table's epoch: rows change hands, so one that was remembered is asked again. */
export function holds(table: TableSnapshot, row: number, id: string): boolean {
  return table.live[row] === 1 && table.idOf(row) === id;
}

/**
 * Which row of the resident table a slot of an in-process index is, and the other way round. Looked up by id once; from
 * then on an answer costs a comparison, which also finds out that the slot or the row has changed hands since.
 */
export class SlotRows {
  /** Row + 1 by slot, slot + 1 by row; 0: not known. */
  #rows = new Uint32Array(0);
  #slots = new Uint32Array(0);

  /** What table.rowOf(id) says. @param id the slot's */
  rowOf(table: TableSnapshot, slot: number, id: string): number {
    const known = slot < this.#rows.length ? this.#rows[slot]! - 1 : -1;
    if (known >= 0 && holds(table, known, id)) return known;
    const row = table.rowOf(id);
    if (row >= 0) this.#remember(slot, row);
    return row;
  }

  /** A slot that the row may be, for the caller to check against the row's id; -1: none is known. */
  slotOf(row: number): number {
    return row < this.#slots.length ? this.#slots[row]! - 1 : -1;
  }

  #remember(slot: number, row: number): void {
    this.#rows = grown(this.#rows, slot + 1);
    this.#slots = grown(this.#slots, row + 1);
    this.#rows[slot] = row + 1;
    this.#slots[row] = slot + 1;
  }
}
