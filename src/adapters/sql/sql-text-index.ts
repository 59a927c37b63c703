import type { Catalogue, CatalogueSchema } from '../../domain/catalogue-schema.ts';
import type { DocumentChange } from '../../domain/document.ts';
import { generationKey } from '../../domain/generation-key.ts';
import type { WordCounts } from '../../domain/text/given-texts.ts';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Hit } from '../../ports/recall.ts';
import type { CatalogueKey, IndexedVersion, SharedIndex } from '../../ports/shared-index.ts';
import type { TermsRequest, TextAnswer, TextIndex, TextQuery } from '../../ports/text-index.ts';
import { textProblem } from '../../std/clean-text.ts';
import { LruMap } from '../../std/lru-map.ts';
import { compareUtf8 } from '../../std/utf8-order.ts';
import { schemaOfCell } from './document-rows.ts';
import { type SqlClient, type SqlRow, type SqlStatement, textCell } from './sql-client.ts';
import { wordBatch } from './word-batch.ts';
import { predicateSql } from './word-conditions.ts';
import { readWordCounts, WordQuery, type WordReader } from './word-query.ts';
import { allDocuments, bestDocuments, foundColumns, someDocuments } from './word-search-statements.ts';
import * as writing from './word-write-statements.ts';

/**
 * The word index in Postgres tables (word-tables.ts), for processes that do not keep one each: the same words, terms and
 * scores as domain/text/lexical-index.ts. It follows the truth in the background like any index outside the process. The
 * client is the truth's, and ends with it; `migrate` comes first.
 */
export class SqlTextIndex implements TextIndex, SharedIndex {
  readonly name = 'words';
  readonly visibleAfterMs = 0;
  readonly #client: SqlClient;
  readonly #clock: Clock;
  readonly #wholePostingsMax: number;
  readonly #schemas = new LruMap<CatalogueSchema>(limits.catalogueFillEntries);
  #closed = false;

  /** @param wholePostingsMax postings up to which every document of a query is read at once, with its score */
  constructor(client: SqlClient, clock: Clock, wholePostingsMax: number = limits.textWholePostingsMax) {
    this.#client = client;
    this.#clock = clock;
    this.#wholePostingsMax = wholePostingsMax;
  }

