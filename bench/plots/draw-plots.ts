import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bar, barChart } from './bar-chart.ts';
import { lineChart, type Series } from './line-chart.ts';
import {
  captionOf,
  newestResults,
  type Recorded,
  type RecordedGoal,
  type RecordedQuality,
  type RecordedTiming,
  readRecorded,
} from './recorded.ts';

const colours = {
  pass: '#009e73',
  MISS: '#d55e00',
  hot: '#0072b2',
  cold: '#56b4e9',
  own: '#0072b2',
  other: '#8a8a8a',
} as const;

/**
 * Draws results into a folder.
 * @param paths of recorded results; none: the newest ones
 * @returns the paths of the pictures
 */
export function drawPlots(paths: readonly string[], folder = join('docs', 'plots')): string[] {
  const chosen = paths.length > 0 ? paths : newestResults();
  if (chosen.length === 0) throw new Error('nothing is recorded: npm run bench:rerank -- --record');
  mkdirSync(folder, { recursive: true });
  return chosen.flatMap((path) =>
    Object.entries(plotsOf(readRecorded(path))).map(([name, svg]) => {
      const written = join(folder, `${name}.svg`);
      writeFileSync(written, svg);
      return written;
    }),
  );
}

/** The pictures of one result, by file name; a part that was not measured has none. */
export function plotsOf(recorded: Recorded): Readonly<Record<string, string>> {
  const caption = captionOf(recorded);
  const { timings, goals = [], quality = [] } = recorded.tables;
  const plots: Record<string, string> = {};
  const windows = {
    hot: 'Dot products of a window that stays in the caches',
    cold: 'Dot products of random rows of a table that no cache holds',
    backends: 'A full re-rank call by window size, backend and batch',
  };
  for (const [part, title] of Object.entries(windows)) {
    const series = seriesOf(timings.filter((timing) => timing.part === part));
    if (series.length > 0) plots[`rerank-${part}`] = windowChart(title, series, caption);
  }
  const judged = goals.filter((goal) => (goal.measured_value ?? 0) > 0);
  if (judged.length > 0) plots[`${recorded.case}-goals`] = goalChart(judged, caption);
  const limited = timings.filter(
    ({ part, contestant, roofline_percent }) =>
      (part === 'hot' || part === 'cold') &&
      contestant.startsWith('native') &&
      roofline_percent !== undefined,
  );
  if (limited.length > 0) plots['rerank-roofline'] = rooflineChart(limited, caption);
  const tested = quality.filter(({ half }) => half === 'test');
  if (tested.length > 0) plots.eval = qualityChart(tested, caption);
  return plots;
}

/** Every system of both tasks, on the half that nothing was tuned on. */
function qualityChart(systems: readonly RecordedQuality[], caption: string): string {
  const bars = systems.map(
    ({ task, system, ndcg_at_10, queries, aim }): Bar => ({
      label: `${task}, ${system}, ${queries.toLocaleString('en-US')} queries`,
      value: `${ndcg_at_10.toFixed(4)}${aim === undefined ? '' : ` (aim ${aim.toFixed(4)})`}`,
      length: ndcg_at_10,
      colour: aim === undefined ? colours.other : colours.own,
    }),
  );
  return barChart({
    title: 'How good the ranking is: nDCG@10 on the half that nothing was tuned on',
    xLabel: 'nDCG@10',
    bars,
    logarithmic: false,
    caption,
  });
}

function windowChart(title: string, series: readonly Series[], caption: string): string {
  return lineChart({ title, xLabel: 'rows', yLabel: 'microseconds a call', series, caption });
}

/** One line a contestant, and a line of its own for each size of a batch. */
function seriesOf(timings: readonly RecordedTiming[]): Series[] {
  const batches = new Set(timings.map(({ requests }) => requests)).size > 1;
  const byName = new Map<string, RecordedTiming[]>();
  for (const timing of timings) {
    const name = batches ? `${timing.contestant} x ${timing.requests}` : timing.contestant;
    byName.set(name, [...(byName.get(name) ?? []), timing]);
  }
  return [...byName].map(([name, of]) => ({
    name,
    own: name.startsWith('native') || name.startsWith('cuda'),
    points: of.map(({ rows, median_us }) => ({ x: rows, y: median_us })).sort((a, b) => a.x - b.x),
  }));
}

/** How many times better than needed: what should be small is turned round. */
function goalChart(goals: readonly RecordedGoal[], caption: string): string {
  const bars = goals.map(
    ({ goal, what, needed, measured, verdict, needed_value, measured_value, bound }): Bar => {
      const ratio = bound === 'least' ? measured_value! / needed_value : needed_value / measured_value!;
      return {
        label: shortened(`${goal}  ${what}`, 98),
        value: `${measured} (${needed})`,
        length: ratio,
        colour: verdict === 'pass' ? colours.pass : colours.MISS,
      };
    },
  );
  return barChart({
    title: 'Goals of the re-rank engine',
    xLabel: 'how many times better than needed',
    bars,
    mark: { at: 1, label: 'needed' },
    logarithmic: true,
    caption,
  });
}

function rooflineChart(timings: readonly RecordedTiming[], caption: string): string {
  const bars = timings.map(
    ({ part, contestant, rows, roofline_percent, median_us }): Bar => ({
      label: `${contestant}, ${part}, ${rows.toLocaleString('en-US')} rows`,
      value: `${roofline_percent} % (${Math.round((median_us * 10_000) / rows) / 10} ns a row)`,
      length: roofline_percent!,
      colour: part === 'hot' ? colours.hot : colours.cold,
    }),
  );
  return barChart({
    title: 'How near to the limit of the machine',
    xLabel: 'percent of what memory bandwidth and FMA units allow, measured in the same run',
    bars,
    mark: { at: 100, label: 'limit' },
    logarithmic: false,
    caption,
  });
}

function shortened(label: string, max: number): string {
  return label.length <= max ? label : `${label.slice(0, max - 1)}…`;
}
