import type { Predicate } from './predicate.ts';
import type { Rule } from './rule.ts';

export type ExplainLevel = 'none' | 'score' | 'plan' | 'full';
export type Include = 'fields' | 'facets' | 'facet_counts';

/** A parsed and bounded search; at least one of query, embedding, like, user, filter is given. */
export interface SearchRequest {
  readonly query: string | null;
  /** Replaces the query's vector; normalised to unit length by the parser. */
  readonly embedding: Float32Array | null;
  readonly like: readonly string[];
  /** Who is asking; null: nobody in particular. */
  readonly user: string | null;
  /** The situation; `default` needs no declaration. */
  readonly context: string;
  /** Rules of this request alone; they add to the policy's and never relax them. */
  readonly constraints: readonly Rule[];
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
  /** Continues the list that an earlier answer began; null: from its first rank. */
  readonly cursor: string | null;
  /** skip: neither answered from the cache nor kept in it. */
  readonly cache: 'use' | 'skip';
}
