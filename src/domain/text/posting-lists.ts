import { grown } from '../../std/growing-array.ts';

/**
 * Growing lists of (slot, frequencies) pairs, one per term, in one array: a list that is full moves to a block of
 * twice the size, and its old block is given to the next list that needs one of that size.
 */
export class PostingLists {
  /** Pairs, interleaved: entry i of a list is at cells[start + 2 i] and the cell after it. */
  cells = new Uint32Array(1024);
  #starts = new Uint32Array(0);
  #lengths = new Uint32Array(0);
  /** Size class of each list's block: it holds 2^(class - 1) pairs; 0 = no block. */
  #classes = new Uint32Array(0);
  readonly #free: number[][] = [];
  #end = 0;

  /** First cell of the term's list. */
  start(term: number): number {
    return this.#starts[term] ?? 0;
  }

  /** Pairs in the term's list. */
  length(term: number): number {
    return this.#lengths[term] ?? 0;
  }

  add(term: number, slot: number, frequencies: number): void {
    this.#grow(term);
    const length = this.#lengths[term]!;
    const sizeClass = this.#classes[term]!;
    if (sizeClass === 0 || length === 2 ** (sizeClass - 1)) this.#enlarge(term, sizeClass, length);
    const cell = this.#starts[term]! + 2 * length;
    this.cells[cell] = slot;
    this.cells[cell + 1] = frequencies;
    this.#lengths[term] = length + 1;
  }

  /**
   * New lists in blocks of just the size they need: term t's pairs, with the slots that `slotNumbers` gives them (-1 =
   * left out), become the list of termNumbers[t]. `kept(t)` says how many there will be.
   */
  renumbered(termNumbers: Int32Array, slotNumbers: Int32Array, kept: (term: number) => number): PostingLists {
    const lists = new PostingLists();
    let cellCount = 0;
    for (let old = 0; old < termNumbers.length; old++) cellCount += 2 ** classFor(kept(old));
    lists.cells = new Uint32Array(Math.ceil(cellCount * 1.25));
    for (let old = 0; old < termNumbers.length; old++) {
      const count = kept(old);
      if (count === 0) continue;
      lists.#open(termNumbers[old]!, count);
      const end = this.start(old) + 2 * this.length(old);
      copyPairs(this.cells, this.start(old), end, lists.cells, lists.start(termNumbers[old]!), slotNumbers);
    }
    return lists;
  }

  /** Gives a new term a block for `count` pairs that the caller fills. */
  #open(term: number, count: number): void {
    this.#grow(term);
    this.#classes[term] = classFor(count);
    this.#starts[term] = this.#block(classFor(count));
    this.#lengths[term] = count;
  }

  #grow(term: number): void {
    if (term < this.#lengths.length) return;
    this.#starts = grown(this.#starts, term + 1);
    this.#lengths = grown(this.#lengths, term + 1);
    this.#classes = grown(this.#classes, term + 1);
  }

  #enlarge(term: number, sizeClass: number, length: number): void {
    const from = this.#starts[term]!;
    const to = this.#block(sizeClass + 1);
    this.cells.copyWithin(to, from, from + 2 * length);
    if (sizeClass > 0) {
      this.#free[sizeClass] ??= [];
      this.#free[sizeClass].push(from);
    }
    this.#starts[term] = to;
    this.#classes[term] = sizeClass + 1;
  }

  #block(sizeClass: number): number {
    const reused = this.#free[sizeClass]?.pop();
    if (reused !== undefined) return reused;
    const start = this.#end;
    this.#end += 2 ** sizeClass;
    this.cells = grown(this.cells, this.#end);
    return start;
  }
}

/** The smallest size class for `count` pairs; 0 for none. */
function classFor(count: number): number {
  return count === 0 ? 0 : 33 - Math.clz32(count - 1);
}

function copyPairs(
  from: Uint32Array,
  start: number,
  end: number,
  to: Uint32Array,
  at: number,
  slotNumbers: Int32Array,
): void {
  let next = at;
  for (let cell = start; cell < end; cell += 2) {
    const slot = slotNumbers[from[cell]!]!;
    if (slot < 0) continue;
    to[next] = slot;
    to[next + 1] = from[cell + 1]!;
    next += 2;
  }
}
