import type { CatalogueSchema } from '../../domain/catalogue-schema.ts';
import { fieldCount, fieldNorm, idf, k1, textFields, weightedFrequency } from '../../domain/text/bm25f.ts';
import { editsWithin } from '../../domain/text/edit-distance.ts';
import type { WordCounts } from '../../domain/text/given-texts.ts';
import { editDiscount, editsAllowed, type QueryWord, queryWords } from '../../domain/text/query-terms.ts';
import { letterSet } from '../../domain/text/typo-dictionary.ts';
import { limits } from '../../limits.ts';
import type { CatalogueKey } from '../../ports/shared-index.ts';
import { compareUtf8 } from '../../std/utf8-order.ts';
import { type SqlRow, type SqlStatement, textCell } from './sql-client.ts';
import * as statements from './word-search-statements.ts';

/** Runs statements in one transaction for the tenant that asks, within what is left of its time. */
export type WordReader = (statements: readonly SqlStatement[]) => Promise<readonly (readonly SqlRow[])[]>;

/** A term that documents have, and what of its score a match is worth. */
interface Match {
  readonly term: string;
  readonly discount: number;
  readonly documents: number;
}

/** A query on one state of the index: what its words are worth, and exact scores of documents. */
export class WordQuery {
  readonly #documents: number;
  readonly #norms: readonly ((length: number) => number)[];
  readonly #averages: readonly number[];
  /** One per word that matches anything, in the order of the query. */
  readonly #words: readonly (readonly Match[])[];
  /** Places of the words' terms among all. */
  readonly #places: readonly (readonly number[])[];
  readonly terms: readonly string[];

  private constructor(documents: number, words: readonly number[], matches: readonly (readonly Match[])[]) {
    this.#documents = documents;
    this.#averages = words.map((total) => total / Math.max(1, documents));
    this.#norms = this.#averages.map((average, field) => fieldNorm(field, average));
    this.#words = matches.filter((of) => of.length > 0);
    let place = 0;
    this.#places = this.#words.map((of) => of.map(() => place++));
    this.terms = this.#words.flatMap((of) => of.map(({ term }) => term));
  }

  /** Looks the words of a text up, in one round trip, and a second one where a word is unknown; null: no generation. */
  static async read(
    read: WordReader,
    key: CatalogueKey,
    language: CatalogueSchema['language'],
    text: string,
  ): Promise<WordQuery | null> {
    const words = queryWords(text, language);
    const stems = words.map(({ stem }) => stem);
    const [totals, terms] = await read([statements.readTotals(key), statements.readTerms(key, stems)]);
    const row = totals![0];
    if (row === undefined) return null;
    const known = new Map(terms!.map((term) => [textCell(term, 0), numberCell(term, 1)]));
    const unknown = words.filter(({ stem }) => !known.has(stem)).slice(0, limits.textExpandedWordsMax);
    const expansions = await expand(read, key, unknown);
    const matches = words.map(({ stem }): readonly Match[] => {
      const documents = known.get(stem);
      return documents === undefined
        ? (expansions.get(stem) ?? [])
        : [{ term: stem, discount: 1, documents }];
    });
    return new WordQuery(
      numberCell(row, 0),
      [1, 2, 3].map((column) => numberCell(row, column)),
      matches,
    );
  }

  /** No more documents than this have any of the words. */
  get documentsMax(): number {
    return this.#words.flat().reduce((sum, { documents }) => sum + documents, 0);
  }

