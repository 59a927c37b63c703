import type { SourcedRule } from './rule.ts';
import type { RecallLeg } from './signal.ts';

export type Strategy =
  | 'VectorOnly'
  | 'LexicalOnly'
  | 'GraphOnly'
  | 'FilterOnly'
  | 'PolicyOnly'
  | 'HybridParallel'
  | 'HybridSequential'
  | 'CachedOnly';

export interface PlannedLeg {
  readonly leg: RecallLeg;
  /** L, or less where the planner shortened the leg. */
  readonly depth: number;
  /** Milliseconds from the request's start after which the leg is left out. */
  readonly budgetMs: number;
  readonly estimatedMs: number;
  /** true: waits for the query's embedding. */
  readonly afterEmbedding: boolean;
}

export interface SkippedLeg {
  readonly leg: RecallLeg;
  /** A stable code: `no_query`, `no_vector`, `no_embedder`, `no_seeds`, `too_slow`. */
  readonly reason: string;
}

export interface RejectedPlan {
  readonly strategy: Strategy;
  readonly reason: string;
  readonly estimatedMs: number | null;
}

/** A plan is data: what runs, how deep, how long, and which stages follow. */
export interface SearchPlan {
  readonly strategy: Strategy;
  readonly embed: { readonly budgetMs: number; readonly estimatedMs: number } | null;
  readonly legs: readonly PlannedLeg[];
  readonly skipped: readonly SkippedLeg[];
  /**
   * Reading the vectors of candidates that are not resident, after the legs: milliseconds from the request's start after
   * which those that did not come are left out. null: all documents are resident.
   */
  readonly documents: { readonly budgetMs: number; readonly estimatedMs: number } | null;
  /** Documents that pass the filter and the hard rules, and whether both are pushed into the legs. */
  readonly predicate: {
    readonly passing: number;
    readonly of: number;
    readonly pushdown: boolean;
    /** Documents that each is the first to drop; rule null: the request's filter. */
    readonly drops: readonly { readonly rule: SourcedRule | null; readonly documents: number }[];
  } | null;
  readonly stages: readonly string[];
  readonly rankDepth: number;
  readonly estimatedMs: number;
  readonly rejected: readonly RejectedPlan[];
}
