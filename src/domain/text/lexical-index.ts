import { grown } from '../../std/growing-array.ts';
import type { CatalogueSchema } from '../catalogue-schema.ts';
import { changedId, type DocumentChange, type StoredDocument } from '../document.ts';
import { fieldCount, fieldNorm, idf, k1, textField, weightedFrequency } from './bm25f.ts';
import { type AnalysedDocument, DocumentAnalyser } from './document-analyser.ts';
import { DocumentSlots } from './document-slots.ts';
import type { WordCounts } from './given-texts.ts';
import { LexicalScores } from './lexical-scores.ts';
import { PostingLists } from './posting-lists.ts';
import { type QueryTerm, QueryTerms } from './query-terms.ts';
import { type Renumbering, Vocabulary } from './vocabulary.ts';

/** Dead slots that are always tolerated, so that a small index is not rebuilt over and over. */
const deadSlotsKept = 1024;

/**
 * An inverted index over title, text and facet values, scored by BM25F (bm25f.ts). A score is a function of the query,
 * the document and the set of live documents: order of insertion, replaced and deleted documents leave no trace in it.
 */
export class LexicalIndex {
  readonly #schema: CatalogueSchema;
  #vocabulary: Vocabulary;
  #queryTerms: QueryTerms;
  #analyser: DocumentAnalyser;
  #slots = new DocumentSlots();
  #postings = new PostingLists();
  /** Distinct words of each slot; empty for dead ones. */
  #words: Uint32Array[] = [];
  /** Words per field of each slot, fieldCount numbers each. */
  #lengths = new Uint32Array(0);
  /** The same, summed over the live documents: exact, they are integers. */
  readonly #totals = new Float64Array(fieldCount);
  /** Normalisers of each slot, 0 for dead ones; null: to be computed. */
  #norms: Float64Array | null = null;
  /** Documents analysed ahead of `apply`. */
  readonly #prepared = new WeakMap<StoredDocument, AnalysedDocument>();

  constructor(schema: CatalogueSchema) {
    this.#schema = schema;
    this.#vocabulary = new Vocabulary(schema.language);
    this.#queryTerms = new QueryTerms(this.#vocabulary);
    this.#analyser = new DocumentAnalyser(this.#vocabulary, schema.facets);
  }

  /** Live documents. */
  get documentCount(): number {
    return this.#slots.liveCount;
  }

  /** Slots that hold a replaced or deleted document until the index is next compacted. */
  get deadCount(): number {
    return this.#slots.count - this.#slots.liveCount;
  }

  /** Does the costly part of applying a change ahead; nothing of it can be searched before `apply`. */
  prepare(change: DocumentChange): void {
    if (change.kind === 'put') this.#prepared.set(change.document, this.#analyser.analyse(change.document));
  }

  apply(changes: readonly DocumentChange[]): void {
    if (changes.length === 0) return;
    this.#slots.state++;
    for (const change of changes) {
      const id = changedId(change);
      const slot = this.#slots.liveSlotOf(id);
      if (slot >= 0) this.#remove(slot);
      if (change.kind === 'put') this.#add(change.document);
    }
    if (this.deadCount > this.documentCount && this.deadCount > deadSlotsKept) this.#compact();
    this.#norms = null;
    this.#queryTerms.forget();
  }

