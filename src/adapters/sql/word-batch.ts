import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import { changedId, type DocumentChange } from '../../domain/document.ts';
import { facetsField, textField, titleField } from '../../domain/text/bm25f.ts';
import { DocumentAnalyser } from '../../domain/text/document-analyser.ts';
import { letterSet } from '../../domain/text/typo-dictionary.ts';
import { Vocabulary } from '../../domain/text/vocabulary.ts';
import { conditionsOf } from './word-conditions.ts';

/** Changes as the columns that the statements of a batch take; `at` numbers the documents. */
export interface WordBatch {
  /** Every change. */
  readonly ids: readonly string[];
  readonly versions: readonly number[];
  /** Of those that put a document: the rest of its row. */
  readonly documents: {
    readonly ids: readonly string[];
    readonly versions: readonly number[];
    readonly titleWords: readonly number[];
    readonly textWords: readonly number[];
    readonly facetWords: readonly number[];
    /** JSON arrays of its distinct words and terms, and what filters ask. */
    readonly words: readonly string[];
    readonly terms: readonly string[];
    readonly conditions: readonly string[];
  };
  /** Terms of the documents, `frequencies` as signed 32 bits. */
  readonly postings: {
    readonly at: readonly number[];
    readonly terms: readonly string[];
    readonly frequencies: readonly number[];
  };
  /** Distinct words of the batch. */
  readonly words: {
    readonly words: readonly string[];
    readonly terms: readonly string[];
    readonly lengths: readonly number[];
    readonly letters: readonly number[];
  };
}

export function wordBatch(schema: CatalogueSchema, changes: readonly DocumentChange[]): WordBatch {
  const vocabulary = new Vocabulary(schema.language);
  const analyser = new DocumentAnalyser(vocabulary, schema.facets);
  const wordTexts: string[] = [];
  const known = new Set<number>();
  const postings = { at: [] as number[], terms: [] as string[], frequencies: [] as number[] };
  const documents = changes.flatMap((change) => (change.kind === 'put' ? [change.document] : []));
  const rows = documents.map((document, at) => {
    const { words, terms, frequencies, lengths } = analyser.analyse(document);
    const texts = [...words].map((word) => vocabulary.wordText(word));
    for (const [i, word] of words.entries()) {
      if (!known.has(word)) wordTexts.push(texts[i]!);
      known.add(word);
    }
    const termTexts = [...terms].map((term) => vocabulary.termText(term));
    for (const [i, term] of termTexts.entries()) {
      postings.at.push(at);
      postings.terms.push(term);
      postings.frequencies.push(frequencies[i]! | 0);
    }
    return { document, lengths, words: JSON.stringify(texts), terms: JSON.stringify(termTexts) };
  });
  return {
    ids: changes.map(changedId),
    versions: changes.map((change) => (change.kind === 'put' ? change.document.version : change.version)),
    documents: {
      ids: documents.map(({ id }) => id),
      versions: documents.map(({ version }) => version),
      titleWords: rows.map(({ lengths }) => lengths[titleField]!),
      textWords: rows.map(({ lengths }) => lengths[textField]!),
      facetWords: rows.map(({ lengths }) => lengths[facetsField]!),
      words: rows.map(({ words }) => words),
      terms: rows.map(({ terms }) => terms),
      conditions: documents.map((document) => JSON.stringify(conditionsOf(schema, document))),
    },
    postings,
    words: {
      words: wordTexts,
      terms: wordTexts.map((word) => vocabulary.termText(vocabulary.termOfWord(vocabulary.intern(word)))),
      lengths: wordTexts.map((word) => word.length),
      letters: wordTexts.map(letterSet),
    },
  };
}
