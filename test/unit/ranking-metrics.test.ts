import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  averagePrecision,
  type Judgements,
  ndcgAt,
  precisionAt,
  recallAt,
  reciprocalRank,
} from '../../src/domain/ranking-metrics.ts';
import { meanOf } from '../../src/eval/evaluation.ts';
import { parseQrels, parseRun } from '../../src/eval/trec-files.ts';

const graded = new Map([
  ['a', 3],
  ['b', 2],
  ['c', 0],
  ['d', 1],
  ['e', -1],
]);

describe('the metrics by hand', () => {
  it('nDCG: gains of 3, 0 and 1 against the best order 3, 2, 1', () => {
    const gained = 3 / 1 + 0 / Math.log2(3) + 1 / 2;
    const ideal = 3 / 1 + 2 / Math.log2(3) + 1 / 2;
    expect(ndcgAt(['a', 'c', 'd'], graded, 3)).toBeCloseTo(gained / ideal, 12);
    expect(ndcgAt(['a', 'b', 'd', 'c'], graded, 10)).toBeCloseTo(1, 12);
    expect(ndcgAt(['b', 'a'], graded, 1)).toBeCloseTo(2 / 3, 12);
  });

  it('nDCG takes a grade below 0 for 0', () => {
    expect(ndcgAt(['e', 'a'], graded, 2)).toBe(ndcgAt(['c', 'a'], graded, 2));
  });

  it('recall and precision count what is relevant, however much', () => {
    expect(recallAt(['a', 'x', 'd'], graded, 3)).toBeCloseTo(2 / 3, 12);
    expect(recallAt(['a', 'x', 'd'], graded, 2)).toBeCloseTo(1 / 3, 12);
    expect(precisionAt(['a', 'x', 'd'], graded, 2)).toBe(0.5);
    // A short list is not a better one.
    expect(precisionAt(['a'], graded, 10)).toBe(0.1);
  });

  it('average precision divides by all that is relevant', () => {
    expect(averagePrecision(['a', 'x', 'b'], graded)).toBeCloseTo((1 + 2 / 3) / 3, 12);
    expect(averagePrecision(['x'], graded)).toBe(0);
  });

  it('the reciprocal rank is that of the first relevant one', () => {
    expect(reciprocalRank(['x', 'c', 'd', 'a'], graded)).toBeCloseTo(1 / 3, 12);
    expect(reciprocalRank(['x', 'e'], graded)).toBe(0);
  });

  it('are 0 where nothing is relevant or nothing was found', () => {
    for (const [ranking, judgements] of [
      [[], graded],
      [['c'], new Map([['c', 0]])],
      [['a'], new Map()],
    ] as const) {
      expect(ndcgAt(ranking, judgements, 10)).toBe(0);
      expect(recallAt(ranking, judgements, 10)).toBe(0);
      expect(precisionAt(ranking, judgements, 10)).toBe(0);
      expect(averagePrecision(ranking, judgements)).toBe(0);
      expect(reciprocalRank(ranking, judgements)).toBe(0);
    }
  });
});

type Metric = (ranking: readonly string[], judgements: Judgements) => number;

const folder = new URL('../shared/data/trec_eval/', pathToFileURL(`${process.cwd()}/`));
const available = existsSync(folder);
if (!available) process.stderr.write('skipped: ../shared/data/trec_eval is not there\n');

/** Outputs of the official program: `name query value` a line. */
const outputOf = (file: string) =>
  readFileSync(new URL(file, folder), 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/) as [name: string, query: string, value: string])
    .filter(([name]) => name !== '');

describe.skipIf(!available)('the metrics beside trec_eval, to four places', () => {
  const load = () => ({
    qrels: parseQrels(readFileSync(new URL('qrels.test', folder), 'utf8'), 'qrels.test'),
    run: parseRun(readFileSync(new URL('results.test', folder), 'utf8'), 'results.test'),
  });
  const measureOf = (name: string): Metric | undefined => {
    const [, kind, cut] = /^(.+)_(\d+)$/.exec(name) ?? [];
    const k = Number(cut);
    const byKind: Record<string, Metric> = {
      ndcg_cut: (ranking, judged) => ndcgAt(ranking, judged, k),
      P: (ranking, judged) => precisionAt(ranking, judged, k),
      recall: (ranking, judged) => recallAt(ranking, judged, k),
      map_cut: (ranking, judged) => averagePrecision(ranking.slice(0, k), judged),
    };
    const whole: Record<string, Metric> = {
      map: averagePrecision,
      recip_rank: reciprocalRank,
      ndcg: (ranking, judged) => ndcgAt(ranking, judged, ranking.length + judged.size),
    };
    return byKind[kind ?? ''] ?? whole[name];
  };

  it.each([
    ['out.test', 11],
    ['out.test.a', 39],
    ['out.test.meas_params', 24],
  ])('%s', (file, least) => {
    const { qrels, run } = load();
    let compared = 0;
    for (const [name, query, value] of outputOf(file)) {
      const measure = measureOf(name);
      if (measure === undefined) continue;
      const queries = query === 'all' ? [...run.keys()] : [query];
      const found = meanOf(queries.map((one) => measure(run.get(one)!, qrels.get(one)!)));
      expect(found.toFixed(4), `${name} ${query}`).toBe(value);
      compared += 1;
    }
    expect(compared).toBeGreaterThanOrEqual(least);
  });
});
