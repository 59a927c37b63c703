import type { PlannedLeg, SearchPlan } from '../domain/plan.ts';
import type { RecallLeg } from '../domain/signal.ts';
import type { RecallRequest } from '../ports/recall.ts';
import type { LegQuestion } from './leg-memory.ts';
import { type LegOutcome, runLeg } from './leg-runner.ts';
import type { SearchContext } from './search-context.ts';

export function plannedLeg(plan: SearchPlan, leg: RecallLeg): PlannedLeg | undefined {
  return plan.legs.find((candidate) => candidate.leg === leg);
}

/** Starts a leg as far as it is planned, within its budget; null: it is not. */
export async function startLeg<T>(
  context: SearchContext,
  plan: SearchPlan,
  name: RecallLeg,
  work: (question: LegQuestion) => Promise<T>,
): Promise<LegOutcome<T> | null> {
  const leg = plannedLeg(plan, name);
  if (leg === undefined) return null;
  const { tenant, snapshot, conditions, parts, startedAtMs } = context;
  const pushed = plan.predicate?.pushdown === true ? conditions : null;
  return runLeg(parts.clock, startedAtMs + leg.budgetMs, (signal, timeoutMs) => {
    const base: RecallRequest = {
      tenant,
      snapshot,
      predicate: pushed,
      limit: leg.depth,
      timeoutMs,
      signal,
    };
    // An index that is behind its epoch may say something else in a moment.
    const shareable = context.request.cache === 'use' && parts.indexes.settled(tenant, startedAtMs);
    return work({ base, conditions: shareable ? (pushed === null ? '' : pushed.key) : null });
  });
}
