import { grown } from '../std/growing-array.ts';

/** Rows of which the coldest is at hand: a binary heap that knows where each row stands, so that any can leave. */
export class ColdestRows {
  readonly #heatOf: (row: number) => number;
  #rows: Uint32Array = new Uint32Array(0);
  /** Place + 1 by row; 0: not here. */
  #places: Uint32Array = new Uint32Array(0);
  #size = 0;

  /** @param heatOf no NaN; the same for a row as long as it is here. Equal heat: the greater row number is colder. */
  constructor(heatOf: (row: number) => number) {
    this.#heatOf = heatOf;
  }

  get size(): number {
    return this.#size;
  }

  /** -1: there is none. */
  get coldest(): number {
    return this.#size === 0 ? -1 : this.#rows[0]!;
  }

  /** @param row that is not here */
  add(row: number): void {
    this.#rows = grown(this.#rows, this.#size + 1);
    this.#places = grown(this.#places, row + 1);
    this.#rise(this.#size++, row);
  }

  /** Nothing where the row is not here. */
  delete(row: number): void {
    const place = row >= 0 && row < this.#places.length ? this.#places[row]! - 1 : -1;
    if (place < 0) return;
    this.#places[row] = 0;
    const last = this.#rows[--this.#size]!;
    if (place === this.#size) return;
    this.#rise(this.#sink(place, last), last);
  }

  #isColder(row: number, other: number): boolean {
    const [heat, otherHeat] = [this.#heatOf(row), this.#heatOf(other)];
    return heat < otherHeat || (heat === otherHeat && row > other);
  }

  #rise(from: number, row: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isColder(row, this.#rows[parent]!)) break;
      this.#put(place, this.#rows[parent]!);
      place = parent;
    }
    this.#put(place, row);
  }

  /** @returns where the row came to stand */
  #sink(from: number, row: number): number {
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isColder(this.#rows[child + 1]!, this.#rows[child]!)) child++;
      if (!this.#isColder(this.#rows[child]!, row)) break;
      this.#put(place, this.#rows[child]!);
      place = child;
    }
    this.#put(place, row);
    return place;
  }

  #put(place: number, row: number): void {
    this.#rows[place] = row;
    this.#places[row] = place + 1;
  }
}
