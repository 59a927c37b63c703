import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { drawPlots, plotsOf } from '../../bench/plots/draw-plots.ts';
import { logAxis, plainNumber } from '../../bench/plots/log-axis.ts';
import type { Recorded } from '../../bench/plots/recorded.ts';
import { newestResults, readRecorded } from '../../bench/plots/recorded.ts';

const folder = mkdtempSync(join(tmpdir(), 'triptych-plots-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const timing = (part: string, contestant: string, rows: number, median_us: number) => ({
  part,
  contestant,
  rows,
  requests: 1,
  median_us,
  roofline_percent: 50,
});

const goal = {
  goal: 'G1',
  what: 'beside a <loop> & more',
  needed: '>= 2 x',
  needed_value: 2,
  bound: 'least' as const,
  roofline_percent: 80,
};

const recorded: Recorded = {
  case: 'rerank',
  date: '2026-01-02T03:04:05.000Z',
  commit: 'abcdef123456',
  size: 'full',
  machine: { cpu: 'A CPU', cores: 2, load: 0.5, node: '20.0.0' },
  tables: {
    goals: [
      { ...goal, measured: '3 x', measured_value: 3, verdict: 'pass' },
      { ...goal, measured: '1 x', measured_value: 1, verdict: 'MISS' },
      { ...goal, measured: '-', verdict: 'not measured' },
    ],
    timings: [
      timing('hot', 'native avx2 f32', 30, 2),
      timing('hot', 'native avx2 f32', 1_000, 60),
      timing('hot', 'JS naive', 30, 40),
      timing('hot', 'JS naive', 1_000, 1_500),
      timing('cold', 'native avx2 f32', 1_000, 250),
    ],
  },
};

/** Opening tags without their closing ones, and the other way round. */
function unbalanced(svg: string): string[] {
  const open: string[] = [];
  for (const [, closing, name, self] of svg.matchAll(/<(\/?)([a-z]+)[^<>]*?(\/?)>/g)) {
    if (self === '/') continue;
    if (closing !== '/') open.push(name!);
    else if (open.pop() !== name) return [`</${name}>`];
  }
  return open;
}

describe('plots of recorded results', () => {
  it('draw each part that was measured, and none that was not', () => {
    expect(Object.keys(plotsOf(recorded)).sort()).toEqual([
      'rerank-cold',
      'rerank-goals',
      'rerank-hot',
      'rerank-roofline',
    ]);
    expect(plotsOf({ ...recorded, tables: { timings: [] } })).toEqual({});
    // Two cases have goals: one must not take the other's place.
    expect(Object.keys(plotsOf({ ...recorded, case: 'rerank-backends' }))).toContain('rerank-backends-goals');
  });

  it('are well formed, with title, units and the machine', () => {
    for (const [name, svg] of Object.entries(plotsOf(recorded))) {
      expect(unbalanced(svg), name).toEqual([]);
      expect(svg, name).toContain('<title>');
      expect(svg, name).toContain('A CPU, 2 cores, load 0.5, Node 20.0.0, 2026-01-02, commit abcdef123456');
      expect(svg, name).not.toMatch(/NaN|Infinity|undefined/);
    }
    expect(plotsOf(recorded)['rerank-hot']).toContain('microseconds a call');
  });

  it('show goals as bars on the side of the threshold where they are', () => {
    const svg = plotsOf(recorded)['rerank-goals']!;
    const widths = [...svg.matchAll(/<rect x="640"[^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));
    const marks = [...svg.matchAll(/<line x1="([\d.]+)"[^>]*stroke-width="2"/g)].map(([, x]) => Number(x));
    expect(widths).toHaveLength(2);
    expect(marks).toHaveLength(1);
    const [passed, missed] = widths.map((width) => 640 + width);
    expect(passed).toBeGreaterThan(marks[0]!);
    expect(missed).toBeLessThan(marks[0]!);
    expect(svg).toContain('beside a &lt;loop&gt; &amp; more');
  });

  it('show how good rankings are on the half that nothing was tuned on, with aims', () => {
    const quality = [
      { task: 'text', half: 'validation', system: 'linear', queries: 9, ndcg_at_10: 0.9 },
      { task: 'text', half: 'test', system: 'rrf', queries: 1_234, ndcg_at_10: 0.1 },
      { task: 'text', half: 'test', system: 'linear', queries: 1_234, ndcg_at_10: 0.2, aim: 0.18 },
    ];
    const svg = plotsOf({ ...recorded, case: 'eval', tables: { timings: [], quality } }).eval!;
    expect(unbalanced(svg)).toEqual([]);
    expect(svg).toContain('text, linear, 1,234 queries');
    expect(svg).toContain('0.2000 (aim 0.1800)');
    expect(svg).not.toContain('0.9000');
    const widths = [...svg.matchAll(/<rect x="640"[^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(widths[1]! / widths[0]!).toBeCloseTo(2, 1);
  });

  it('put slower contestants higher', () => {
    const svg = plotsOf(recorded)['rerank-hot']!;
    const heights = [...svg.matchAll(/<circle cx="[\d.]+" cy="([\d.]+)" r="[34]"/g)].map(([, y]) =>
      Number(y),
    );
    const [fast30, fast1000, slow30, slow1000] = heights;
    expect(slow30).toBeLessThan(fast30!);
    expect(slow1000).toBeLessThan(fast1000!);
    expect(fast1000).toBeLessThan(fast30!);
  });

  it('are written for the newest result of a folder, and a broken file is named', () => {
    const results = join(folder, 'results');
    const older = { ...recorded, commit: 'older' };
    rmSync(results, { recursive: true, force: true });
    expect(() => newestResults(results)).toThrow(/ENOENT/);
    writeResult('2026-01-01-rerank.json', older);
    writeResult('2026-01-02-rerank.json', recorded);
    writeResult('2026-01-03-rerank-other.json', older);
    expect(newestResults(folder)).toEqual([join(folder, '2026-01-02-rerank.json')]);
    const written = drawPlots(newestResults(folder), join(folder, 'plots'));
    expect(written).toHaveLength(4);
    for (const path of written) expect(readFileSync(path, 'utf8')).toContain('abcdef123456');
    writeResult('2026-01-04-rerank.json', { ...recorded, tables: { timings: 'none' } });
    expect(() => readRecorded(join(folder, '2026-01-04-rerank.json'))).toThrow(/01-04-rerank\.json/);
  });
});

function writeResult(name: string, result: unknown): void {
  writeFileSync(join(folder, name), JSON.stringify(result));
}

describe('a logarithmic axis', () => {
  it('holds every value between its ends, at even steps a factor', () => {
    const axis = logAxis([3, 700], 0, 100);
    expect([axis.from, axis.to]).toEqual([2, 1_000]);
    expect(axis.at(2)).toBeCloseTo(0);
    expect(axis.at(1_000)).toBeCloseTo(100);
    expect(axis.at(20) - axis.at(2)).toBeCloseTo(axis.at(200) - axis.at(20));
    expect(axis.ticks).toEqual([2, 5, 10, 20, 50, 100, 200, 500, 1_000]);
  });

  it('needs a positive value, and copes with a single one', () => {
    expect(() => logAxis([0, Number.NaN], 0, 1)).toThrow(RangeError);
    const { from, to, at } = logAxis([10], 0, 1);
    expect(from).toBeLessThan(to);
    expect(at(10)).toBeGreaterThanOrEqual(0);
  });

  it('writes numbers plainly', () => {
    expect([0.5, 20, 1_000, 3_200_000].map(plainNumber)).toEqual(['0.5', '20', '1,000', '3.2 M']);
  });
});
