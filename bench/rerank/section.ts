import type { BenchSize } from '../case.ts';
import type { Goal } from './goal.ts';
import type { MachineLimits } from './machine-limits.ts';
import type { Peers } from './peers.ts';
import type { RaceOptions } from './stopwatch.ts';

/** What every part of the re-rank bench is given. */
export interface RerankBenchContext {
  readonly size: BenchSize;
  /** Seeded numbers in [0, 1). */
  readonly next: () => number;
  readonly dimension: number;
  readonly race: RaceOptions;
  readonly peers: Peers;
  /** null: the probe did not run, a note says why. */
  readonly limits: MachineLimits | null;
  readonly say: (line: string) => void;
}

/** A time of one contestant on one size. */
export interface Timing {
  readonly part: string;
  readonly contestant: string;
  readonly rows: number;
  readonly requests: number;
  readonly median_us: number;
  readonly best_us: number;
  /** Share of the limit of the contestant's own instruction set; absent where there is none. */
  readonly roofline_percent?: number;
}

/** What a part of the bench found. */
export interface Section {
  readonly goals: readonly Goal[];
  readonly timings: readonly Timing[];
  readonly notes: readonly string[];
}
