import { limits } from '../../limits.ts';
import { compareUtf8 } from '../../std/utf8-order.ts';
import type { CatalogueSchema } from '../catalogue-schema.ts';
import { stem, tokenise } from './tokenise.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What one edit costs a term that stands in for a misspelt word; an unfinished word costs as much as one edit. */
export const editDiscount = 0.6;

/** A term of the index and how much of its score a match is worth: 1 for the word itself. */
export interface TermMatch {
  readonly term: number;
  readonly discount: number;
}

/** The terms that one query word matches: one when the catalogue knows the word, else its expansions, best first. */
export type QueryTerm = readonly TermMatch[];

/** A word of a query as it is looked up. */
export interface QueryWord {
  readonly word: string;
  readonly stem: string;
  /** It is the last one, and long enough that what it begins can be meant. */
  readonly unfinished: boolean;
}

/** The words of a query in order, each stem once, at most limits.textQueryTermsMax of them. */
export function queryWords(text: string, language: CatalogueSchema['language']): QueryWord[] {
  const words = tokenise(text);
  const last = words.at(-1);
  const stems = new Map<string, QueryWord>();
  for (const word of words) {
    const stemmed = stem(word, language);
    if (stems.has(stemmed) || stems.size >= limits.textQueryTermsMax) continue;
    // One Latin letter begins too many words to mean any of them; one Chinese character is a word.
    const unfinished = word === last && (word.length >= 2 || word > '\u2e80');
    stems.set(stemmed, { word, stem: stemmed, unfinished });
  }
  return [...stems.values()];
}

/**
 * Looks the words of a query up, in order, each stem once, at most limits.textQueryTermsMax of them. A word whose stem
 * no live document has is expanded: to the words with the fewest edits (at most 1 from 4 letters on, 2 from 8 on, none
 * for words with digits) and, for the last word, to the words it begins. An expansion counts 0.6 per edit, 0.6 as a
 * completion. At most limits.typoExpansionsMax terms are kept: discount, then number of documents, then term.
 */
export class QueryTerms {
  readonly #vocabulary: Vocabulary;
  /** Expansions of unknown words in the present state of the vocabulary. */
  readonly #expansions = new Map<string, QueryTerm>();

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** Must be called when the vocabulary's counts have changed. */
  forget(): void {
    this.#expansions.clear();
  }

  of(text: string): QueryTerm[] {
    const vocabulary = this.#vocabulary;
    const terms: QueryTerm[] = [];
    for (const { word, stem: stemmed, unfinished } of queryWords(text, vocabulary.language)) {
      const term = vocabulary.termOf(stemmed);
      if (vocabulary.termDocuments(term) > 0) terms.push([{ term, discount: 1 }]);
      else terms.push(this.#expand(word, unfinished));
    }
    return terms.filter((matches) => matches.length > 0);
  }

  #expand(word: string, unfinished: boolean): QueryTerm {
    const key = unfinished ? `${word}*` : word;
    const known = this.#expansions.get(key);
    if (known !== undefined) return known;
    const discounts = this.#discounts(word, unfinished);
    const vocabulary = this.#vocabulary;
    const matches = [...discounts].map(([term, discount]) => ({ term, discount }));
    matches.sort(
      (a, b) =>
        b.discount - a.discount ||
        vocabulary.termDocuments(b.term) - vocabulary.termDocuments(a.term) ||
        compareUtf8(vocabulary.termText(a.term), vocabulary.termText(b.term)),
    );
    const kept = matches.slice(0, limits.typoExpansionsMax);
    if (this.#expansions.size >= limits.typoCacheEntries) this.#expansions.clear();
    this.#expansions.set(key, kept);
    return kept;
  }

  #discounts(word: string, unfinished: boolean): Map<number, number> {
    const vocabulary = this.#vocabulary;
    const discounts = new Map<number, number>();
    const propose = (found: number, discount: number) => {
      const term = vocabulary.termOfWord(found);
      discounts.set(term, Math.max(discount, discounts.get(term) ?? 0));
    };
    const isLive = (found: number) => vocabulary.wordDocuments(found) > 0;
    const edits = editsAllowed(word);
    if (edits > 0) {
      for (const close of vocabulary.typos.closest(word, edits, isLive))
        propose(close.word, editDiscount ** close.edits);
    }
    if (unfinished) {
      for (const found of vocabulary.typos.completions(word, isLive)) propose(found, editDiscount);
    }
    return discounts;
  }
}

/** How many edits may lie between an unknown word and what it stands for. */
export function editsAllowed(word: string): number {
  if (word.length < 4 || /\p{N}/u.test(word)) return 0;
  return word.length < 8 ? 1 : 2;
}
