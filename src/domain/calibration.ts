import { type BackendName, backendNames } from './backend-name.ts';

/** Candidates of a request, and requests of a batch, at which backends are measured. Ascending. */
export const calibrationWindows = [30, 100, 300, 1_000] as const;
export const calibrationBatches = [1, 8, 32] as const;

/** One measured combination of window and batch. */
export interface CalibrationCell {
  /** Candidates of each request. */
  readonly rows: number;
  readonly requests: number;
}

/** Row-major: all batches of the first window, then those of the next. */
export const calibrationCells: readonly CalibrationCell[] = calibrationWindows.flatMap((rows) =>
  calibrationBatches.map((requests) => ({ rows, requests })),
);

/** How long one backend takes for a whole batch, in the order of calibrationCells. */
export interface BackendTimes {
  readonly name: BackendName;
  readonly variant: string;
  /** Medians, microseconds, > 0. */
  readonly us: readonly number[];
}

/** What was measured over rows of one kind: a tier, and vectors of up to `dimensionMax` components. */
export interface Calibration {
  readonly tier: string;
  readonly dimensionMax: number;
  /** Milliseconds since 1970. */
  readonly measuredAtMs: number;
  readonly backends: readonly BackendTimes[];
}

/** Times this near to the best one are equal: medians of a busy machine differ by as much from one look to the next. */
export const tieShare = 0.1;
/** The same for short ones, microseconds: what a call costs that does nothing. */
export const tieUs = 3;

/** Tables whose dimensions round up to the same power of two share a calibration. */
export function dimensionMaxOf(dimension: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, dimension)));
}

/**
 * How long the backend would take for a batch: between the measured cells linear in rows and in requests, which is exact
 * where a call has a price of its own, one for each request and one for each candidate; beyond them as at the nearest.
 * @param rows candidates of each request on average
 * @returns microseconds
 */
export function expectedUs({ us }: Pick<BackendTimes, 'us'>, rows: number, requests: number): number {
  const window = placeIn(calibrationWindows, rows);
  const batch = placeIn(calibrationBatches, requests);
  const at = (row: number, column: number): number => us[row * calibrationBatches.length + column]!;
  const alongBatch = (row: number): number => mix(at(row, batch.below), at(row, batch.above), batch.share);
  return mix(alongBatch(window.below), alongBatch(window.above), window.share);
}

/** The indexes of the ascending values around a value, and how far it is from the one to the other, 0..1. */
function placeIn(values: readonly number[], value: number): { below: number; above: number; share: number } {
  const last = values.length - 1;
  if (value <= values[0]!) return { below: 0, above: 0, share: 0 };
  if (value >= values[last]!) return { below: last, above: last, share: 0 };
  const below = values.findLastIndex((one) => one <= value);
  const share = (value - values[below]!) / (values[below + 1]! - values[below]!);
  return { below, above: below + 1, share };
}

function mix(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

/**
 * The backend that a batch should go to: the fastest, and of those that are equally fast within tieShare or tieUs the
 * one that backendNames has first. null without any.
 */
export function fastestOf(
  backends: readonly BackendTimes[],
  rows: number,
  requests: number,
): BackendName | null {
  if (backends.length === 0) return null;
  const times = backends.map((backend) => expectedUs(backend, rows, requests));
  const best = Math.min(...times);
  const equal = Math.max(best * (1 + tieShare), best + tieUs);
  const names = new Set(backends.filter((_, i) => times[i]! <= equal).map(({ name }) => name));
  return backendNames.find((name) => names.has(name))!;
}
