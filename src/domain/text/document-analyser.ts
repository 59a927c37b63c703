import { grown } from '../../std/growing-array.ts';
import type { DocumentBody } from '../document.ts';
import { addOccurrence, facetsField, fieldCount, textField, titleField } from './bm25f.ts';
import { tokenise } from './tokenise.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A document as an index counts it. Numbers are those of `vocabulary`. */
export interface AnalysedDocument {
  readonly vocabulary: Vocabulary;
  /** Distinct words. */
  readonly words: Uint32Array;
  /** Distinct terms, and beside each its packed frequencies (bm25f.ts). */
  readonly terms: Uint32Array;
  readonly frequencies: Uint32Array;
  /** Words per field. */
  readonly lengths: Uint32Array;
}

/** Splits documents into words and counts them; new words get a number, but count in no document yet. */
export class DocumentAnalyser {
  readonly #vocabulary: Vocabulary;
  readonly #facets: readonly string[];
  /** By word, the last document that had it; by term, its frequencies in the document at hand. */
  #marks = new Uint32Array(0);
  #mark = 0;
  #frequencies = new Uint32Array(0);

  constructor(vocabulary: Vocabulary, facets: readonly string[]) {
    this.#vocabulary = vocabulary;
    this.#facets = facets;
  }

  analyse(document: DocumentBody): AnalysedDocument {
    this.#mark++;
    const words: number[] = [];
    const terms: number[] = [];
    const lengths = new Uint32Array(fieldCount);
    for (const [field, text] of this.#texts(document)) {
      const tokens = tokenise(text);
      lengths[field]! += tokens.length;
      for (const token of tokens) this.#count(token, field, words, terms);
    }
    const frequencies = Uint32Array.from(terms, (term) => this.#frequencies[term]!);
    for (const term of terms) this.#frequencies[term] = 0;
    return {
      vocabulary: this.#vocabulary,
      words: Uint32Array.from(words),
      terms: Uint32Array.from(terms),
      frequencies,
      lengths,
    };
  }

  #count(token: string, field: number, words: number[], terms: number[]): void {
    const word = this.#vocabulary.intern(token);
    this.#marks = grown(this.#marks, word + 1);
    if (this.#marks[word] !== this.#mark) {
      this.#marks[word] = this.#mark;
      words.push(word);
    }
    const term = this.#vocabulary.termOfWord(word);
    this.#frequencies = grown(this.#frequencies, term + 1);
    if (this.#frequencies[term] === 0) terms.push(term);
    this.#frequencies[term] = addOccurrence(this.#frequencies[term]!, field);
  }

  *#texts(document: DocumentBody): Generator<readonly [field: number, text: string]> {
    yield [titleField, document.title];
    yield [textField, document.text];
    for (const facet of this.#facets) {
      const values = Object.hasOwn(document.facets, facet) ? document.facets[facet]! : [];
      for (const value of new Set(values)) yield [facetsField, value];
    }
  }
}
