import type { PlannedLeg, SearchPlan } from '../domain/plan.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { Coverage, LegCoverage } from '../domain/search-response.ts';
import type { RecallLeg } from '../domain/signal.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { unitMean } from '../domain/vector.ts';
import type { Clock } from '../ports/clock.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { GraphAnswer } from '../ports/graph-store.ts';
import type { CompiledPredicate, Hit, RecallRequest } from '../ports/recall.ts';
import type { TextAnswer } from '../ports/text-index.ts';
import type { ActiveCatalogue } from './active-catalogue.ts';
import { coverageOf, type LegOutcome, runLeg, skippedCoverage } from './leg-runner.ts';

/** One search's legs at work: everything recall needs, and nothing of what follows it. */
export interface RecallInput {
  readonly request: SearchRequest;
  readonly plan: SearchPlan;
  readonly catalogue: ActiveCatalogue;
  readonly snapshot: TableSnapshot;
  readonly predicate: CompiledPredicate | null;
  /** Seeds that are in the catalogue. */
  readonly seeds: readonly string[];
  readonly embedder: Embedder | null;
  /** Monotonic milliseconds of the request's start; budgets of the plan count from it. */
  readonly startedAtMs: number;
  readonly clock: Clock;
}

/** What the legs brought; a leg that did not answer is null for all candidates. */
export interface Recalled {
  readonly queryVector: Float32Array | null;
  readonly vector: readonly Hit[] | null;
  readonly text: TextAnswer | null;
  readonly graph: GraphAnswer | null;
  /** The best of the graph's support that the filter lets pass, as deep as the leg; null with `graph`. */
  readonly graphCandidates: readonly string[] | null;
  readonly coverage: Coverage;
}

/**
 * Runs the planned legs at once. Those that need no embedding are started in this turn of the event loop, so that
 * in-process indexes answer on the very epoch of the snapshot.
 */
export async function recall(input: RecallInput): Promise<Recalled> {
  const { request, plan, catalogue, seeds } = input;
  const planned = (leg: RecallLeg) => plan.legs.find((candidate) => candidate.leg === leg);
  const lexical = start(input, planned('lexical'), (base) =>
    catalogue.stores.text.search({ ...base, text: request.query ?? '' }),
  );
  const graph = start(input, planned('graph'), (base) =>
    catalogue.stores.graph.recall({ ...base, seeds: seeds.map((id) => ({ id, weight: 1 })) }),
  );
  const embedding = embedQuery(input);
  const vector = embedding.then((outcome) => recallVectors(input, planned('vector'), outcome));
  const [text, support, embedded, { queryVector, outcome }] = await Promise.all([
    lexical,
    graph,
    embedding,
    vector,
  ]);
  const candidates = graphCandidates(input, support?.value ?? null, planned('graph'));
  return {
    queryVector,
    vector: outcome?.value ?? null,
    text: text?.value ?? null,
    graph: support?.value ?? null,
    graphCandidates: candidates,
    coverage: {
      ...(embedded === null ? {} : { embedder: coverageOf(embedded, 0) }),
      vector: legCoverage(plan, 'vector', outcome, outcome?.value?.length ?? 0, embedded),
      lexical: legCoverage(plan, 'lexical', text, text?.value?.hits.length ?? 0, null),
      graph: legCoverage(plan, 'graph', support, candidates?.length ?? 0, null),
    },
  };
}

interface VectorRecall {
  readonly queryVector: Float32Array | null;
  readonly outcome: LegOutcome<readonly Hit[]> | null;
}

/** The vector leg, once it is known whether the query's embedding came. */
async function recallVectors(
  input: RecallInput,
  leg: PlannedLeg | undefined,
  embedded: LegOutcome<Float32Array> | null,
): Promise<VectorRecall> {
  const queryVector = embedded === null ? givenVector(input) : embedded.value;
  if (queryVector === null) return { queryVector, outcome: null };
  const outcome = await start(input, leg, async (base) => {
    const [hits] = await input.catalogue.stores.vector.search({ ...base, vectors: [queryVector] });
    return hits ?? [];
  });
  return { queryVector, outcome };
}

/** A vector that needs no model: the request's own, or the unit mean of the seeds where they stand alone. */
function givenVector(input: RecallInput): Float32Array | null {
  const { request, snapshot, seeds } = input;
  if (request.embedding !== null) return request.embedding;
  if (request.query !== null || seeds.length === 0) return null;
  const { dimension, vectors } = snapshot;
  return unitMean(
    seeds.map((id) => {
      const row = snapshot.rowOf(id);
      return vectors.subarray(row * dimension, (row + 1) * dimension);
    }),
  );
}

async function embedQuery(input: RecallInput): Promise<LegOutcome<Float32Array> | null> {
  const { plan, request, embedder, clock, startedAtMs } = input;
  if (plan.embed === null || embedder === null || request.query === null) return null;
  const text = request.query;
  return runLeg(clock, startedAtMs + plan.embed.budgetMs, async (signal) => {
    const [vector] = await embedder.embed([text], signal);
    return vector!;
  });
}

function start<T>(
  input: RecallInput,
  leg: PlannedLeg | undefined,
  work: (base: RecallRequest) => Promise<T>,
): Promise<LegOutcome<T>> | null {
  if (leg === undefined) return null;
  const { catalogue, snapshot, plan, predicate, clock, startedAtMs } = input;
  return runLeg(clock, startedAtMs + leg.budgetMs, (signal) =>
    work({
      tenant: catalogue.tenant,
      snapshot,
      predicate: plan.predicate?.pushdown === true ? predicate : null,
      limit: leg.depth,
      signal,
    }),
  );
}

function graphCandidates(
  { snapshot, predicate }: RecallInput,
  answer: GraphAnswer | null,
  leg: PlannedLeg | undefined,
): string[] | null {
  if (answer === null || leg === undefined) return null;
  const ids: string[] = [];
  for (const hit of answer.support) {
    if (ids.length >= leg.depth) break;
    const row = snapshot.rowOf(hit.id);
    if (row >= 0 && (predicate === null || predicate.mask[row] === 1)) ids.push(hit.id);
  }
  return ids;
}

function legCoverage(
  plan: SearchPlan,
  leg: RecallLeg,
  outcome: LegOutcome<unknown> | null,
  candidates: number,
  embedded: LegOutcome<unknown> | null,
): LegCoverage {
  if (outcome !== null) return coverageOf(outcome, candidates);
  const skipped = plan.skipped.find((candidate) => candidate.leg === leg);
  if (skipped !== undefined) return skippedCoverage(skipped.reason);
  // Planned but not started: seeds that cancel out have no direction, or the embedding did not come.
  if (embedded === null) return skippedCoverage('no_vector');
  return skippedCoverage(embedded.state === 'late' ? 'embedder_late' : 'embedder_failed');
}
