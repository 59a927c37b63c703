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

  constructor(backend: MeasuredBackend) {
    this.backend = backend;
  }

  /** Whether a call of this cell should hold the event loop for a slice at most, by the next smaller one known. */
  fits(cell: number): boolean {
    const smaller = byWork.slice(0, byWork.indexOf(cell) + 1).findLast((one) => this.heldMs[one] !== null);
    if (smaller === undefined) return true;
    return this.heldMs[smaller]! * (workOf(cell) / workOf(smaller)) <= limits.calibrationSliceMs;
  }

  add(cell: number, us: number, heldMs: number): void {
    this.samples[cell]!.push(us);
    this.heldMs[cell] = Math.min(this.heldMs[cell] ?? Number.POSITIVE_INFINITY, heldMs);
  }

  /**
   * Medians, without the first call, which warms up. A cell that was left out is expected to take as long for a candidate as the largest smaller one that was
   * not. null where too little is known for that.
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

/**
 * Measures every backend in every cell, in rounds that go through all of them in turn, so that what disturbs the machine
 * for a while disturbs all alike. Between calls the event loop turns; cells whose call would hold it for longer than
 * limits.calibrationSliceMs are extrapolated. Ends with limits.calibrationMsMax, or when aborted.
 * @returns the backends of which enough is known; one that failed is left out
 */
export async function measureBackends(
  table: TableSnapshot,
  backends: readonly MeasuredBackend[],
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly BackendTimes[]> {
  const endMs = clock.nowMs() + limits.calibrationMsMax;
  const over = (): boolean => signal.aborted || clock.nowMs() >= endMs;
  const batches = new CalibrationBatches(table);
  const courses = backends.map((backend) => new Course(backend));
  // One round more than are counted: the first call of each cell warms up.
  for (let round = 0; round <= limits.calibrationRounds && !over(); round++)
    for (const cell of byWork) {
      if (over()) break;
      const running = courses.filter((course) => !course.failed && course.fits(cell));
      const batch = batches.next(calibrationCells[cell]!);
      for (let i = 0; i < running.length && !over(); i++) {
        const course = running[(i + round) % running.length]!;
        await measureOnce({ course, cell, batch }, endMs, clock, signal);
        await setImmediate();
      }
    }
  return courses.flatMap((course) => (course.failed ? [] : (course.times() ?? [])));
}

/** One call, cut off at `endMs`; a failure takes the backend out. */
async function measureOnce(
  { course, cell, batch }: { course: Course; cell: number; batch: RerankBatch },
  endMs: number,
  clock: Clock,
  stop: AbortSignal,
): Promise<void> {
  const startMs = clock.nowMs();
  const late = new AbortController();
  const cancel = clock.after(endMs - startMs, () => late.abort());
  const signal = AbortSignal.any([stop, late.signal]);
  const answer = course.backend.rerank(batch, signal);
  const heldMs = clock.nowMs() - startMs;
  try {
    await answer;
    course.add(cell, Math.max(shortestUs, (clock.nowMs() - startMs) * 1_000), heldMs);
  } catch (error) {
    // The guard around the backend counts and logs what is its fault; being cut off at the end is not, and a batch that
    // it does not take yet (its copy of the table is on its way) says nothing about the next one.
    course.failed ||= !signal.aborted && !(error instanceof RangeError);
  } finally {
    cancel();
  }
}

/** What cannot be told from nothing; keeps logarithms finite. */
const shortestUs = 0.1;

function medianOf(samples: readonly number[]): number {
  return samples.toSorted((a, b) => a - b)[samples.length >> 1]!;
}
