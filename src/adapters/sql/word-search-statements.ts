import { k1, textFields } from '../../domain/text/bm25f.ts';
import type { CatalogueKey } from '../../ports/shared-index.ts';
import type { SqlParameter, SqlStatement } from './sql-client.ts';

const ofKey = 'tenant = $1 AND generation = $2';

export function keyOf({ tenant, generation }: CatalogueKey): [string, number] {
  return [tenant, generation];
}

const totalsText = `SELECT documents, title_words, text_words, facet_words FROM word_catalogue WHERE ${ofKey}`;

/** Row (documents, words of titles, texts, facets), none where the generation is not there. */
export function readTotals(key: CatalogueKey): SqlStatement {
  return { text: totalsText, parameters: keyOf(key), prepared: true };
}

const termsText = `SELECT term, documents FROM word_term WHERE ${ofKey} AND term = ANY ($3::text[]) AND documents > 0`;

/** Rows (term, documents) of the terms that some document has. */
export function readTerms(key: CatalogueKey, terms: readonly string[]): SqlStatement {
  return { text: termsText, parameters: [...keyOf(key), terms], prepared: true };
}

const nearText = `SELECT w.word, w.term, t.documents FROM (
    SELECT word, term FROM word_word w
    WHERE ${ofKey} AND length = ANY ($3::smallint[]) AND bit_count((letters # $4::integer)::bit(32)) <= 2 * $5::integer
    LIMIT $6
  ) w JOIN word_term t ON t.tenant = $1 AND t.generation = $2 AND t.term = w.term AND t.documents > 0`;

/** Rows (word, term, documents) of words that may be within so many edits of one: its letters rule out the others. */
export function nearWords(
  key: CatalogueKey,
  lengths: readonly number[],
  letters: number,
  edits: number,
  limit: number,
): SqlStatement {
  return { text: nearText, parameters: [...keyOf(key), lengths, letters, edits, limit] };
}

const begunText = `SELECT t.term, t.documents FROM (
    SELECT DISTINCT term FROM word_word WHERE ${ofKey} AND word > $3 AND word < $4 AND documents > 0
  ) w JOIN word_term t ON t.tenant = $1 AND t.generation = $2 AND t.term = w.term AND t.documents > 0
  ORDER BY t.documents DESC, t.term LIMIT $5`;

/** Rows (term, documents) of the terms of words that begin so, the most frequent first. */
export function begunWords(key: CatalogueKey, start: string, limit: number): SqlStatement {
  return { text: begunText, parameters: [...keyOf(key), start, `${start}\u{10ffff}`, limit] };
}

/** domain/text/bm25f.ts weightedFrequency over a posting; $3..$8 are the two numbers of each field's normaliser. */
const frequencyBits = ['p.frequencies >> 24 & 255', 'p.frequencies & 65535', 'p.frequencies >> 16 & 255'];
const lengthBits = ['p.lengths >> 42', 'p.lengths >> 21 & 2097151', 'p.lengths & 2097151'];
const weighted = textFields
  .map(
    (_, i) =>
      `(${frequencyBits[i]}) / ($${3 + 2 * i}::double precision + $${4 + 2 * i}::double precision * (${lengthBits[i]}))`,
  )
  .join(' + ');

// LIMIT 1 holds the planner to look-ups by key.
const frequencies = `(SELECT json_agg(json_build_array(q.at, p.frequencies)) FROM unnest($9::text[]) WITH ORDINALITY AS q(term, at)
    CROSS JOIN LATERAL (
      SELECT p.frequencies FROM word_posting p
      WHERE p.tenant = $1 AND p.generation = $2 AND p.term = q.term AND p.slot = d.slot LIMIT 1
    ) p)`;
const found = `d.id, d.title_words, d.text_words, d.facet_words, ${frequencies}`;

/** What one word of a query is worth where a document has it. */
export interface WordWorth {
  /** Its terms' places among all terms of the query. */
  readonly terms: readonly string[];
  readonly worths: readonly number[];
}

export interface BestDocuments {
  /** The two numbers of each field's normaliser. */
  readonly norms: readonly number[];
  /** All terms of the query. */
  readonly terms: readonly string[];
  /** The words that documents are found by. */
  readonly words: readonly WordWorth[];
  /** Postings of each term that are read. */
  readonly postingsMax: number;
  readonly limit: number;
  /** SQL over `d`, and the parameters that it adds to the given ones. */
  condition(parameters: SqlParameter[]): string;
}

