import type { SearchPlan } from '../domain/plan.ts';
import type { Hit, RecallRequest } from '../ports/recall.ts';
import type { JointSearch } from './joint-search.ts';
import type { LegOutcome } from './leg-runner.ts';
import { nearestIndex } from './nearest-index.ts';
import type { SearchContext } from './search-context.ts';
import { startLeg } from './start-leg.ts';

type Near = Promise<LegOutcome<readonly Hit[]> | null>;

/** The query's vector is a question that others may ask too. */
export function nearQuery(
  context: SearchContext,
  plan: SearchPlan,
  vector: Float32Array,
  joint: JointSearch | null,
): Near {
  return startLeg(context, plan, 'vector', (question) =>
    context.parts.legs.vector(
      question,
      vector,
      (base) => joint?.query(base, vector) ?? nearest(context, base, vector),
      context.catalogue.stores.vectorRoundTrip,
    ),
  );
}

/** A taste is one user's own, so its answer is kept only where it costs a round trip. */
export function nearTaste(
  context: SearchContext,
  plan: SearchPlan,
  taste: Float32Array,
  joint: JointSearch | null,
): Near {
  const { catalogue, parts } = context;
  return startLeg(context, plan, 'vector', (question) => {
    const ask = (base: RecallRequest) => joint?.taste(base, taste) ?? nearest(context, base, taste);
    return catalogue.stores.vectorRoundTrip
      ? parts.legs.vector(question, taste, ask, true)
      : ask(question.base);
  });
}

async function nearest(
  context: SearchContext,
  base: RecallRequest,
  vector: Float32Array,
): Promise<readonly Hit[]> {
  const [hits] = await nearestIndex(context).search({ ...base, vectors: [vector] });
  return hits ?? [];
}
