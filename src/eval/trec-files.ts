import type { Judgements } from '../domain/ranking-metrics.ts';
import { TriptychError } from '../errors.ts';

/** Judgements by query. */
export type Qrels = ReadonlyMap<string, Judgements>;
/** Ids by query, best first. */
export type Rankings = ReadonlyMap<string, readonly string[]>;

/**
 * Judgements in TREC form, `QUERY ITERATION DOCUMENT GRADE` a line; the iteration is not used. A pair judged twice is an
 * error, because nobody can say which of the two holds.
 * @param name what the text is called in errors
 * @throws TriptychError invalid_settings with the line
 */
export function parseQrels(text: string, name: string): Qrels {
  const qrels = new Map<string, Map<string, number>>();
  for (const { columns, number } of rowsOf(text)) {
    const [query, , document, grade] = columns;
    if (grade === undefined || columns.length !== 4 || !/^[+-]?\d+$/.test(grade))
      throw lineProblem(name, number, 'must be QUERY ITERATION DOCUMENT GRADE, the grade a whole number');
    const judged = entryOf(qrels, query!, () => new Map<string, number>());
    if (judged.has(document!)) throw lineProblem(name, number, `${query} ${document} is judged twice`);
    judged.set(document!, Number(grade));
  }
  if (qrels.size === 0) throw lineProblem(name, 1, 'the file has no judgements');
  return qrels;
}

/**
 * A run in TREC form, `QUERY Q0 DOCUMENT RANK SCORE TAG` a line, what follows being ignored. As in trec_eval the order is
 * that of the scores, not of the ranks; equal ones go by document, descending by UTF-8 bytes.
 * @throws TriptychError invalid_settings with the line
 */
export function parseRun(text: string, name: string): Rankings {
  const byQuery = new Map<string, Map<string, number>>();
  for (const { columns, number } of rowsOf(text)) {
    const [query, , document, , score] = columns;
    const value = Number(score);
    if (score === undefined || !Number.isFinite(value))
      throw lineProblem(name, number, 'must be QUERY Q0 DOCUMENT RANK SCORE TAG, the score a number');
    const scores = entryOf(byQuery, query!, () => new Map<string, number>());
    if (scores.has(document!)) throw lineProblem(name, number, `${query} has ${document} twice`);
    scores.set(document!, value);
  }
  if (byQuery.size === 0) throw lineProblem(name, 1, 'the file has no results');
  return new Map([...byQuery].map(([query, scores]) => [query, trecOrder(scores)]));
}

/** Ids by score, then by id, both descending: the order that trec_eval judges. */
export function trecOrder(scores: ReadonlyMap<string, number>): string[] {
  // trec_eval holds scores as f32, so what differs beyond that is equal.
  const rows = [...scores].map(([id, score]) => ({ id, bytes: Buffer.from(id), score: Math.fround(score) }));
  return rows.sort((a, b) => b.score - a.score || Buffer.compare(b.bytes, a.bytes)).map(({ id }) => id);
}

/**
 * Rankings as a run in TREC form. Scores are counted down from the length of the list: list-wise rules order results
 * otherwise than by score, and trec_eval would put them back.
 * @param tag name of the system, written without white space
 */
export function* runLines(rankings: Rankings, tag: string): Generator<string> {
  for (const [query, ids] of rankings)
    for (const [i, id] of ids.entries())
      yield `${query} Q0 ${inOneWord(id)} ${i + 1} ${ids.length - i} ${inOneWord(tag)}\n`;
}

/** Columns are divided by white space, so a column cannot have any. */
function inOneWord(text: string): string {
  return text.replace(/\s/gu, encodeURIComponent);
}

function* rowsOf(text: string): Generator<{ readonly columns: string[]; readonly number: number }> {
  let number = 0;
  for (const line of text.split('\n')) {
    number += 1;
    const trimmed = line.trim();
    if (trimmed !== '') yield { columns: trimmed.split(/\s+/u), number };
  }
}

function entryOf<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function lineProblem(name: string, line: number, message: string): TriptychError {
  return new TriptychError('invalid_settings', `${name} cannot be used`, {
    fields: [{ path: `${name}:${line}`, message }],
  });
}
