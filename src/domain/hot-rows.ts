import { limits } from '../limits.ts';
import { ColdestRows } from './coldest-rows.ts';

/**
 * Which rows hold a vector where not all may: those of the hottest documents and, up to a share of all, those that were
 * promoted because they are asked for, however cold they are. Of these the one goes first that was wanted longest ago.
 */
export class HotRows {
  readonly #rowsMax: number;
  readonly #promotedMax: number;
  readonly #hottest: ColdestRows;
  /** Those first that were promoted, or still wanted, longest ago. */
  readonly #promoted = new Set<number>();

  /** @param heatOf as ColdestRows has it */
  constructor(rowsMax: number, heatOf: (row: number) => number) {
    this.#rowsMax = rowsMax;
    this.#promotedMax = Math.floor(rowsMax * limits.promotedShareMax);
    this.#hottest = new ColdestRows(heatOf);
  }

  /** Whether another row would be one too many. */
  get isFull(): boolean {
    return this.#hottest.size + this.#promoted.size >= this.#rowsMax;
  }

  /** The coldest of those that are here for their heat; -1: there is none. */
  get coldest(): number {
    return this.#hottest.coldest;
  }

  /** The row that is one too many; -1: none is. */
  get surplus(): number {
    if (this.#promoted.size > this.#promotedMax) return this.#promoted.values().next().value!;
    return this.#hottest.size + this.#promoted.size > this.#rowsMax ? this.#hottest.coldest : -1;
  }

  /**
   * Which of the documents are to be promoted. Those that are promoted already and still wanted stay longer than others.
   * @param ids most wanted first
   * @param rowOf -1: there is no such document
   * @param isBare whether the row holds no vector
   */
  toPromote(
    ids: readonly string[],
    rowOf: (id: string) => number,
    isBare: (row: number) => boolean,
  ): string[] {
    const chosen: string[] = [];
    let left = this.#promotedMax;
    for (const id of ids) {
      if (left === 0) break;
      const row = rowOf(id);
      if (row < 0) continue;
      if (isBare(row)) chosen.push(id);
      else if (this.#promoted.delete(row)) this.#promoted.add(row);
      else continue;
      left--;
    }
    return chosen;
  }

  /** @param row that is not here */
  add(row: number): void {
    this.#hottest.add(row);
  }

  /** @param row that is not here */
  promote(row: number): void {
    this.#promoted.add(row);
  }

  /** Whether the row is here because it was promoted. */
  isPromoted(row: number): boolean {
    return this.#promoted.has(row);
  }

  /** Nothing where the row is not here. */
  delete(row: number): void {
    if (!this.#promoted.delete(row)) this.#hottest.delete(row);
  }
}
