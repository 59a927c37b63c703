import { describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { evaluate, judgedQueries, measuresAt } from '../../src/eval/evaluation.ts';
import { parseQueries } from '../../src/eval/query-file.ts';
import { parseQrels, parseRun, runLines } from '../../src/eval/trec-files.ts';

/** The path and message of the problem that `work` ends with. */
function problemOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof TriptychError)
      return `${error.code} ${error.fields[0]!.path}: ${error.fields[0]!.message}`;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('judgements in TREC form', () => {
  it('are read with any white space, blank lines and grades below 0', () => {
    const qrels = parseQrels('q1 0 a 1\n\nq1\t0\tb  0\r\nq2 x c -1\n', 'j.trec');
    expect([...qrels].map(([query, judged]) => [query, [...judged]])).toEqual([
      [
        'q1',
        [
          ['a', 1],
          ['b', 0],
        ],
      ],
      ['q2', [['c', -1]]],
    ]);
  });

  it('that are not say where', () => {
    expect(problemOf(() => parseQrels('q1 0 a 1\nq1 0 b\n', 'j.trec'))).toContain(
      'invalid_settings j.trec:2',
    );
    expect(problemOf(() => parseQrels('q1 0 a high', 'j.trec'))).toContain('a whole number');
    expect(problemOf(() => parseQrels('q1 0 a 1\nq1 0 a 0', 'j.trec'))).toContain(
      'j.trec:2: q1 a is judged twice',
    );
    expect(problemOf(() => parseQrels('\n', 'j.trec'))).toContain('no judgements');
  });
});

describe('a run in TREC form', () => {
  it('is in the order of its scores, equal ones by document, descending', () => {
    const run = parseRun('q 0 a 1 0.5 x\nq 0 c 2 0.5 x\nq 0 b 3 0.7 x more words\n', 'r.trec');
    expect(run.get('q')).toEqual(['b', 'c', 'a']);
  });

  it('says where it is wrong', () => {
    expect(problemOf(() => parseRun('q 0 a 1 high x', 'r.trec'))).toContain('r.trec:1');
    expect(problemOf(() => parseRun('q 0 a 1 2 x\nq 0 a 2 1 x', 'r.trec'))).toContain(
      'r.trec:2: q has a twice',
    );
    expect(problemOf(() => parseRun('', 'r.trec'))).toContain('no results');
  });

  it('comes back as it was written, white space in names apart', () => {
    const rankings = new Map([
      ['q1', ['b', 'a', 'c c']],
      ['q2', ['z']],
    ]);
    const text = [...runLines(rankings, 'my system')].join('');
    expect(text.split('\n')[0]).toBe('q1 Q0 b 1 3 my%20system');
    expect([...parseRun(text, 'r.trec')]).toEqual([
      ['q1', ['b', 'a', 'c%20c']],
      ['q2', ['z']],
    ]);
  });
});

describe('queries as NDJSON', () => {
  it('have an id and the members of a search', () => {
    const queries = parseQueries(
      '{"id": 7, "query": "robots", "user": "ann"}\n\n{"id": "b", "like": ["x"]}',
      'q',
    );
    expect(queries).toEqual([
      { id: '7', body: { query: 'robots', user: 'ann' }, place: 'q:1' },
      { id: 'b', body: { like: ['x'] }, place: 'q:3' },
    ]);
  });

  it('that cannot be used say where', () => {
    const bad = (text: string) => problemOf(() => parseQueries(text, 'q.ndjson'));
    expect(bad('{"query": "a"}')).toContain('invalid_settings q.ndjson:1.id');
    expect(bad('{"id": "a b", "query": "a"}')).toContain('white space');
    expect(bad('{"id": 1}\n{"id": "1"}')).toContain('q.ndjson:2.id: "1" stands there twice');
    expect(bad('{"id": 1, "k": 5}')).toContain('q.ndjson:1.k: is set by the evaluation');
    expect(bad('nonsense')).toContain('q.ndjson:1: the line is not JSON');
    expect(bad('')).toContain('no queries');
  });
});

describe('an evaluation', () => {
  const qrels = parseQrels('q1 0 a 1\nq1 0 b 1\nq2 0 c 1\nq3 0 d 0\n', 'j');
  const systems = new Map([
    [
      'first',
      new Map([
        ['q1', ['a', 'b']],
        ['q2', ['x', 'c']],
      ]),
    ],
    ['second', new Map([['q1', ['x', 'a']]])],
  ]);
  const queries = judgedQueries(['q1', 'q2', 'q3', 'q4'], qrels);

  it('leaves out queries for which nothing is relevant', () => {
    expect(queries).toEqual(['q1', 'q2']);
  });

  it('means over the queries, an unanswered one counting 0', () => {
    const { systems: scores } = evaluate(systems, qrels, queries, measuresAt(2, 100), 1);
    expect(scores.map(({ system, means }) => [system, means['recall@2'], means.mrr])).toEqual([
      ['first', 1, 0.75],
      ['second', 0.25, 0.25],
    ]);
    expect(Object.keys(scores[0]!.means)).toEqual(['ndcg@2', 'recall@2', 'recall@100', 'p@2', 'map', 'mrr']);
  });

  it('compares each system with the first by the first measure', () => {
    const { comparisons } = evaluate(systems, qrels, queries, measuresAt(2, 100), 1);
    expect(comparisons).toHaveLength(1);
    expect(comparisons[0]).toMatchObject({
      ...{ system: 'second', baseline: 'first', measure: 'ndcg@2' },
      ...{ queries: 2, wins: 0, ties: 0, losses: 2, pValue: 0.5 },
    });
    expect(comparisons[0]!.difference).toBeLessThan(0);
  });
});
