/**
 * Keeps the best `limit` of a stream of rows: score descending, then tie rank ascending. A binary heap in typed
 * arrays with the worst kept row on top; nothing is allocated per row.
 */
export class BestRows {
  readonly #limit: number;
  readonly #scores: Float64Array;
  readonly #ties: Uint32Array;
  readonly #rows: Uint32Array;
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.#scores = new Float64Array(limit);
    this.#ties = new Uint32Array(limit);
    this.#rows = new Uint32Array(limit);
  }

  /** A row must score at least this to be worth offering: -Infinity until `limit` rows are kept. */
  get floor(): number {
    if (this.#limit === 0) return Number.POSITIVE_INFINITY;
    return this.#count < this.#limit ? Number.NEGATIVE_INFINITY : this.#scores[0]!;
  }

  offer(score: number, tie: number, row: number): void {
    if (this.#count < this.#limit) {
      this.#rise(this.#count++, score, tie, row);
      return;
    }
    if (this.#limit === 0) return;
    const worst = this.#scores[0]!;
    if (score < worst || (score === worst && tie >= this.#ties[0]!)) return;
    this.#sink(score, tie, row);
  }

  /** The kept rows in no particular order. */
  rows(): Uint32Array {
    return this.#rows.slice(0, this.#count);
  }

  /** Takes the kept rows out, best first: the heap gives up its worst one after the other, without a comparison function. */
  ranked(): { readonly row: number; readonly score: number }[] {
    const ranked: { readonly row: number; readonly score: number }[] = new Array(this.#count);
    while (this.#count > 0) {
      const last = --this.#count;
      ranked[last] = { row: this.#rows[0]!, score: this.#scores[0]! };
      if (last > 0) this.#sink(this.#scores[last]!, this.#ties[last]!, this.#rows[last]!);
    }
    return ranked;
  }

  /** Whether (score, tie) ranks after the row at `place`. */
  #worseThan(place: number, score: number, tie: number): boolean {
    const other = this.#scores[place]!;
    return score < other || (score === other && tie > this.#ties[place]!);
  }

  #rise(from: number, score: number, tie: number, row: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#worseThan(parent, score, tie)) break;
      this.#move(parent, place);
      place = parent;
    }
    this.#set(place, score, tie, row);
  }

  #sink(score: number, tie: number, row: number): void {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#count) break;
      const right = child + 1;
      if (right < this.#count && this.#worseThan(child, this.#scores[right]!, this.#ties[right]!))
        child = right;
      if (this.#worseThan(child, score, tie)) break;
      this.#move(child, place);
      place = child;
    }
    this.#set(place, score, tie, row);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#scores[from]!, this.#ties[from]!, this.#rows[from]!);
  }

  #set(place: number, score: number, tie: number, row: number): void {
    this.#scores[place] = score;
    this.#ties[place] = tie;
    this.#rows[place] = row;
  }
}
