import { logAxis, plainNumber } from './log-axis.ts';
import { element, ink, line, picture, text } from './svg.ts';

export interface Bar {
  readonly label: string;
  /** Written behind the bar. */
  readonly value: string;
  readonly length: number;
  readonly colour: string;
}

export interface BarChart {
  readonly title: string;
  readonly xLabel: string;
  readonly bars: readonly Bar[];
  /** Where a line is drawn across all bars, and what it says; absent: none. */
  readonly mark?: { readonly at: number; readonly label: string };
  /** Logarithmic, for ratios; otherwise from 0. */
  readonly logarithmic: boolean;
  readonly caption: string;
}

const width = 1180;
const rowHeight = 22;
const frame = { left: 640, right: 980, top: 76 } as const;

/** Horizontal bars, one a line, with their labels on the left. */
export function barChart({ title, xLabel, bars, mark, logarithmic, caption }: BarChart): string {
  const bottom = frame.top + bars.length * rowHeight;
  const height = bottom + 70;
  const marks = mark === undefined ? [] : [mark];
  const lengths = [...bars.map(({ length }) => length), ...marks.map((one) => one.at)];
  const { at, ticks, from } = logarithmic ? logBars(lengths) : linearBars(lengths);
  return picture(width, height, title, [
    text(24, 30, title, { size: 16, weight: 'bold' }),
    ...ticks.flatMap((tick) => [
      line(at(tick), frame.top, at(tick), bottom),
      text(at(tick), bottom + 18, plainNumber(tick), { anchor: 'middle' }),
    ]),
    text((frame.left + frame.right) / 2, bottom + 36, xLabel, { anchor: 'middle' }),
    ...bars.map((bar, i) => drawBar(bar, frame.top + i * rowHeight, at, from)),
    ...marks.map((one) =>
      line(at(one.at), frame.top - 6, at(one.at), bottom, { stroke: ink, 'stroke-width': 2 }),
    ),
    ...bars.map((bar, i) => figureOf(bar, frame.top + i * rowHeight, at, from)),
    ...marks.map(({ at: place, label }) =>
      text(at(place), frame.top - 12, label, { anchor: 'middle', weight: 'bold' }),
    ),
    text(24, height - 12, caption, { size: 11, fill: '#57606a' }),
  ]);
}

function drawBar({ label, length, colour }: Bar, top: number, at: (x: number) => number, from: number) {
  const bar = {
    x: frame.left,
    y: top + 3,
    width: endOf(length, at, from) - frame.left,
    height: rowHeight - 7,
  };
  return [
    text(frame.left - 8, top + 15, label, { anchor: 'end' }),
    element('rect', { ...bar, fill: colour }),
  ].join('');
}

/** Over the mark, with a rim in the panel's colour. */
function figureOf({ value, length }: Bar, top: number, at: (x: number) => number, from: number) {
  return text(endOf(length, at, from) + 6, top + 15, value, { size: 11, rim: true });
}

function endOf(length: number, at: (x: number) => number, from: number): number {
  return Math.max(at(Math.max(length, from)), frame.left + 1);
}

function logBars(lengths: readonly number[]) {
  // From below the shortest, so that the shortest bar can be seen too.
  const shortest = Math.min(...lengths.filter((length) => length > 0));
  const { at, ticks, from } = logAxis([...lengths, shortest / 2], frame.left, frame.right);
  return { at, ticks, from };
}

function linearBars(lengths: readonly number[]) {
  const most = Math.max(...lengths);
  const step = 10 ** Math.floor(Math.log10(most));
  const wide = most / step > 5 ? step * 2 : most / step > 2 ? step : step / 2;
  const ticks = Array.from({ length: Math.ceil(most / wide) + 1 }, (_, i) => i * wide);
  const at = (value: number): number => frame.left + (value / ticks.at(-1)!) * (frame.right - frame.left);
  return { at, ticks, from: 0 };
}
