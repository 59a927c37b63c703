import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import type { Reranker } from '../../src/ports/reranker.ts';
import type { ScoringBackends } from '../../src/search/backend-choice.ts';

/** The reference backend and others, without anything that was measured. */
export function scoringWith(
  others: readonly Reranker[] = [],
  changes: Partial<ScoringBackends> = {},
): ScoringBackends {
  return {
    available: [...others, new JsReranker()],
    absent: [],
    setting: 'auto',
    calibrations: { load: async () => [], save: async () => {} },
    kept: [],
    ...changes,
  };
}
