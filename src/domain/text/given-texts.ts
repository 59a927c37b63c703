import type { CatalogueSchema } from '../catalogue-schema.ts';
import { addOccurrence, fieldCount, fieldNorm, idf, k1, textField, weightedFrequency } from './bm25f.ts';
import { queryWords } from './query-terms.ts';
import { stem, tokenise } from './tokenise.ts';

/** What words are worth where documents are kept: counts over all live ones. */
export interface WordCounts {
  readonly documents: number;
  /** Words of a document's text, on average. */
  readonly textWords: number;
  /** Documents that have each of the terms that were asked for, in their order. */
  readonly termDocuments: readonly number[];
}

/** How often each term of a query occurs in a text, as frequencies are packed (bm25f.ts), and how many words that has. */
export interface CountedText {
  readonly frequencies: Uint32Array;
  readonly words: number;
}

/** Counts the words of one query in texts that no index has. A query's words are told apart by their stems. */
export class TextCounter {
  /** Distinct terms of the query, at most limits.textQueryTermsMax. */
  readonly terms: readonly string[];
  /** Words of the query itself. */
  readonly words: number;
  readonly #language: CatalogueSchema['language'];
  readonly #places: ReadonlyMap<string, number>;
  /** Place of the term of each word met so far, -1: it is none of the query's. */
  readonly #known = new Map<string, number>();

  constructor(query: string, language: CatalogueSchema['language']) {
    this.#language = language;
    this.words = tokenise(query).length;
    this.terms = queryWords(query, language).map((word) => word.stem);
    this.#places = new Map(this.terms.map((term, place) => [term, place]));
  }

  count(text: string): CountedText {
    const frequencies = new Uint32Array(this.terms.length);
    const words = tokenise(text);
    for (const word of words) {
      const place = this.#placeOf(word);
      if (place >= 0) frequencies[place] = addOccurrence(frequencies[place]!, textField);
    }
    return { frequencies, words: words.length };
  }

  #placeOf(word: string): number {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const place = this.#places.get(stem(word, this.#language)) ?? -1;
    this.#known.set(word, place);
    return place;
  }
}

/** The counts of the texts themselves: what their words are worth among each other. */
export function countsOf(texts: readonly CountedText[], terms: number): WordCounts {
  const all = texts.reduce((sum, { words }) => sum + words, 0);
  return {
    documents: texts.length,
    textWords: all / Math.max(1, texts.length),
    termDocuments: Array.from(
      { length: terms },
      (_, term) => texts.filter(({ frequencies }) => frequencies[term]! > 0).length,
    ),
  };
}

/**
 * BM25 of texts (bm25f.ts), each as a document that has a text and nothing else. A word that a text does not have is not
 * looked for under others: there is no vocabulary to find them in. With counts of documents that are kept, what a text
 * scores depends on no other text.
 */
export function scoreTexts(texts: readonly CountedText[], counts: WordCounts): Float64Array {
  const norm = fieldNorm(textField, counts.textWords);
  const worths = counts.termDocuments.map((documents) => idf(counts.documents, documents) * (k1 + 1));
  const norms = new Float64Array(fieldCount);
  return Float64Array.from(texts, ({ frequencies, words }) => {
    norms[textField] = norm(words);
    let score = 0;
    for (let term = 0; term < worths.length; term++) {
      const x = weightedFrequency(frequencies[term]!, norms, 0);
      score += (worths[term]! * x) / (k1 + x);
    }
    return score;
  });
}
