import { logAxis, plainNumber } from './log-axis.ts';
import { element, ink, line, palette, picture, text } from './svg.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** Thicker, and first in the legend's order of colours. */
  readonly own?: boolean;
}

export interface LineChart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Machine, date and commit. */
  readonly caption: string;
}

const width = 900;
const height = 480;
const frame = { left: 72, right: 600, top: 56, bottom: 400 } as const;

/** Lines over two logarithmic axes; the legend stands in the order of the last points, as the lines end. */
export function lineChart({ title, xLabel, yLabel, series: given, caption }: LineChart): string {
  // Ours have the first colours, and no dashes.
  const series = [...given].sort((a, b) => Number(b.own === true) - Number(a.own === true));
  const points = series.flatMap((one) => one.points);
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const x = logAxis(xs, frame.left, frame.right);
  const y = logAxis(
    points.map((point) => point.y),
    frame.bottom,
    frame.top,
  );
  const colours = new Map(series.map(({ name }, i) => [name, palette[i % palette.length]!]));
  const last = ({ points: of }: Series): number => of.at(-1)?.y ?? 0;
  const legend = [...series].sort((a, b) => last(b) - last(a));
  return picture(width, height, title, [
    text(frame.left, 30, title, { size: 16, weight: 'bold' }),
    ...y.ticks.flatMap((tick) => [
      line(frame.left, y.at(tick), frame.right, y.at(tick)),
      text(frame.left - 8, y.at(tick) + 4, plainNumber(tick), { anchor: 'end' }),
    ]),
    ...xs.flatMap((tick) => [
      line(x.at(tick), frame.bottom, x.at(tick), frame.bottom + 5, { stroke: ink }),
      text(x.at(tick), frame.bottom + 20, plainNumber(tick), { anchor: 'middle' }),
    ]),
    line(frame.left, frame.bottom, frame.right, frame.bottom, { stroke: ink }),
    text((frame.left + frame.right) / 2, frame.bottom + 40, xLabel, { anchor: 'middle' }),
    text(18, (frame.top + frame.bottom) / 2, yLabel, { anchor: 'middle', rotate: -90 }),
    ...series.map((one, i) => drawSeries(one, colours.get(one.name)!, i, x.at, y.at)),
    ...legend.map(({ name, own }, i) => legendEntry(name, own === true, series, colours, i)),
    text(frame.left, height - 14, caption, { size: 11, fill: '#57606a' }),
  ]);
}

function drawSeries(
  { points, own }: Series,
  colour: string,
  index: number,
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const path = points.map(
    (point, i) => `${i === 0 ? 'M' : 'L'}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`,
  );
  // Dashes for the second turn of the palette.
  const dash = index >= palette.length ? { 'stroke-dasharray': '6 4' } : {};
  const stroke = { fill: 'none', stroke: colour, 'stroke-width': own === true ? 3 : 1.5, ...dash };
  return [
    element('path', { d: path.join(''), ...stroke }),
    ...points.map((point) =>
      element('circle', { cx: x(point.x), cy: y(point.y), r: own === true ? 4 : 3, fill: colour }),
    ),
  ].join('');
}

function legendEntry(
  name: string,
  own: boolean,
  series: readonly Series[],
  colours: ReadonlyMap<string, string>,
  index: number,
): string {
  const y = frame.top + 8 + index * 20;
  const place = series.findIndex((one) => one.name === name);
  const dash = place >= palette.length ? { 'stroke-dasharray': '6 4' } : {};
  const stroke = { stroke: colours.get(name)!, 'stroke-width': own ? 3 : 1.5, ...dash };
  const left = frame.right + 20;
  return [
    line(left, y - 4, left + 22, y - 4, stroke),
    element('circle', { cx: left + 11, cy: y - 4, r: 3, fill: colours.get(name)! }),
    text(left + 30, y, name, { weight: own ? 'bold' : 'normal' }),
  ].join('');
}
