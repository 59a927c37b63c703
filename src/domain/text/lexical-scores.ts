import { BestRows } from '../../std/best-rows.ts';
import { float64sOf } from '../../std/mapped.ts';
import type { TableSnapshot } from '../table-snapshot.ts';
import type { DocumentSlots } from './document-slots.ts';

/** The scores of one query over all documents, as the index stood when it was asked. */
export class LexicalScores {
  readonly #scores: Float64Array;
  readonly #slots: DocumentSlots;
  readonly #state: number;

  constructor(scores: Float64Array, slots: DocumentSlots) {
    this.#scores = scores;
    this.#slots = slots;
    this.#state = slots.state;
  }

  /** 0 where no word matches or the document was not there. */
  scoreOf(id: string): number {
    return this.#scoreAt(this.#slots.slotAt(id, this.#state));
  }

  /**
   * `scoreOf` of many documents.
   * @param rows the documents' rows in the resident table, where they are known
   */
  scoresOf(ids: readonly string[], rows?: Uint32Array): Float64Array {
    const slots = this.#slots;
    const state = this.#state;
    if (rows === undefined) return float64sOf(ids, (id) => this.scoreOf(id));
    return float64sOf(rows, (row, i) => this.#scoreAt(slots.slotOfRow(row, ids[i]!, state)));
  }

  #scoreAt(slot: number): number {
    return slot < 0 ? 0 : this.#scores[slot]!;
  }

  /**
   * The best documents that are in `table` (and, with a mask over its rows, pass it): score > 0, descending, then tie
   * rank. Rows are looked up only for documents that could enter the list.
   */
  best(
    table: TableSnapshot,
    mask: Uint8Array | null,
    limit: number,
  ): { readonly id: string; readonly score: number; readonly row: number }[] {
    const best = new BestRows(limit);
    const scores = this.#scores;
    const { rows } = this.#slots;
    let floor = best.floor;
    for (let slot = 0; slot < scores.length; slot++) {
      const score = scores[slot]!;
      if (score <= 0 || score < floor) continue;
      const row = rows.rowOf(table, slot, this.#slots.idOf(slot));
      if (row < 0 || (mask !== null && mask[row] === 0)) continue;
      best.offer(score, table.tieRanks[row]!, row);
      floor = best.floor;
    }
    return best.ranked().map(({ row, score }) => ({ id: table.idOf(row), score, row }));
  }
}
