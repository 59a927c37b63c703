/** A logarithmic axis between whole or half powers of ten. */
export interface LogAxis {
  readonly from: number;
  readonly to: number;
  readonly at: (value: number) => number;
  /** 1, 2 and 5 times the powers of ten that lie on it. */
  readonly ticks: readonly number[];
}

/** @param start, end where `from` and `to` lie, in pixels */
export function logAxis(values: readonly number[], start: number, end: number): LogAxis {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  if (positive.length === 0) throw new RangeError('a logarithmic axis needs a positive value');
  const steps = Array.from({ length: 31 * 3 }, (_, i) => [1, 2, 5][i % 3]! * 10 ** (Math.floor(i / 3) - 12));
  const least = Math.min(...positive);
  const most = Math.max(...positive);
  const from = steps.filter((step) => step <= least * 1.001).at(-1) ?? least;
  const to = steps.find((step) => step >= most * 0.999 && step > from) ?? most * 10;
  const at = (value: number): number =>
    start + ((Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from))) * (end - start);
  const ticks = steps.filter((step) => step >= from * 0.999 && step <= to * 1.001);
  // Powers of ten alone where 1, 2, 5 would be crowded.
  const decades = ticks.filter((tick) => Math.abs(Math.log10(tick) % 1) < 1e-6);
  return { from, to, at, ticks: ticks.length > 10 && decades.length > 2 ? decades : ticks };
}

/** 0.5, 20, 1,000, 3.2 M */
export function plainNumber(value: number): string {
  if (value >= 1e6) return `${Math.round(value / 1e5) / 10} M`;
  return (value >= 100 ? Math.round(value) : Number(value.toPrecision(3))).toLocaleString('en-US');
}
