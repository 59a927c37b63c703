import { setImmediate } from 'node:timers/promises';
import { type BackendTimes, calibrationCells } from '../domain/calibration.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { BackendName, RerankBatch } from '../ports/reranker.ts';
import { CalibrationBatches } from './calibration-batch.ts';

/** A backend as it is measured. */
export interface MeasuredBackend {
  readonly name: BackendName;
  readonly variant: string;
  rerank(batch: RerankBatch, signal: AbortSignal): Promise<unknown>;
}

/** Cells from the least work to the most, as indexes of calibrationCells. */
const byWork = calibrationCells.map((_, cell) => cell).sort((a, b) => workOf(a) - workOf(b) || a - b);

/** Candidates of the cell's whole batch. */
function workOf(cell: number): number {
  const { rows, requests } = calibrationCells[cell]!;
  return rows * requests;
}

/** Cells that must have been measured for the others to be extrapolated. */
const cellsMin = 3;

/** What one backend took so far. */
class Course {
  readonly backend: MeasuredBackend;
  /** Microseconds by cell. */
  readonly samples: number[][] = calibrationCells.map(() => []);
  /** The shortest time by cell that a call held the event loop for, milliseconds. */
  readonly heldMs: (number | null)[] = calibrationCells.map(() => null);
  failed = false;
  /** Its last call was refused: it does not take the table yet, or not any more. */
  refused = false;
  /** What is left of its share of the time. */
  leftMs: number;

  constructor(backend: MeasuredBackend, shareMs: number) {
    this.backend = backend;
    this.leftMs = shareMs;
  }

  /**
   * Whether a call of this cell should hold the event loop for a slice at most, going by the quickest that it held it for
   * any cell of as much work or less: one that the system interrupted says nothing. The smallest one always may.
   */
  fits(cell: number): boolean {
    if (cell === byWork[0]) return true;
    let expectedMs = Number.POSITIVE_INFINITY;
    for (const one of byWork) {
      const heldMs = this.heldMs[one] ?? null;
      if (heldMs !== null) expectedMs = Math.min(expectedMs, heldMs * (workOf(cell) / workOf(one)));
      if (one === cell) break;
    }
    return expectedMs === Number.POSITIVE_INFINITY || expectedMs <= limits.calibrationSliceMs;
  }

  add(cell: number, us: number, heldMs: number): void {
    this.samples[cell]!.push(us);
    this.heldMs[cell] = Math.min(this.heldMs[cell] ?? Number.POSITIVE_INFINITY, heldMs);
  }

  /**
   * Medians, without the first call, which warms up. A cell that was left out is expected to take as long for a
   * candidate as the largest smaller one that was not. null where too little is known for that.
   */
  times(): BackendTimes | null {
    const { name, variant } = this.backend;
    if (this.samples.filter(({ length }) => length > 0).length < cellsMin) return null;
    const us = new Array<number>(calibrationCells.length);
    let known: number | null = null;
    for (const cell of byWork) {
      const samples = this.samples[cell]!;
      if (samples.length > 0) {
        us[cell] = medianOf(samples.length > 1 ? samples.slice(1) : samples);
        known = cell;
      } else if (known === null) return null;
      else us[cell] = us[known]! * (workOf(cell) / workOf(known));
    }
    return { name, variant, us };
  }
}

export interface Measured {
  /** The backends of which enough is known; one that failed is left out. */
  readonly times: readonly BackendTimes[];
  /** Those that refused batches over this table, and may take others. */
  readonly refused: readonly BackendName[];
}

/**
 * Measures every backend in every cell, in rounds that go through all of them in turn, so that what disturbs the machine
 * for a while disturbs all alike. Between calls the event loop turns; cells whose call would hold it for longer than
 * limits.calibrationSliceMs are extrapolated. Ends with limits.calibrationMsMax, of which no backend gets more than its
 * share: a slow one takes nothing from the others. Ends at once when aborted.
 */
export async function measureBackends(
  table: TableSnapshot,
  backends: readonly MeasuredBackend[],
  clock: Clock,
  signal: AbortSignal,
): Promise<Measured> {
  const endMs = clock.nowMs() + limits.calibrationMsMax;
  const shareMs = limits.calibrationMsMax / backends.length;
  const over = (): boolean => signal.aborted || clock.nowMs() >= endMs;
  const batches = new CalibrationBatches(table);
  const courses = backends.map((backend) => new Course(backend, shareMs));
  const measure = async (course: Course, cell: number): Promise<void> => {
    if (over() || course.leftMs <= 0 || !course.fits(cell)) return;
    await measureOnce(course, cell, batches.next(calibrationCells[cell]!), { clock, endMs, stop: signal });
    await setImmediate();
  };
  // What a first call of all costs says nothing of what the next ones cost.
  for (const course of courses) for (let call = 0; call < warmUps; call++) await measure(course, byWork[0]!);
  // One round more than are counted: the first call of each cell warms up.
  for (let round = 0; round <= limits.calibrationRounds; round++)
    for (const cell of byWork)
      for (let i = 0; i < courses.length; i++) await measure(courses[(i + round) % courses.length]!, cell);
  const named = (course: Course): BackendName => course.backend.name;
  const times = courses.flatMap((course) => (course.failed ? [] : (course.times() ?? [])));
  return { times, refused: courses.filter((course) => course.refused && course.times() === null).map(named) };
}

/** Calls of the smallest cell before any other. */
const warmUps = 3;

/** One call, cut off at `endMs` or where the backend's share ends; a failure takes the backend out. */
async function measureOnce(
  course: Course,
  cell: number,
  batch: RerankBatch,
  { clock, endMs, stop }: { readonly clock: Clock; readonly endMs: number; readonly stop: AbortSignal },
): Promise<void> {
  const startMs = clock.nowMs();
  const late = new AbortController();
  const cancel = clock.after(Math.min(endMs - startMs, course.leftMs), () => late.abort());
  const signal = AbortSignal.any([stop, late.signal]);
  const answer = course.backend.rerank(batch, signal);
  const heldMs = clock.nowMs() - startMs;
  try {
    await answer;
    course.add(cell, Math.max(shortestUs, (clock.nowMs() - startMs) * 1_000), heldMs);
  } catch (error) {
    // The guard around the backend counts and logs what is its fault; being cut off is not, and a batch that it does not
    // take yet (its copy of the table is on its way) says nothing about the next one.
    course.refused = error instanceof RangeError;
    course.failed ||= !signal.aborted && !course.refused;
  } finally {
    cancel();
    course.leftMs -= clock.nowMs() - startMs;
    if (course.failed || late.signal.aborted) course.leftMs = 0;
  }
}

/** What cannot be told from nothing. */
const shortestUs = 0.1;

function medianOf(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[samples.length >> 1]!;
}
