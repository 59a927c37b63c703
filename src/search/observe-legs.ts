import type { PlannerInput } from '../domain/planner.ts';
import type { Coverage, LegCoverage } from '../domain/search-response.ts';
import type { LatencyBook, TimedPart } from './latency-book.ts';
import type { SearchContext } from './search-context.ts';

/** A late leg would have taken longer than it was given; nobody knows how much, the planner assumes a quarter more. */
const lateFactor = 1.25;

/** Feeds what the legs took to the planner and the metrics. */
export function observeLegs(context: SearchContext, coverage: Coverage): void {
  const { parts, stages } = context;
  for (const part of ['embedder', 'vector', 'lexical', 'graph'] as const) {
    const leg = coverage[part];
    if (leg === undefined || leg.state === 'skipped' || leg.state === 'pending') continue;
    observeLatency(parts.latencies, part, leg);
    parts.meter.stage(part, leg.state, leg.ms);
    stages[part] = leg.ms;
  }
}

/** How soon a store refuses says nothing about how soon it answers. */
function observeLatency(latencies: LatencyBook, part: TimedPart, leg: LegCoverage): void {
  if (leg.state === 'ok') latencies.add(part, leg.ms);
  else if (leg.state === 'late') {
    const atLeastMs = leg.budgetMs * lateFactor;
    // That it took longer than a very short budget says nothing about a part that is known to be slower.
    if (atLeastMs >= (latencies.estimates()[part as keyof PlannerInput['estimates']]?.p50Ms ?? 0))
      latencies.add(part, atLeastMs);
  }
}
