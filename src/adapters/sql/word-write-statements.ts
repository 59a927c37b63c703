import type { CatalogueKey } from '../../ports/shared-index.ts';
import type { SqlStatement } from './sql-client.ts';
import type { WordBatch } from './word-batch.ts';

const ofKey = 'tenant = $1 AND generation = $2';

function keyParameters({ tenant, generation }: CatalogueKey): [string, number] {
  return [tenant, generation];
}

const prepareText = `INSERT INTO word_catalogue (tenant, generation, schema) VALUES ($1, $2, $3::json)
  ON CONFLICT DO NOTHING RETURNING 1`;

/** A row where the generation was not there. */
export function prepareCatalogue(key: CatalogueKey, schema: string): SqlStatement {
  return { text: prepareText, parameters: [...keyParameters(key), schema] };
}

/** Row (schema). */
export function readSchema(key: CatalogueKey): SqlStatement {
  return { text: `SELECT schema FROM word_catalogue WHERE ${ofKey}`, parameters: keyParameters(key) };
}

/** Guard: the generation is there. Batches of one take turns, because they count together. */
export function lockWords(key: CatalogueKey): SqlStatement {
  const text = `SELECT 1 FROM word_catalogue WHERE ${ofKey} FOR UPDATE`;
  return { text, parameters: keyParameters(key), guard: true };
}

const removeText = `
WITH old AS (
  DELETE FROM word_document d USING unnest($3::text[], $4::bigint[]) AS i(id, version)
  WHERE d.tenant = $1 AND d.generation = $2 AND d.id = i.id AND d.version <= i.version
  RETURNING d.slot, d.words, d.terms, d.title_words, d.text_words, d.facet_words
), postings AS (
  DELETE FROM word_posting p USING (SELECT slot, unnest(terms) AS term FROM old) t
  WHERE p.tenant = $1 AND p.generation = $2 AND p.term = t.term AND p.slot = t.slot
), terms AS (
  UPDATE word_term w SET documents = w.documents - o.documents
  FROM (SELECT term, count(*) AS documents FROM old, unnest(old.terms) AS term GROUP BY term) o
  WHERE w.tenant = $1 AND w.generation = $2 AND w.term = o.term
), words AS (
  UPDATE word_word w SET documents = w.documents - o.documents
  FROM (SELECT word, count(*) AS documents FROM old, unnest(old.words) AS word GROUP BY word) o
  WHERE w.tenant = $1 AND w.generation = $2 AND w.word = o.word
)
UPDATE word_catalogue c SET documents = c.documents - o.documents, title_words = c.title_words - o.title_words,
  text_words = c.text_words - o.text_words, facet_words = c.facet_words - o.facet_words
FROM (SELECT count(*) AS documents, sum(title_words) AS title_words, sum(text_words) AS text_words,
  sum(facet_words) AS facet_words FROM old) o
WHERE c.tenant = $1 AND c.generation = $2 AND o.documents > 0`;

const insertText = `
INSERT INTO word_document (tenant, generation, id, version, title_words, text_words, facet_words, words, terms, conditions)
SELECT $1::text, $2::bigint, i.id, i.version, i.title_words, i.text_words, i.facet_words,
  ARRAY(SELECT json_array_elements_text(i.words::json)), ARRAY(SELECT json_array_elements_text(i.terms::json)),
  i.conditions::jsonb
FROM unnest($3::text[], $4::bigint[], $5::integer[], $6::integer[], $7::integer[], $8::text[], $9::text[],
  $10::text[]) AS i(id, version, title_words, text_words, facet_words, words, terms, conditions)
ON CONFLICT DO NOTHING`;

// A document that is there in a newer version was not inserted and gets nothing of an older one.
const fresh = `SELECT d.*, i.at FROM unnest($3::text[], $4::bigint[]) WITH ORDINALITY AS i(id, version, at)
  CROSS JOIN LATERAL (
    SELECT * FROM word_document d
    WHERE d.tenant = $1 AND d.generation = $2 AND d.id = i.id AND d.version = i.version LIMIT 1
  ) d`;

const postText = `
WITH fresh AS (${fresh})
INSERT INTO word_posting (tenant, generation, term, slot, frequencies, lengths)
SELECT $1::text, $2::bigint, t.term, f.slot, t.frequencies,
  (f.title_words::bigint << 42) | (f.text_words::bigint << 21) | f.facet_words
FROM unnest($5::integer[], $6::text[], $7::integer[]) AS t(at, term, frequencies)
JOIN fresh f ON f.at = t.at + 1
ORDER BY t.term, f.slot
ON CONFLICT DO NOTHING`;

