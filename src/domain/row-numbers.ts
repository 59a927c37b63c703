/**
 * Which numbers the rows of a table have: those that hold a document's vector from 0 on, those that do not ("bare") from
 * `vectorEnd` on. Numbers are given out again once they are given back.
 */
export class RowNumbers {
  /** Vectors have room below this number; infinite where every row holds one. */
  readonly vectorEnd: number;
  readonly #rowsMax: number;
  readonly #free: number[] = [];
  readonly #freeBare: number[] = [];
  #vectorRows = 0;
  #bareRows = 0;

  /** @param rowsMax rows of either kind */
  constructor(vectorEnd: number, rowsMax: number) {
    this.vectorEnd = vectorEnd;
    this.#rowsMax = rowsMax;
  }

  /** Rows with a vector that are or were in use: 0 .. vectorRows - 1. */
  get vectorRows(): number {
    return this.#vectorRows;
  }

  /** One more than the greatest number that is or was in use. */
  get end(): number {
    return this.#bareRows === 0 ? this.#vectorRows : this.vectorEnd + this.#bareRows;
  }

  holdsVector(row: number): boolean {
    return row >= 0 && row < this.vectorEnd;
  }

  /** @returns -1 where vectors have no more room; @throws RangeError above rowsMax */
  takeWithVector(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#vectorRows >= this.vectorEnd) return -1;
    return this.#checked(this.#vectorRows++);
  }

  /** @throws RangeError above rowsMax */
  takeBare(): number {
    return this.#freeBare.pop() ?? this.vectorEnd + this.#checked(this.#bareRows++);
  }

  give(row: number): void {
    (this.holdsVector(row) ? this.#free : this.#freeBare).push(row);
  }

  #checked(count: number): number {
    if (count >= this.#rowsMax) throw new RangeError(`the resident table is full (${this.#rowsMax} rows)`);
    return count;
  }
}
