import { rowsByTenant } from './row-security.ts';

/**
 * The word index. Postings carry all that a score needs beside the term's own numbers (how often, and how long the
 * document's fields are), so that a query reads ranges of one index and no documents. Counts are exact: a batch changes
 * them in its own transaction.
 */
export const wordTables: readonly string[] = [
  // Its row is the lock of the generation's batches. Words are summed over the live documents, by field.
  `CREATE TABLE word_catalogue (
    tenant      text COLLATE "C" NOT NULL,
    generation  bigint NOT NULL,
    schema      json NOT NULL,
    live        boolean NOT NULL DEFAULT false,
    documents   bigint NOT NULL DEFAULT 0,
    title_words bigint NOT NULL DEFAULT 0,
    text_words  bigint NOT NULL DEFAULT 0,
    facet_words bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, generation)
  )`,
  // A document takes a new slot with each version. conditions is what filters ask: facets and fields, dates as numbers.
  `CREATE TABLE word_document (
    tenant      text COLLATE "C" NOT NULL,
    generation  bigint NOT NULL,
    id          text COLLATE "C" NOT NULL,
    version     bigint NOT NULL,
    slot        bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    title_words integer NOT NULL,
    text_words  integer NOT NULL,
    facet_words integer NOT NULL,
    words       text[] NOT NULL,
    terms       text[] NOT NULL,
    conditions  jsonb NOT NULL,
    PRIMARY KEY (tenant, generation, id)
  )`,
  ...['words', 'terms', 'conditions'].map(
    (column) => `ALTER TABLE word_document ALTER COLUMN ${column} SET STATISTICS 0`,
  ),
  // frequencies as in domain/text/bm25f.ts; lengths: words of title, text and facets, 21 bits each.
  `CREATE TABLE word_posting (
    tenant      text COLLATE "C" NOT NULL,
    generation  bigint NOT NULL,
    term        text COLLATE "C" NOT NULL,
    slot        bigint NOT NULL,
    frequencies integer NOT NULL,
    lengths     bigint NOT NULL,
    PRIMARY KEY (tenant, generation, term, slot) INCLUDE (frequencies, lengths)
  )`,
  `CREATE TABLE word_term (
    tenant     text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    term       text COLLATE "C" NOT NULL,
    documents  bigint NOT NULL,
    PRIMARY KEY (tenant, generation, term)
  ) WITH (fillfactor = 70)`,
  `CREATE INDEX word_term_unused ON word_term (tenant, generation) WHERE documents = 0`,
  // The words as they are written, for typos: letters is letterSet of domain/text/typo-dictionary.ts.
  `CREATE TABLE word_word (
    tenant     text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    word       text COLLATE "C" NOT NULL,
    term       text COLLATE "C" NOT NULL,
    documents  bigint NOT NULL,
    length     smallint NOT NULL,
    letters    integer NOT NULL,
    PRIMARY KEY (tenant, generation, word)
  ) WITH (fillfactor = 70)`,
  `CREATE INDEX word_word_unused ON word_word (tenant, generation) WHERE documents = 0`,
  `CREATE INDEX word_word_letters ON word_word (tenant, generation, length, letters) INCLUDE (word, term)`,
  ...['word_catalogue', 'word_document', 'word_posting', 'word_term', 'word_word'].flatMap(rowsByTenant),
];
