import type { FieldValue } from './document.ts';
import type { SearchPlan } from './plan.ts';
import type { Leg, SignalName } from './signal.ts';

export type LegState = 'ok' | 'late' | 'failed' | 'skipped';

/** What became of one leg (or the embedder): never silent. */
export interface LegCoverage {
  readonly state: LegState;
  readonly ms: number;
  readonly budgetMs: number;
  readonly candidates: number;
  /** Why it was skipped or failed; a code, never a driver's message. */
  readonly reason?: string;
}

export type Coverage = Readonly<Partial<Record<Leg | 'embedder', LegCoverage>>>;

export interface SignalExplanation {
  /** null: the signal could not be known (no query, leg late); it contributes 0. */
  readonly value: number | null;
  readonly weight: number;
  readonly contribution: number;
}

/** One step from a seed towards a document: over a relation, and over the shared value where it is derived. */
export interface PathStep {
  readonly type: string;
  readonly from: string;
  readonly to: string;
  readonly strength: number;
  /** The values that a derived relation runs over, for example `{facet: 'directors', values: ['...']}`. */
  readonly shared?: readonly { readonly facet: string; readonly values: readonly string[] }[];
}

export interface Relationship {
  readonly type: string;
  readonly id: string;
  readonly strength: number;
}

export interface SearchResult {
  readonly id: string;
  readonly rank: number;
  readonly title: string;
  readonly score: number;
  readonly signals?: Readonly<Partial<Record<SignalName, SignalExplanation>>>;
  readonly sources: readonly Leg[];
  readonly reasons?: readonly string[];
  readonly fields?: Readonly<Record<string, FieldValue>>;
  readonly facets?: Readonly<Record<string, readonly string[]>>;
  readonly relationships?: readonly Relationship[];
  /** explain: full. Rank after each stage, 1-based. */
  readonly ranks?: { readonly fused: number; readonly diverse: number; readonly final: number };
  readonly path?: readonly PathStep[];
}

export interface FacetCount {
  readonly value: string;
  readonly count: number;
}

/** One rejected plan, and why. */
export interface SearchResponse {
  readonly results: readonly SearchResult[];
  readonly coverage: Coverage;
  readonly degraded: boolean;
  readonly warnings: readonly string[];
  /** Documents of the catalogue that pass the filter (and, with min_score, reach it). */
  readonly total: { readonly value: number; readonly relation: 'eq' | 'gte' };
  readonly facetCounts?: Readonly<Record<string, readonly FacetCount[]>>;
  readonly strategy: string;
  readonly backend: string;
  readonly cached: boolean;
  readonly tookMs: number;
  readonly plan?: SearchPlan;
  /** Actual milliseconds per stage, for Server-Timing, metrics and explain. */
  readonly stages: Readonly<Record<string, number>>;
}

/** A neighbour of a document. */
export interface SimilarDocument {
  readonly id: string;
  readonly title: string;
  /** 0..1, the stronger of path and similarity. */
  readonly score: number;
  readonly similarity: number | null;
  readonly path: readonly PathStep[] | null;
  readonly reasons: readonly string[];
}
