import type { FieldValue } from './document.ts';
import type { SearchPlan } from './plan.ts';
import type { SourcedRule } from './rule.ts';
import type { Leg, SignalName } from './signal.ts';
import type { Warning } from './warning.ts';

export type LegState = 'ok' | 'late' | 'failed' | 'skipped' | 'open';

/** What became of one leg, the embedder or the read of documents that are not resident: never silent. */
export interface LegCoverage {
  /** `pending` in provisional answers alone: the leg may still answer. */
  readonly state: LegState | 'pending';
  readonly ms: number;
  readonly budgetMs: number;
  readonly candidates: number;
  /** Why it was skipped or failed; a code, never a driver's message. */
  readonly reason?: string;
}

export type Coverage = Readonly<Partial<Record<Leg | 'embedder' | 'documents', LegCoverage>>>;

export interface SignalExplanation {
  /** null: the signal could not be known (no query, leg late); it contributes 0. */
  readonly value: number | null;
  readonly weight: number;
  readonly contribution: number;
}

/** Values of one facet that two documents share. */
export interface SharedFacet {
  readonly facet: string;
  readonly values: readonly string[];
}

/** One step from a seed towards a document: over a relation, and over the shared value where it is derived. */
export interface PathStep {
  readonly type: string;
  readonly from: string;
  readonly to: string;
  readonly strength: number;
  /** The values that a derived relation runs over, for example `{facet: 'directors', values: ['...']}`. */
  readonly shared?: readonly SharedFacet[];
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
  readonly warnings: readonly Warning[];
  /** Documents of the catalogue that pass the filter (and, with min_score, reach it). */
  readonly total: { readonly value: number; readonly relation: 'eq' | 'gte' };
  readonly facetCounts?: Readonly<Record<string, readonly FacetCount[]>>;
  readonly strategy: string;
  readonly backend: string;
  readonly cached: boolean;
  /** Where the next page begins; null at the end of the list. */
  readonly cursor: string | null;
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

/** Neighbours, best first, and what became of the legs that were to bring them. */
export interface SimilarAnswer {
  readonly neighbours: readonly SimilarDocument[];
  readonly coverage: Coverage;
  /** A leg did not answer, or neighbours could not be read. */
  readonly degraded: boolean;
}

/** A hard rule (or the request's filter) that a document fails, and the value that it fails by. */
export interface DropReason {
  /** null: the request's filter. */
  readonly rule: SourcedRule | null;
  /** The document's value of the rule's facet or field, its id for rules about ids; null where it has none. */
  readonly value: FieldValue | readonly string[] | null;
}

/** A stage after scoring that moved a document down, by how many ranks, and the rule where one did. */
export interface PushReason {
  readonly stage: 'diversity' | 'rules';
  readonly ranks: number;
  readonly rule: SourcedRule | null;
}

/** A soft rule that applies to a document. */
export interface ScoreAdjustment {
  readonly rule: SourcedRule;
  /** > 0: boost, < 0: bury; before the sum of all is clamped. */
  readonly by: number;
}

/** Why a document is, or is not, where somebody expected it. */
export interface WhyNot {
  readonly id: string;
  readonly title: string;
  /**
   * `ranked`: in the list; `dropped`: by a hard rule; `seed`: asked for more like it; `below_floor`: scored, too low, or
   * pushed off the end of the list by pins; `not_recalled`: would have been in the list, had a leg brought it.
   */
  readonly outcome: 'ranked' | 'dropped' | 'seed' | 'below_floor' | 'not_recalled';
  /** Whether a leg brought it. */
  readonly inWindow: boolean;
  readonly sources: readonly Leg[];
  /** The exact score, also where the document is not in the list. */
  readonly score: number;
  /** The score that a document must reach to be in the list; null while the list has room for more. */
  readonly floor: number | null;
  readonly droppedBy: readonly DropReason[];
  readonly pushedBy: readonly PushReason[];
  readonly adjustedBy: readonly ScoreAdjustment[];
  /** From 1; null outside the list. */
  readonly ranks: { readonly fused: number; readonly diverse: number; readonly final: number } | null;
  readonly signals: Readonly<Partial<Record<SignalName, SignalExplanation>>>;
  readonly path: readonly PathStep[] | null;
  readonly coverage: Coverage;
  readonly degraded: boolean;
  readonly warnings: readonly Warning[];
  readonly tookMs: number;
}
