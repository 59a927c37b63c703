import type { PlannedLeg, RejectedPlan, SearchPlan, SkippedLeg, Strategy } from './plan.ts';
import type { Profile } from './profile.ts';
import { type RecallLeg, recallLegs } from './signal.ts';

/** What is known of a leg's latency; null before it ever ran. */
export interface LatencyEstimate {
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export interface PlannerInput {
  readonly hasQuery: boolean;
  readonly hasEmbedding: boolean;
  /** Seeds of the request. */
  readonly seedCount: number;
  readonly hasUser: boolean;
  /** Whether the user has a taste vector, and how many documents the graph can start from. */
  readonly hasTaste: boolean;
  readonly affinityCount: number;
  /** Whether list-wise rules follow. */
  readonly ordersByRules: boolean;
  readonly includeRelationships: boolean;
  readonly diversity: number;
  readonly profile: Profile;
  readonly timeoutMs: number;
  /** Share of passing documents below which a filter is pushed into the legs; 1 where that costs nothing. */
  readonly pushdownShare: number;
  /** Documents that pass the filter and the hard rules, and documents in all; null where everything passes. */
  readonly predicate: Omit<NonNullable<SearchPlan['predicate']>, 'pushdown'> | null;
  readonly embedderAvailable: boolean;
  /** Whether there are documents whose vectors must be read from the truth. */
  readonly partlyResident: boolean;
  readonly estimates: Readonly<
    Partial<Record<RecallLeg | 'embedder' | 'documents' | 'score', LatencyEstimate>>
  >;
  /** true: legs that look too slow are tried all the same, so that a recovered leg is noticed. */
  readonly probe: boolean;
}

/** Assumed before the first measurement, milliseconds. */
const unmeasuredMs = { embedder: 30, vector: 5, lexical: 2, graph: 2, documents: 10, score: 2 } as const;

/** A leg is not made shorter than this; a list of fewer candidates is no recall. */
const shortenedDepthMin = 50;

/** Share of the time before the reserve that is kept for reading what is not resident. */
const documentsShare = 0.25;

/**
 * The plan of a search: a pure function of the request's shape, the profile, the live latencies and the deadline.
 * Every leg may run until the reserve that scoring and answering need, and until what reading candidates needs where not
 * all documents are resident; a leg that cannot answer by then is halved or,
 * where that would not do either, skipped with the reason `too_slow`.
 */
export function planSearch(input: PlannerInput): SearchPlan {
  const readsEnd = input.timeoutMs - reserveMs(input.timeoutMs);
  const end = input.partlyResident ? readsEnd * (1 - documentsShare) : readsEnd;
  const documents = input.partlyResident
    ? { budgetMs: readsEnd, estimatedMs: estimate(input, 'documents') }
    : null;
  const afterMs = (documents?.estimatedMs ?? 0) + estimate(input, 'score');
  const embed = planEmbedding(input, end);
  const { legs, skipped } = chooseLegs(input, embed, end);
  const embeds = embed !== null && legs.some((planned) => planned.afterEmbedding);
  const slowest = legs.map((leg) => leg.estimatedMs + (leg.afterEmbedding ? (embed?.estimatedMs ?? 0) : 0));
  const strategy = strategyOf(input, legs);
  return {
    strategy,
    embed: embeds ? embed : null,
    legs,
    skipped,
    documents,
    predicate:
      input.predicate === null ? null : { ...input.predicate, pushdown: pushesDown(input, input.predicate) },
    stages: stagesOf(input, embeds),
    rankDepth: input.profile.rankDepth,
    estimatedMs: Math.max(0, ...slowest) + afterMs,
    rejected: rejectedPlans(strategy, legs, skipped, afterMs, input.partlyResident),
  };
}

/** Whether over-fetching might not fill the window: a filter that passes everything needs no push-down. */
function pushesDown(
  { pushdownShare }: PlannerInput,
  predicate: { readonly passing: number; readonly of: number },
): boolean {
  return predicate.passing < pushdownShare * predicate.of;
}

function planEmbedding(input: PlannerInput, end: number): SearchPlan['embed'] {
  if (!input.hasQuery || input.hasEmbedding || !input.embedderAvailable) return null;
  return { budgetMs: embeddingBudgetMs(input, end), estimatedMs: estimate(input, 'embedder') };
}

/**
 * What the vector leg leaves of the time. A probe tries a leg that looks too slow, so it may not take its estimate at its
 * word: half of the time stays for the embedder.
 */
function embeddingBudgetMs(input: PlannerInput, end: number): number {
  const vectorMs = estimate(input, 'vector');
  return Math.max(1, end - (input.probe ? Math.min(vectorMs, end / 2) : vectorMs));
}

function chooseLegs(
  input: PlannerInput,
  embed: SearchPlan['embed'],
  end: number,
): { legs: PlannedLeg[]; skipped: SkippedLeg[] } {
  const legs: PlannedLeg[] = [];
  const skipped: SkippedLeg[] = [];
  for (const leg of recallLegs) {
    const reason = impossible(input, leg, embed);
    const afterEmbedding = leg === 'vector' && embed !== null;
    const planned =
      reason === null ? planLeg(input, leg, afterEmbedding, embed?.estimatedMs ?? 0, end) : null;
    if (planned !== null) legs.push(planned);
    else skipped.push({ leg, reason: reason ?? 'too_slow' });
  }
  return { legs, skipped };
}

/** Why the request gives a leg nothing to work on, or null. */
function impossible(input: PlannerInput, leg: RecallLeg, embed: SearchPlan['embed']): string | null {
  if (leg === 'lexical') return input.hasQuery ? null : 'no_query';
  if (leg === 'graph') return input.seedCount + input.affinityCount > 0 ? null : 'no_seeds';
  if (input.hasEmbedding || embed !== null || input.hasTaste) return null;
  // A query's vector is not replaced by the seeds' mean: it would answer another question.
  if (input.hasQuery) return 'no_embedder';
  return input.seedCount > 0 ? null : 'no_vector';
}

/** Time kept back for scoring and answering: a tenth of the deadline, 20 ms where that is affordable. */
export function reserveMs(timeoutMs: number): number {
  return Math.max(Math.min(20, timeoutMs / 4), timeoutMs / 10);
}

function estimate(input: PlannerInput, part: keyof typeof unmeasuredMs): number {
  return input.estimates[part]?.p50Ms ?? unmeasuredMs[part];
}

function planLeg(
  input: PlannerInput,
  leg: RecallLeg,
  afterEmbedding: boolean,
  embedMs: number,
  end: number,
): PlannedLeg | null {
  const available = end - (afterEmbedding ? embedMs : 0);
  const { embedder } = input.estimates;
  const measured = input.estimates[leg];
  const estimatedMs = estimate(input, leg);
  const depth = input.profile.legDepth;
  const planned = { leg, depth, budgetMs: end, estimatedMs, afterEmbedding };
  // What is not measured yet is given a chance, unless the embedding before it is known to leave it none.
  if (input.probe || (measured === undefined && !(afterEmbedding && embedder))) return planned;
  const { p50Ms, p95Ms } = measured ?? { p50Ms: estimatedMs, p95Ms: estimatedMs };
  if (p95Ms <= available) return planned;
  if (p50Ms <= available)
    return { ...planned, depth: Math.min(depth, Math.max(shortenedDepthMin, depth >> 1)) };
  return null;
}

function strategyOf({ hasUser, partlyResident }: PlannerInput, legs: readonly PlannedLeg[]): Strategy {
  if (legs.length > 1) return partlyResident ? 'HybridSequential' : 'HybridParallel';
  switch (legs[0]?.leg) {
    case 'vector':
      return 'VectorOnly';
    case 'lexical':
      return 'LexicalOnly';
    case 'graph':
      return 'GraphOnly';
    default:
      return hasUser ? 'PolicyOnly' : 'FilterOnly';
  }
}

function stagesOf(input: PlannerInput, embeds: boolean): string[] {
  return [
    ...(input.predicate === null ? [] : ['filter']),
    ...(embeds ? ['embed'] : []),
    'recall',
    'union',
    ...(input.partlyResident ? ['documents'] : []),
    'score',
    'rescore',
    ...(input.diversity > 0 ? ['diversify'] : []),
    ...(input.ordersByRules ? ['rules'] : []),
    ...(input.includeRelationships ? ['relationships'] : []),
  ];
}

/** Why no other strategy was taken: what the request lacks, or what it would have cost. */
function rejectedPlans(
  chosen: Strategy,
  legs: readonly PlannedLeg[],
  skipped: readonly SkippedLeg[],
  afterMs: number,
  isPartly: boolean,
): RejectedPlan[] {
  const single: readonly [Strategy, RecallLeg][] = [
    ['VectorOnly', 'vector'],
    ['LexicalOnly', 'lexical'],
    ['GraphOnly', 'graph'],
  ];
  const rejected: RejectedPlan[] = [];
  for (const [strategy, leg] of single) {
    if (strategy === chosen) continue;
    const planned = legs.find((candidate) => candidate.leg === leg);
    const reason = skipped.find((candidate) => candidate.leg === leg)?.reason;
    rejected.push({
      strategy,
      reason: planned === undefined ? (reason ?? 'not_possible') : 'fewer_signals_for_no_time_saved',
      estimatedMs: planned === undefined ? null : planned.estimatedMs + afterMs,
    });
  }
  const oneLegOnly = legs.length < 2 ? 'one_leg_only' : null;
  if (chosen !== 'HybridParallel')
    rejected.push({
      strategy: 'HybridParallel',
      reason: oneLegOnly ?? 'not_all_resident',
      estimatedMs: null,
    });
  if (chosen !== 'HybridSequential')
    rejected.push({
      strategy: 'HybridSequential',
      reason: isPartly ? 'one_leg_only' : 'all_candidates_resident',
      estimatedMs: null,
    });
  return rejected;
}
