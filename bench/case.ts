import type { BenchCatalogue } from './catalogue.ts';

export type BenchSize = 'small' | 'full';

/** What a case is given. */
export interface BenchContext {
  readonly size: BenchSize;
  readonly seed: number;
  /** Documents and queries of this size; real films where they are, generated ones otherwise. */
  readonly catalogue: BenchCatalogue;
  /** A line for the reader, on standard error. */
  readonly say: (line: string) => void;
}

/** Figures of one measured thing: `p50_ms`, `per_second`, `mib`; the unit comes last in the name. */
export interface Measurement {
  readonly name: string;
  readonly values: Readonly<Record<string, number>>;
}

export interface BenchResult {
  readonly measurements: readonly Measurement[];
  /** Conditions that a reader needs to judge the figures. */
  readonly notes: readonly string[];
  /** Further tables, such as the hottest functions of a profile. */
  readonly tables?: Readonly<Record<string, readonly Readonly<Record<string, number | string>>[]>>;
}

/** One benchmark. `run` throws when what it measures answers wrongly: a fast wrong answer is no result. */
export interface BenchCase {
  readonly name: string;
  readonly description: string;
  /** Needs more than the repository, such as stores: run only when it is named. */
  readonly onRequest?: boolean;
  readonly run: (context: BenchContext) => Promise<BenchResult>;
}
