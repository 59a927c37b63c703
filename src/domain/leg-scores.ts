/**
 * What a leg answered, freed of the process that asked: the first `hitCount` ids are the recalled list, best first; the
 * others are documents whose score was asked for besides.
 */
export interface LegScores {
  readonly ids: readonly string[];
  /** The store's own, one per id. */
  readonly scores: Float64Array;
  readonly hitCount: number;
  /** Whether every document that is not among the ids scores 0. */
  readonly isWhole: boolean;
}
