import { grown } from '../../std/growing-array.ts';
import type { CatalogueSchema } from '../catalogue-schema.ts';
import { stem } from './tokenise.ts';
import { TypoDictionary } from './typo-dictionary.ts';

/** New numbers by old number; -1: the term is gone. */
export interface Renumbering {
  readonly words: Uint32Array;
  readonly terms: Int32Array;
}

/**
 * The words of the catalogue as they are written, the terms (stems) they are indexed under, and in how many live
 * documents each occurs.
 */
export class Vocabulary {
  readonly language: CatalogueSchema['language'];
  readonly typos = new TypoDictionary();
  readonly #words = new Map<string, number>();
  readonly #wordTexts: string[] = [];
  readonly #terms = new Map<string, number>();
  readonly #termTexts: string[] = [];
  #termOfWord = new Uint32Array(0);
  #wordDocuments = new Uint32Array(0);
  #termDocuments = new Uint32Array(0);
  #liveWordCount = 0;

  constructor(language: CatalogueSchema['language']) {
    this.language = language;
  }

  get wordCount(): number {
    return this.#wordTexts.length;
  }

  get termCount(): number {
    return this.#termTexts.length;
  }

  /** The number of a word, given now if it is new. `term`: its term's text where that is already known. */
  intern(text: string, term?: string): number {
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    const word = this.#wordTexts.length;
    this.#words.set(text, word);
    this.#wordTexts.push(text);
    this.typos.add(text);
    this.#termOfWord = grown(this.#termOfWord, word + 1);
    this.#wordDocuments = grown(this.#wordDocuments, word + 1);
    this.#termOfWord[word] = this.#internTerm(term ?? stem(text, this.language));
    return word;
  }

  #internTerm(text: string): number {
    const known = this.#terms.get(text);
    if (known !== undefined) return known;
    const term = this.#termTexts.length;
    this.#terms.set(text, term);
    this.#termTexts.push(text);
    this.#termDocuments = grown(this.#termDocuments, term + 1);
    return term;
  }

  /** The number of a term's text, or -1. */
  termOf(text: string): number {
    return this.#terms.get(text) ?? -1;
  }

  wordText(word: number): string {
    return this.#wordTexts[word]!;
  }

  termOfWord(word: number): number {
    return this.#termOfWord[word]!;
  }

  termText(term: number): string {
    return this.#termTexts[term]!;
  }

  /** Live documents with the word, and with the term. */
  wordDocuments(word: number): number {
    return this.#wordDocuments[word]!;
  }

  termDocuments(term: number): number {
    return term < 0 ? 0 : this.#termDocuments[term]!;
  }

  /** Words that no live document has. */
  get deadWordCount(): number {
    return this.#wordTexts.length - this.#liveWordCount;
  }

  countWord(word: number, by: 1 | -1): void {
    const before = this.#wordDocuments[word]!;
    this.#wordDocuments[word] = before + by;
    if (before === 0) this.#liveWordCount++;
    else if (before + by === 0) this.#liveWordCount--;
  }

  countTerm(term: number, by: 1 | -1): void {
    this.#termDocuments[term]! += by;
  }

  /** A vocabulary of the live words alone, with their counts. */
  renewed(): Renumbering & { readonly vocabulary: Vocabulary } {
    const vocabulary = new Vocabulary(this.language);
    const words = new Uint32Array(this.wordCount);
    const terms = new Int32Array(this.termCount).fill(-1);
    for (let word = 0; word < this.wordCount; word++) {
      const documents = this.#wordDocuments[word]!;
      if (documents === 0) continue;
      const term = this.#termOfWord[word]!;
      const kept = vocabulary.intern(this.#wordTexts[word]!, this.#termTexts[term]!);
      words[word] = kept;
      terms[term] = vocabulary.#termOfWord[kept]!;
      vocabulary.#wordDocuments[kept] = documents;
      vocabulary.#termDocuments[terms[term]!] = this.#termDocuments[term]!;
      vocabulary.#liveWordCount++;
    }
    return { vocabulary, words, terms };
  }
}