  async search(query: TextQuery): Promise<TextAnswer> {
    query.signal.throwIfAborted();
    const { snapshot, predicate } = query;
    const key = { tenant: query.tenant, generation: snapshot.epoch.generation };
    const read = this.#reader(query.tenant, query.timeoutMs);
    const words = await WordQuery.read(read, key, snapshot.schema.language, query.text);
    if (words === null || words.terms.length === 0)
      return { hits: [], score: async (ids) => new Float64Array(ids.length) };
    const limit = Math.max(0, Math.min(query.limit, limits.legDepthMax));
    if (predicate === null && words.documentsMax <= this.#wholePostingsMax)
      return wholeAnswer(await read([allDocuments(key, words.terms, limits.textPostingsMax)]), words, limit);
    const question = bestDocuments(key, {
      ...words.best(),
      limit,
      condition: (parameters) =>
        predicate === null ? 'true' : predicateSql(snapshot.schema, predicate.predicate, parameters),
    });
    const hits = hitsOf(await read([question]), words);
    const known = new Map(hits.map(({ id, score }) => [id, score]));
    return {
      hits,
      score: (ids, _rows, timeoutMs = query.timeoutMs) =>
        scoresOf(this.#reader(query.tenant, timeoutMs), key, words, known, ids),
    };
  }

  counts({ tenant, snapshot, terms, timeoutMs }: TermsRequest): Promise<WordCounts> {
    const key = { tenant, generation: snapshot.epoch.generation };
    return readWordCounts(this.#reader(tenant, timeoutMs), key, terms);
  }

  async prepare(tenant: string, { generation, schema }: Catalogue): Promise<boolean> {
    const key = { tenant, generation };
    const [known = []] = await this.#run([writing.readSchema(key)]);
    if (known.length > 0) return false;
    // What an interrupted `drop` has left counts nowhere.
    await this.#sweep(key);
    const statement = writing.prepareCatalogue(key, JSON.stringify(schema));
    const [made = []] = await this.#run([statement]);
    return made.length > 0;
  }

  async hasPlace(key: CatalogueKey): Promise<boolean> {
    const [rows = []] = await this.#run([writing.readSchema(key)]);
    return rows.length > 0;
  }

  async apply(key: CatalogueKey, changes: readonly DocumentChange[]): Promise<void> {
    const schema = await this.#schemaOf(key);
    if (changes.length === 0) return;
    const batch = wordBatch(schema, changes);
    const results = await this.#run([writing.lockWords(key), ...writing.applyBatch(key, batch)]);
    if (results.length === 1) throw notPrepared();
  }

  async activate(key: CatalogueKey): Promise<void> {
    await this.#run([writing.activateWords(key)]);
  }

  async drop(key: CatalogueKey): Promise<void> {
    this.#schemas.delete(generationKey(key));
    // First: whoever is interrupted after this leaves a generation that counts as lost, not one that is half there.
    await this.#run([writing.forgetWords(key)]);
    await this.#sweep(key);
  }

  async versions(key: CatalogueKey, afterId: string | null, limit: number): Promise<IndexedVersion[]> {
    const [rows = []] = await this.#run([writing.wordVersions(key, afterId, limit)]);
    return rows.map((row) => ({ id: textCell(row, 0), version: Number(textCell(row, 1)) }));
  }

  async ping(): Promise<void> {
    await this.#run([{ text: 'SELECT 1 FROM word_catalogue LIMIT 1', parameters: [] }]);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #sweep(key: CatalogueKey): Promise<void> {
    let left = true;
    while (left) {
      const counts = await this.#run(writing.dropWords(key, limits.wordSweepRows));
      left = counts.some((rows) => Number(textCell(rows[0]!, 0)) > 0);
    }
  }

  async #schemaOf(key: CatalogueKey): Promise<CatalogueSchema> {
    const known = this.#schemas.get(generationKey(key));
    if (known !== undefined && !this.#closed) return known;
    const [rows] = await this.#run([writing.readSchema(key)]);
    if (rows![0] === undefined) throw notPrepared();
    const schema = schemaOfCell(textCell(rows![0], 0));
    this.#schemas.set(generationKey(key), schema);
    return schema;
  }

  /** Every transaction of an answer gets what is left of its time. */
  #reader(tenant: string, timeoutMs: number): WordReader {
    const endMs = this.#clock.nowMs() + timeoutMs;
    return (statements) =>
      this.#client.run(statements, { tenant, timeoutMs: Math.max(1, endMs - this.#clock.nowMs()) });
  }

  #run(statements: readonly SqlStatement[]): ReturnType<SqlClient['run']> {
    if (this.#closed) return Promise.reject(new TriptychError('unavailable', 'the word index is closed'));
    return this.#client.run(statements, 'all');
  }
}

/** Rows of one statement with their exact scores, in the order of the port. */
function hitsOf([rows = []]: readonly (readonly SqlRow[])[], words: WordQuery): Hit[] {
  return rows
    .map((row) => ({ id: textCell(row, foundColumns.id), score: words.score(row) }))
    .sort((a, b) => b.score - a.score || compareUtf8(a.id, b.id));
}

/** Of every document that has one of the words: nothing has to be asked for any other, which scores 0. */
function wholeAnswer(rows: readonly (readonly SqlRow[])[], words: WordQuery, limit: number): TextAnswer {
  const found = hitsOf(rows, words);
  const scores = new Map(found.map(({ id, score }) => [id, score]));
  return {
    hits: found.slice(0, limit),
    all: found,
    score: async (ids) => Float64Array.from(ids, (id) => scores.get(id) ?? 0),
  };
}

/** Hits have the score that they were given; the others are read now. */
async function scoresOf(
  read: WordReader,
  key: CatalogueKey,
  words: WordQuery,
  known: ReadonlyMap<string, number>,
  ids: readonly string[],
): Promise<Float64Array> {
  const scores = new Map(known);
  const others = ids.filter((id) => !known.has(id) && textProblem(id) === null);
  if (others.length > 0) {
    const [rows = []] = await read([someDocuments(key, words.terms, others)]);
    for (const row of rows) scores.set(textCell(row, foundColumns.id), words.score(row));
  }
  return Float64Array.from(ids, (id) => scores.get(id) ?? 0);
}

function notPrepared(): TriptychError {
  return new TriptychError('unavailable', 'the word index does not know the generation');
}