  /** What `bestDocuments` is asked: by the rarest words, as many as their postings allow, and at least by one. */
  best(): Omit<statements.BestDocuments, 'limit' | 'condition'> {
    const postings = (of: readonly Match[]) => of.reduce((sum, { documents }) => sum + documents, 0);
    const rarest = this.#words.toSorted((a, b) => postings(a) - postings(b));
    let left = limits.textPostingsMax;
    const chosen = rarest.filter((of, i) => {
      left -= postings(of);
      return i === 0 || left >= 0;
    });
    return {
      norms: textFields.flatMap(({ weight, b }, field) => {
        const average = this.#averages[field]!;
        return [(1 - b) / weight, (average > 0 ? b / average : 0) / weight];
      }),
      terms: this.terms,
      words: chosen.map((of) => ({
        terms: of.map(({ term }) => term),
        worths: of.map(({ discount }) => this.#worth(of) * discount),
      })),
      postingsMax: limits.textPostingsMax,
    };
  }

  #worth(of: readonly Match[]): number {
    return idf(this.#documents, Math.max(...of.map(({ documents }) => documents))) * (k1 + 1);
  }

  /** The exact score of a row of `bestDocuments` or `someDocuments`: bit for bit that of domain/text/lexical-index.ts. */
  score(row: SqlRow): number {
    const cell = row[statements.foundColumns.frequencies];
    if (typeof cell !== 'string') return 0;
    const frequencies = new Float64Array(this.terms.length);
    for (const [place, packed] of JSON.parse(cell) as [number, number][])
      frequencies[place - 1] = packed >>> 0;
    const norms = new Float64Array(fieldCount);
    for (const [field, column] of statements.foundColumns.lengths.entries())
      norms[field] = this.#norms[field]!(numberCell(row, column));
    let score = 0;
    for (const [i, of] of this.#words.entries()) {
      const worth = this.#worth(of);
      let best = 0;
      for (const [j, { discount }] of of.entries()) {
        const x = weightedFrequency(frequencies[this.#places[i]![j]!]!, norms, 0);
        const value = of.length === 1 ? (worth * discount * x) / (k1 + x) : (discount * worth * x) / (k1 + x);
        best = Math.max(best, value);
      }
      score += best;
    }
    return score;
  }
}

/** What terms are worth, in one round trip; a generation that is not there has no documents. */
export async function readWordCounts(
  read: WordReader,
  key: CatalogueKey,
  terms: readonly string[],
): Promise<WordCounts> {
  const [totals, found] = await read([statements.readTotals(key), statements.readTerms(key, terms)]);
  const row = totals![0];
  const known = new Map(found!.map((term) => [textCell(term, 0), numberCell(term, 1)]));
  const documents = row === undefined ? 0 : numberCell(row, 0);
  return {
    documents,
    textWords: row === undefined ? 0 : numberCell(row, 2) / Math.max(1, documents),
    termDocuments: terms.map((term) => known.get(term) ?? 0),
  };
}

/** What stands in for unknown words, by stem, best first: domain/text/query-terms.ts has the rules. */
async function expand(
  read: WordReader,
  key: CatalogueKey,
  words: readonly QueryWord[],
): Promise<Map<string, readonly Match[]>> {
  const asked = words.flatMap((word) => questions(key, word).map((question) => ({ word, ...question })));
  if (asked.length === 0) return new Map();
  const answers = await read(asked.map(({ statement }) => statement));
  const found = new Map<string, Match[]>();
  for (const [i, { word, matches }] of asked.entries())
    found.set(word.stem, [...(found.get(word.stem) ?? []), ...matches(answers[i]!)]);
  return new Map([...found].map(([stem, matches]) => [stem, bestOf(matches)]));
}

interface Question {
  readonly statement: SqlStatement;
  matches(rows: readonly SqlRow[]): Match[];
}

function questions(key: CatalogueKey, { word, unfinished }: QueryWord): Question[] {
  const asked: Question[] = [];
  const edits = editsAllowed(word);
  if (edits > 0) {
    const lengths = Array.from({ length: 2 * edits + 1 }, (_, i) => word.length - edits + i);
    asked.push({
      statement: statements.nearWords(key, lengths, letterSet(word), edits, limits.typoCandidatesMax),
      matches: (rows) => closest(word, edits, rows),
    });
  }
  if (unfinished)
    asked.push({
      statement: statements.begunWords(key, word, limits.typoExpansionsMax),
      matches: (rows) =>
        rows.map((row) => ({
          term: textCell(row, 0),
          discount: editDiscount,
          documents: numberCell(row, 1),
        })),
    });
  return asked;
}

/** Of rows (word, term, documents) those with the fewest edits. */
function closest(word: string, editsMax: number, rows: readonly SqlRow[]): Match[] {
  const distances = rows.map((row) => editsWithin(word, textCell(row, 0), editsMax));
  const least = Math.min(...distances);
  if (least > editsMax) return [];
  return rows.flatMap((row, i) =>
    distances[i] === least
      ? [{ term: textCell(row, 1), discount: editDiscount ** least, documents: numberCell(row, 2) }]
      : [],
  );
}

function bestOf(matches: readonly Match[]): Match[] {
  const byTerm = new Map<string, Match>();
  for (const match of matches) {
    const other = byTerm.get(match.term);
    if (other === undefined || other.discount < match.discount) byTerm.set(match.term, match);
  }
  return [...byTerm.values()]
    .sort((a, b) => b.discount - a.discount || b.documents - a.documents || compareUtf8(a.term, b.term))
    .slice(0, limits.typoExpansionsMax);
}

function numberCell(row: SqlRow, column: number): number {
  return Number(textCell(row, column));
}
