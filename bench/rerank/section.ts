import type { BenchSize } from '../case.ts';
import type { Goal } from './goal.ts';
import { type IsaLimits, limitUs, type MachineLimits, type Work } from './machine-limits.ts';
import type { NativeRig } from './native-rig.ts';
import type { Peers } from './peers.ts';
import { type Pace, type RaceOptions, tidyUs } from './stopwatch.ts';

/** What every part of the re-rank bench is given. */
export interface RerankBenchContext {
  readonly size: BenchSize;
  /** Seeded numbers in [0, 1). */
  readonly next: () => number;
  readonly dimension: number;
  readonly race: RaceOptions;
  readonly peers: Peers;
  /** The addon, by variant; none: it is not there, a note says why. */
  readonly rigs: readonly NativeRig[];
  /** null: the probe did not run, a note says why. */
  readonly limits: MachineLimits | null;
  /** Size of a table that no cache holds. */
  readonly coldMib: number;
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

/** Limits of an instruction set; `best`: of the machine's widest one. */
export function limitsOf({ limits }: RerankBenchContext, isa: string): IsaLimits | null {
  if (limits === null) return null;
  return limits.isas.find((one) => one.isa === isa) ?? limits.isas.at(-1) ?? null;
}

/** Bytes of a component, by the tier that the contestant's name ends in; peers have f32. */
export function tierBytes(contestant: string): number {
  return contestant.endsWith(' int8') ? 1 : contestant.endsWith(' f16') ? 2 : 4;
}

/** A timing with its share of the limit, where one is known. */
export function timing(
  part: string,
  contestant: string,
  size: { readonly rows: number; readonly requests?: number },
  { medianUs, bestUs }: Pace,
  limit: { readonly work: Work; readonly limits: IsaLimits | null } | null = null,
): Timing {
  const share =
    limit === null || limit.limits === null ? null : (100 * limitUs(limit.work, limit.limits)) / medianUs;
  return {
    part,
    contestant,
    rows: size.rows,
    requests: size.requests ?? 1,
    median_us: tidyUs(medianUs),
    best_us: tidyUs(bestUs),
    ...(share === null ? {} : { roofline_percent: Math.round(share) }),
  };
}
