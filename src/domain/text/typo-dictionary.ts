import { limits } from '../../limits.ts';
import { grown } from '../../std/growing-array.ts';
import { editsWithin } from './edit-distance.ts';

export interface CloseWord {
  readonly word: number;
  readonly edits: number;
}

/**
 * Finds the words near a misspelt one. Words lie in buckets by length; beside each is the set of its letters as 32
 * bits. One edit changes at most two of those bits, so most words of a bucket are ruled out by one XOR, and the edit
 * distance is computed for the rest.
 */
export class TypoDictionary {
  readonly #words: string[] = [];
  #letters = new Uint32Array(0);
  readonly #byLength: number[][] = Array.from({ length: limits.textWordCharsMax + 1 }, () => []);
  /** By the first two UTF-16 units, or the only one. */
  readonly #byStart = new Map<string, number[]>();

  /** Words are numbered in the order in which they are added. */
  add(word: string): void {
    const number = this.#words.length;
    this.#letters = grown(this.#letters, number + 1);
    this.#letters[number] = letterSet(word);
    this.#words.push(word);
    this.#byLength[word.length]!.push(number);
    const start = word.slice(0, 2);
    const bucket = this.#byStart.get(start);
    if (bucket === undefined) this.#byStart.set(start, [number]);
    else bucket.push(number);
  }

  /** Words that `accept` lets pass and that are 1..maxEdits edits away, only those with the fewest edits. */
  closest(text: string, maxEdits: number, accept: (word: number) => boolean): CloseWord[] {
    // One edit first: the letter sets rule out far more words than for two.
    for (let edits = 1; edits <= maxEdits; edits++) {
      const found = this.#within(text, edits, accept);
      if (found.length > 0) return found.map((word) => ({ word, edits }));
    }
    return [];
  }

  #within(text: string, edits: number, accept: (word: number) => boolean): number[] {
    const found: number[] = [];
    const letters = letterSet(text);
    const longest = Math.min(text.length + edits, limits.textWordCharsMax);
    for (let length = Math.max(1, text.length - edits); length <= longest; length++) {
      for (const word of this.#byLength[length]!) {
        if (bitCount(letters ^ this.#letters[word]!) > 2 * edits) continue;
        if (editsWithin(text, this.#words[word]!, edits) <= edits && accept(word)) found.push(word);
      }
    }
    return found;
  }

  /** Longer words that begin with `start`, of those that `accept` lets pass. */
  completions(start: string, accept: (word: number) => boolean): number[] {
    const found: number[] = [];
    const take = (bucket: readonly number[]) => {
      for (const word of bucket) {
        const text = this.#words[word]!;
        if (text.length > start.length && text.startsWith(start) && accept(word)) found.push(word);
      }
    };
    if (start.length >= 2) take(this.#byStart.get(start.slice(0, 2)) ?? []);
    else for (const [key, bucket] of this.#byStart) if (key.startsWith(start)) take(bucket);
    return found;
  }
}

/**
 * One bit per letter (as a signed number); units outside a-z share the 32 bits. Equal sets for words with the same
 * letters; each edit between two words changes at most two of the bits.
 */
export function letterSet(word: string): number {
  let set = 0;
  for (let i = 0; i < word.length; i++) set |= 1 << (word.charCodeAt(i) & 31);
  return set;
}

function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x5555_5555);
  count = (count & 0x3333_3333) + ((count >>> 2) & 0x3333_3333);
  return Math.imul((count + (count >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
