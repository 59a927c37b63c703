import type { LegCoverage } from '../domain/search-response.ts';

/** How the policy became known: its coverage, and whether what the answer needs is missing. */
export interface PolicyOutcome {
  readonly coverage: LegCoverage;
  readonly missing: boolean;
}

/** Known from memory: nothing was waited for. */
export const policyAtHand: PolicyOutcome = {
  coverage: { state: 'ok', ms: 0, budgetMs: 0, candidates: 0 },
  missing: false,
};