/**
 * Rows (id, lengths of title, text and facets, [[place of a term from 1, frequencies], ...]) of the documents with the
 * highest sums, those that share the last place in the order of their ids.
 */
export function bestDocuments(key: CatalogueKey, best: BestDocuments): SqlStatement {
  const expanded = best.words.some(({ terms }) => terms.length > 1);
  const parameters: SqlParameter[] = [
    ...keyOf(key),
    ...best.norms,
    best.terms,
    best.words.flatMap(({ terms }) => terms),
    best.words.flatMap(({ terms }, word) => terms.map(() => word)),
    best.words.flatMap(({ worths }) => worths),
    best.postingsMax,
    best.limit,
  ];
  const condition = best.condition(parameters);
  return { text: expanded ? bestText(bestOfWords, condition) : bestText(sumOfTerms, condition), parameters };
}

const matched = `FROM unnest($10::text[], $11::integer[], $12::double precision[]) AS q(term, word, worth)
    CROSS JOIN LATERAL (
      SELECT p.slot, ${weighted} AS x FROM word_posting p
      WHERE p.tenant = $1 AND p.generation = $2 AND p.term = q.term ORDER BY p.slot LIMIT $13
    ) m`;
const sumOfTerms = `SELECT m.slot, sum(q.worth * m.x / (${k1} + m.x)) AS score ${matched} GROUP BY m.slot`;
/** Of the terms that stand in for one word the best counts. */
const bestOfWords = `SELECT slot, sum(score) AS score FROM (
    SELECT m.slot, q.word, max(q.worth * m.x / (${k1} + m.x)) AS score ${matched} GROUP BY m.slot, q.word
  ) w GROUP BY slot`;

// Rounded to f32, so that what is equal is equal in whatever order it was added up; the caller computes exact scores.
const bestText = (scores: string, condition: string): string => `
SELECT ${found} FROM (
  SELECT s.score, d.* FROM (
    SELECT slot, score::real AS score FROM (${scores}) sums ORDER BY 2 DESC
  ) s CROSS JOIN LATERAL (
    SELECT * FROM word_document d
    WHERE d.slot = s.slot AND d.tenant = $1 AND d.generation = $2 AND ${condition} LIMIT 1
  ) d
  ORDER BY s.score DESC FETCH FIRST $14 ROWS WITH TIES
) d ORDER BY d.score DESC, d.id LIMIT $14`;

const allText = `SELECT d.id, d.title_words, d.text_words, d.facet_words, s.found FROM (
  SELECT p.slot, json_agg(json_build_array(q.at, p.frequencies)) AS found
  FROM unnest($3::text[]) WITH ORDINALITY AS q(term, at) CROSS JOIN LATERAL (
    SELECT p.slot, p.frequencies FROM word_posting p
    WHERE p.tenant = $1 AND p.generation = $2 AND p.term = q.term ORDER BY p.slot LIMIT $4
  ) p GROUP BY p.slot
) s CROSS JOIN LATERAL (
  SELECT * FROM word_document d WHERE d.tenant = $1 AND d.generation = $2 AND d.slot = s.slot LIMIT 1
) d`;

/** The same rows for every document that has one of the terms, in no order; each term's postings up to `postingsMax`. */
export function allDocuments(key: CatalogueKey, terms: readonly string[], postingsMax: number): SqlStatement {
  return { text: allText, parameters: [...keyOf(key), terms, postingsMax], prepared: true };
}

const someText = `SELECT ${found.replaceAll('$9', '$3')} FROM unnest($4::text[]) AS i(id) CROSS JOIN LATERAL (
  SELECT * FROM word_document d WHERE d.tenant = $1 AND d.generation = $2 AND d.id = i.id LIMIT 1
) d`;

/** The same rows for given documents, those that are there. */
export function someDocuments(
  key: CatalogueKey,
  terms: readonly string[],
  ids: readonly string[],
): SqlStatement {
  return { text: someText, parameters: [...keyOf(key), terms, ids], prepared: true };
}

export const foundColumns = { id: 0, lengths: [1, 2, 3], frequencies: 4 } as const;
