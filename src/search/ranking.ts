import type { CandidateWindow } from '../domain/candidate-window.ts';
import type { SearchPlan } from '../domain/plan.ts';
import type { RankedList } from '../domain/ranked-list.ts';
import type { Coverage } from '../domain/search-response.ts';
import type { ListOrder } from './list-stages.ts';
import type { PolicyCandidates } from './policy-leg.ts';
import type { Recalled } from './recall.ts';
import type { ScoredWindow } from './score-window.ts';
import type { SearchContext } from './search-context.ts';

/** What the stages made of a request; `list` is what answers are cut from. */
export interface Ranking {
  readonly context: SearchContext;
  readonly plan: SearchPlan;
  readonly recalled: Recalled;
  readonly window: CandidateWindow;
  readonly scored: ScoredWindow;
  readonly order: ListOrder;
  readonly policy: PolicyCandidates;
  readonly coverage: Coverage;
  readonly degraded: boolean;
  readonly list: RankedList;
}