  /** Scores every document now; the answer does not change with later changes. */
  search(text: string): LexicalScores {
    const scores = new Float64Array(this.#slots.count);
    const norms = this.#currentNorms();
    for (const term of this.#queryTerms.of(text)) {
      if (term.length === 1) this.#addTerm(scores, norms, term);
      else this.#addExpanded(scores, norms, term);
    }
    return new LexicalScores(scores, this.#slots);
  }

  /** What terms are worth now. */
  counts(terms: readonly string[]): WordCounts {
    const vocabulary = this.#vocabulary;
    return {
      documents: this.documentCount,
      textWords: this.#totals[textField]! / Math.max(1, this.documentCount),
      termDocuments: terms.map((term) => vocabulary.termDocuments(vocabulary.termOf(term))),
    };
  }

  #addTerm(scores: Float64Array, norms: Float64Array, [match]: QueryTerm): void {
    const { term, discount } = match!;
    const worth = idf(this.documentCount, this.#vocabulary.termDocuments(term)) * (k1 + 1) * discount;
    const { cells } = this.#postings;
    const start = this.#postings.start(term);
    const end = start + 2 * this.#postings.length(term);
    for (let cell = start; cell < end; cell += 2) {
      const slot = cells[cell]!;
      // 0 for a dead slot, whose normalisers are 0.
      const x = weightedFrequency(cells[cell + 1]!, norms, slot * fieldCount);
      scores[slot]! += (worth * x) / (k1 + x);
    }
  }

  /** One word with several expansions: its best one counts, whatever their order. */
  #addExpanded(scores: Float64Array, norms: Float64Array, matches: QueryTerm): void {
    let documents = 0;
    for (const { term } of matches) documents = Math.max(documents, this.#vocabulary.termDocuments(term));
    const worth = idf(this.documentCount, documents) * (k1 + 1);
    const best = new Float64Array(scores.length);
    const { cells } = this.#postings;
    for (const { term, discount } of matches) {
      const start = this.#postings.start(term);
      const end = start + 2 * this.#postings.length(term);
      for (let cell = start; cell < end; cell += 2) {
        const slot = cells[cell]!;
        const x = weightedFrequency(cells[cell + 1]!, norms, slot * fieldCount);
        best[slot] = Math.max(best[slot]!, (discount * worth * x) / (k1 + x));
      }
    }
    for (let slot = 0; slot < best.length; slot++) scores[slot]! += best[slot]!;
  }

  #currentNorms(): Float64Array {
    if (this.#norms !== null) return this.#norms;
    const norms = new Float64Array(this.#slots.count * fieldCount);
    const averages = Array.from(this.#totals, (total) => total / Math.max(1, this.documentCount));
    for (let field = 0; field < fieldCount; field++) {
      const norm = fieldNorm(field, averages[field]!);
      for (let slot = 0; slot < this.#slots.count; slot++) {
        const at = slot * fieldCount + field;
        if (this.#slots.isLive(slot)) norms[at] = norm(this.#lengths[at]!);
      }
    }
    this.#norms = norms;
    return norms;
  }

  #add(document: StoredDocument): void {
    const slot = this.#slots.add(document.id);
    const at = slot * fieldCount;
    const { words, terms, frequencies, lengths } = this.#analysed(document);
    this.#lengths = grown(this.#lengths, at + fieldCount);
    this.#lengths.set(lengths, at);
    for (let field = 0; field < fieldCount; field++) this.#totals[field]! += lengths[field]!;
    for (const word of words) this.#vocabulary.countWord(word, 1);
    for (let i = 0; i < terms.length; i++) {
      this.#vocabulary.countTerm(terms[i]!, 1);
      this.#postings.add(terms[i]!, slot, frequencies[i]!);
    }
    this.#words[slot] = words;
  }

  #analysed(document: StoredDocument): AnalysedDocument {
    const prepared = this.#prepared.get(document);
    // Numbers of an earlier vocabulary mean other words.
    if (prepared?.vocabulary === this.#vocabulary) return prepared;
    return this.#analyser.analyse(document);
  }

  #remove(slot: number): void {
    this.#slots.end(slot);
    const words = this.#words[slot]!;
    const terms = new Set<number>();
    for (const word of words) {
      this.#vocabulary.countWord(word, -1);
      terms.add(this.#vocabulary.termOfWord(word));
    }
    for (const term of terms) this.#vocabulary.countTerm(term, -1);
    for (let field = 0; field < fieldCount; field++)
      this.#totals[field]! -= this.#lengths[slot * fieldCount + field]!;
    this.#words[slot] = new Uint32Array(0);
  }

  /** Renumbers the live slots; answers given out keep the old ones. */
  #compact(): void {
    const [oldSlots, oldWords, oldLengths] = [this.#slots, this.#words, this.#lengths];
    const oldVocabulary = this.#vocabulary;
    const wordNumbers = this.#renewVocabulary();
    this.#slots = new DocumentSlots();
    this.#words = [];
    this.#lengths = new Uint32Array(oldSlots.liveCount * fieldCount);
    const slotNumbers = new Int32Array(oldSlots.count).fill(-1);
    for (let slot = 0; slot < oldSlots.count; slot++) {
      if (!oldSlots.isLive(slot)) continue;
      const kept = this.#slots.add(oldSlots.idOf(slot));
      slotNumbers[slot] = kept;
      const words = oldWords[slot]!;
      this.#words[kept] = wordNumbers === null ? words : words.map((word) => wordNumbers.words[word]!);
      const from = slot * fieldCount;
      this.#lengths.set(oldLengths.subarray(from, from + fieldCount), kept * fieldCount);
    }
    const termNumbers = wordNumbers?.terms ?? new Int32Array(oldVocabulary.termCount).map((_, term) => term);
    this.#postings = this.#postings.renumbered(termNumbers, slotNumbers, (term) =>
      oldVocabulary.termDocuments(term),
    );
  }

  /** Drops the words that no document has when they are more than half; returns the numbers of the others. */
  #renewVocabulary(): Renumbering | null {
    if (this.#vocabulary.deadWordCount * 2 <= this.#vocabulary.wordCount) return null;
    const renewed = this.#vocabulary.renewed();
    this.#vocabulary = renewed.vocabulary;
    this.#queryTerms = new QueryTerms(renewed.vocabulary);
    this.#analyser = new DocumentAnalyser(renewed.vocabulary, this.#schema.facets);
    return renewed;
  }
}