const countTermsText = `
WITH fresh AS (${fresh})
INSERT INTO word_term AS w (tenant, generation, term, documents)
SELECT $1::text, $2::bigint, term, count(*) FROM fresh, unnest(fresh.terms) AS term GROUP BY term ORDER BY term
ON CONFLICT (tenant, generation, term) DO UPDATE SET documents = w.documents + excluded.documents`;

const countWordsText = `
WITH fresh AS (${fresh})
INSERT INTO word_word AS w (tenant, generation, word, term, documents, length, letters)
SELECT $1::text, $2::bigint, n.word, i.term, n.documents, i.length, i.letters
FROM (SELECT word, count(*) AS documents FROM fresh, unnest(fresh.words) AS word GROUP BY word) n
JOIN unnest($5::text[], $6::text[], $7::smallint[], $8::integer[]) AS i(word, term, length, letters) USING (word)
ORDER BY n.word
ON CONFLICT (tenant, generation, word) DO UPDATE SET documents = w.documents + excluded.documents`;

const countText = `
WITH fresh AS (${fresh})
UPDATE word_catalogue c SET documents = c.documents + n.documents, title_words = c.title_words + n.title_words,
  text_words = c.text_words + n.text_words, facet_words = c.facet_words + n.facet_words
FROM (SELECT count(*) AS documents, sum(title_words) AS title_words, sum(text_words) AS text_words,
  sum(facet_words) AS facet_words FROM fresh) n
WHERE c.tenant = $1 AND c.generation = $2 AND n.documents > 0`;

/** Brings documents to the given states, in one transaction behind `lockWords`. */
export function applyBatch(key: CatalogueKey, batch: WordBatch): SqlStatement[] {
  const { documents, postings, words } = batch;
  const of = keyParameters(key);
  const fresh = [...of, documents.ids, documents.versions];
  const unused = (table: string): SqlStatement => ({
    text: `DELETE FROM ${table} WHERE ${ofKey} AND documents = 0`,
    parameters: of,
  });
  const put: SqlStatement[] = [
    {
      text: insertText,
      parameters: [
        ...fresh,
        documents.titleWords,
        documents.textWords,
        documents.facetWords,
        documents.words,
        documents.terms,
        documents.conditions,
      ],
    },
    { text: postText, parameters: [...fresh, postings.at, postings.terms, postings.frequencies] },
    { text: countTermsText, parameters: fresh },
    {
      text: countWordsText,
      parameters: [...fresh, words.words, words.terms, words.lengths, words.letters],
    },
    { text: countText, parameters: fresh },
  ];
  return [
    { text: removeText, parameters: [...of, batch.ids, batch.versions] },
    ...(documents.ids.length > 0 ? put : []),
    unused('word_term'),
    unused('word_word'),
  ];
}

const activateText = `UPDATE word_catalogue SET live = generation = $2 WHERE tenant = $1 AND live <> (generation = $2)`;

export function activateWords(key: CatalogueKey): SqlStatement {
  return { text: activateText, parameters: keyParameters(key) };
}

const versionsText = `SELECT id, version FROM word_document WHERE ${ofKey} AND id > $3 ORDER BY id LIMIT $4`;

/** Rows (id, version). No id is empty, so "after the empty id" is from the beginning. */
export function wordVersions(key: CatalogueKey, afterId: string | null, limit: number): SqlStatement {
  return { text: versionsText, parameters: [...keyParameters(key), afterId ?? '', limit] };
}

const dropped = { word_document: 'id', word_posting: 'term, slot', word_term: 'term', word_word: 'word' };

/**
 * Deletes rows of a generation that is forgotten, at most `limit` of each table; one row with the number each. Where it was
 * prepared again, in the same moment too, it deletes nothing: each statement sees either the old rows or the new place.
 */
export function dropWords(key: CatalogueKey, limit: number): SqlStatement[] {
  return Object.entries(dropped).map(([table, order]) => ({
    text: `WITH found AS (
        SELECT ctid FROM ${table} WHERE ${ofKey} AND NOT EXISTS (SELECT FROM word_catalogue WHERE ${ofKey})
        ORDER BY ${order} LIMIT $3
      ), gone AS (
        DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM found))
      ) SELECT count(*) FROM found`,
    parameters: [...keyParameters(key), limit],
  }));
}

export function forgetWords(key: CatalogueKey): SqlStatement {
  return { text: `DELETE FROM word_catalogue WHERE ${ofKey}`, parameters: keyParameters(key) };
}
