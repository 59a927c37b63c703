import type { Predicate } from './predicate.ts';

export type ExplainLevel = 'none' | 'score' | 'plan' | 'full';
export type Include = 'fields' | 'facets' | 'facet_counts';

/** A parsed and bounded search; at least one of query, embedding, like, filter is given. */
export interface SearchRequest {
  readonly query: string | null;
  /** Replaces the query's vector; normalised to unit length by the parser. */
  readonly embedding: Float32Array | null;
  readonly like: readonly string[];
  readonly k: number;
  readonly profile: string;
  readonly timeoutMs: number;
  /** false: an incomplete answer is an error (504) instead. */
  readonly partial: boolean;
  readonly minScore: number | null;
  readonly filter: Predicate | null;
  /** null: the profile's. */
  readonly diversity: number | null;
  readonly include: readonly Include[];
  readonly includeRelationships: boolean;
  readonly explain: ExplainLevel;
}
