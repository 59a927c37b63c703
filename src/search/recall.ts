import type { SearchPlan } from '../domain/plan.ts';
import type { Coverage, LegCoverage } from '../domain/search-response.ts';
import type { RecallLeg } from '../domain/signal.ts';
import { unitMean } from '../domain/vector.ts';
import type { GraphAnswer } from '../ports/graph-store.ts';
import type { Hit } from '../ports/recall.ts';
import type { TextAnswer } from '../ports/text-index.ts';
import { matchingEmbedder } from './embedding-space.ts';
import { rowOfHit } from './hit-rows.ts';
import { JointSearch } from './joint-search.ts';
import { coverageOf, type LegOutcome, runLeg, skippedCoverage } from './leg-runner.ts';
import { nearestIndex } from './nearest-index.ts';
import { graphSeeds, type SearchContext } from './search-context.ts';
import { plannedLeg, startLeg } from './start-leg.ts';
import { nearQuery, nearTaste } from './vector-leg.ts';

/** What the legs brought; a leg that did not answer is null for all candidates. */
export interface Recalled {
  readonly queryVector: Float32Array | null;
  /** Nearest to the query's vector, and to the user's taste. */
  readonly vector: readonly Hit[] | null;
  readonly taste: readonly Hit[] | null;
  readonly text: TextAnswer | null;
  readonly graph: GraphAnswer | null;
  /** Rows of the best of the graph's support that the conditions let pass, as deep as the leg; null with `graph`. */
  readonly graphCandidates: readonly number[] | null;
  readonly coverage: Coverage;
}

type Outcome<T> = Promise<LegOutcome<T> | null>;

/** The query's embedding under way; null: there is nothing to embed. */
export type Embedding = Outcome<Float32Array>;

/** Legs that need not know who asks; null: not planned, or nothing to ask with. */
export interface QuestionLegs {
  readonly embedding: Embedding;
  readonly vector: Promise<{
    readonly queryVector: Float32Array | null;
    readonly outcome: LegOutcome<readonly Hit[]> | null;
  }>;
  readonly lexical: Outcome<TextAnswer>;
  /** Where the query waits for the taste; null where each is asked by itself. */
  readonly joint: JointSearch | null;
}

/** Legs that start from what the user likes, or from the request's seeds. */
export interface SeededLegs {
  readonly taste: Outcome<readonly Hit[]>;
  readonly graph: Outcome<GraphAnswer>;
}

/**
 * Starts the legs of the question at once. Those that need no embedding are started in this turn of the event loop, so
 * that in-process indexes answer on the very epoch of the snapshot.
 * @param embedding one that is under way already
 */
export function startQuestion(context: SearchContext, plan: SearchPlan, embedding?: Embedding): QuestionLegs {
  const { catalogue, parts } = context;
  const lexical = searchWords(context, plan);
  const embedded = embedding ?? embedQuery(context, plan);
  const joint = catalogue.stores.vectorRoundTrip ? new JointSearch(nearestIndex(context), parts.clock) : null;
  const vector = embedded.then(async (made) => {
    const queryVector = made === null ? await givenVector(context, plan) : made.value;
    const outcome = queryVector === null ? null : await nearQuery(context, plan, queryVector, joint);
    // Not planned, known from before, or nothing to ask with: the taste need not wait.
    joint?.noQuery();
    return { queryVector, outcome };
  });
  return { embedding: embedded, vector, lexical, joint };
}

/** Starts, in this turn, what needs seeds or a taste. */
export function startSeeded(context: SearchContext, plan: SearchPlan, joint: JointSearch | null): SeededLegs {
  const { taste } = context.asker ?? { taste: null };
  const near = taste === null ? Promise.resolve(null) : nearTaste(context, plan, taste, joint);
  // None, not planned, or known from before: the query need not wait.
  if (taste === null) joint?.noTaste();
  else void near.then(() => joint?.noTaste());
  return { taste: near, graph: startGraph(context, plan) };
}

function searchWords(context: SearchContext, plan: SearchPlan): Outcome<TextAnswer> {
  const { catalogue, request, parts } = context;
  return startLeg(context, plan, 'lexical', (question) =>
    parts.legs.text(
      question,
      request.query ?? '',
      (base) => catalogue.stores.text.search({ ...base, text: request.query ?? '' }),
      catalogue.stores.textRoundTrip,
    ),
  );
}

function startGraph(context: SearchContext, plan: SearchPlan): Outcome<GraphAnswer> {
  return startLeg(context, plan, 'graph', ({ base }) => {
    // What a graph costs is what its seeds reach: a leg that is made shorter starts from fewer, the strongest.
    const seeds = graphSeeds(context);
    const most = Math.ceil((seeds.length * base.limit) / context.profile.legDepth);
    return context.catalogue.stores.graph.recall({ ...base, seeds: seeds.slice(0, most) });
  });
}

/** What scoring needs of given documents: the query's vector, the words and the graph, and no candidates of theirs. */
export async function recallGiven(context: SearchContext, plan: SearchPlan): Promise<Recalled> {
  const lexical = searchWords(context, plan);
  const seeded = startGraph(context, plan);
  const embedding = embedQuery(context, plan);
  const vector = embedding.then(async (outcome) => ({
    queryVector: outcome === null ? await givenVector(context, plan) : outcome.value,
    outcome: null,
  }));
  const none = Promise.resolve(null);
  const recall = new Recall(
    context,
    plan,
    { embedding, vector, lexical, joint: null },
    { taste: none, graph: seeded },
  );
  const recalled = await recall.done();
  // The embedder is planned together with the vector leg: one that is too slow takes the other with it.
  const slow = plan.skipped.some(({ leg, reason }) => leg === 'vector' && reason === 'too_slow');
  const embedder =
    slow && context.request.embedding === null ? { embedder: skippedCoverage('too_slow') } : {};
  const coverage = { ...recalled.coverage, ...embedder, vector: skippedCoverage('documents_given') };
  return { ...recalled, coverage };
}

/** Waits for all legs, or tells what is there now. */
export class Recall {
  readonly #context: SearchContext;
  readonly #plan: SearchPlan;
  readonly #all: Promise<unknown>;
  #embedded: LegOutcome<Float32Array> | null = null;
  #queryVector: Float32Array | null = null;
  readonly #outcomes: {
    vector?: LegOutcome<readonly Hit[]> | null;
    taste?: LegOutcome<readonly Hit[]> | null;
    lexical?: LegOutcome<TextAnswer> | null;
    graph?: LegOutcome<GraphAnswer> | null;
  } = {};
  readonly #legs: readonly Promise<LegOutcome<unknown> | null>[];

  constructor(context: SearchContext, plan: SearchPlan, question: QuestionLegs, seeded: SeededLegs) {
    this.#context = context;
    this.#plan = plan;
    const outcomes = this.#outcomes;
    const legs = [
      Promise.all([question.embedding, question.vector]).then(([embedded, { queryVector, outcome }]) => {
        this.#embedded = embedded;
        this.#queryVector = queryVector;
        outcomes.vector = outcome;
        return outcome;
      }),
      seeded.taste.then((outcome) => {
        outcomes.taste = outcome;
        return outcome;
      }),
      question.lexical.then((outcome) => {
        outcomes.lexical = outcome;
        return outcome;
      }),
      seeded.graph.then((outcome) => {
        outcomes.graph = outcome;
        return outcome;
      }),
    ];
    this.#all = Promise.all(legs);
    this.#legs = legs;
  }

  /** Resolves when a leg has brought something, or all are through. */
  async first(): Promise<void> {
    const brought = this.#legs.map(async (leg) => {
      if ((await leg)?.value == null) throw new Error('the leg brought nothing');
    });
    await Promise.any(brought).catch(() => undefined);
  }

  /** Whether some leg is still out. */
  get pending(): boolean {
    return Object.keys(this.#outcomes).length < 4;
  }

  async done(): Promise<Recalled> {
    await this.#all;
    return this.now();
  }

  /** What is there; legs that are still out are `pending`. */
  now(): Recalled {
    const { vector, taste, lexical, graph } = this.#outcomes;
    const candidates = this.#graphCandidates(graph?.value ?? null);
    const embedded = this.#embedded;
    const near = strongestOutcome(vector, taste);
    return {
      queryVector: this.#queryVector,
      vector: vector?.value ?? null,
      taste: taste?.value ?? null,
      text: lexical?.value ?? null,
      graph: graph?.value ?? null,
      graphCandidates: candidates,
      coverage: {
        ...(embedded === null ? {} : { embedder: coverageOf(embedded, 0) }),
        vector: this.#coverage('vector', near, countOf(vector?.value, taste?.value)),
        lexical: this.#coverage('lexical', lexical, lexical?.value?.hits.length ?? 0),
        graph: this.#coverage('graph', graph, candidates?.length ?? 0),
      },
    };
  }

  #graphCandidates(answer: GraphAnswer | null): number[] | null {
    const leg = plannedLeg(this.#plan, 'graph');
    if (answer === null || leg === undefined) return null;
    const { snapshot, conditions } = this.#context;
    const rows: number[] = [];
    for (const hit of answer.support) {
      if (rows.length >= leg.depth) break;
      const row = rowOfHit(snapshot, hit);
      if (row >= 0 && (conditions === null || conditions.mask[row] === 1)) rows.push(row);
    }
    return rows;
  }

  #coverage(
    leg: RecallLeg,
    outcome: LegOutcome<unknown> | null | undefined,
    candidates: number,
  ): LegCoverage {
    if (outcome === undefined) return { state: 'pending', ms: 0, budgetMs: 0, candidates };
    if (outcome !== null) {
      const note = leg === 'vector' && outcome.state === 'ok' ? this.#context.notes.vector : undefined;
      return { ...coverageOf(outcome, candidates), ...(note !== undefined && { reason: note }) };
    }
    const skipped = this.#plan.skipped.find((candidate) => candidate.leg === leg);
    if (skipped !== undefined) return skippedCoverage(skipped.reason);
    // Planned but not started: seeds that cancel out have no direction, or the embedding did not come.
    if (leg !== 'vector' || this.#embedded === null) return skippedCoverage('no_vector');
    return skippedCoverage(this.#embedded.state === 'late' ? 'embedder_late' : 'embedder_failed');
  }
}

/** One leg with two questions is as good as the worse answered one. */
function strongestOutcome(
  vector: LegOutcome<readonly Hit[]> | null | undefined,
  taste: LegOutcome<readonly Hit[]> | null | undefined,
): LegOutcome<unknown> | null | undefined {
  if (vector === undefined || taste === undefined) return undefined;
  if (vector === null || taste === null) return vector ?? taste;
  if (vector.state !== 'ok') return vector;
  return taste.state !== 'ok' || taste.ms > vector.ms ? taste : vector;
}

/** Documents in one list or the other. */
function countOf(a: readonly Hit[] | null | undefined, b: readonly Hit[] | null | undefined): number {
  if (a == null || b == null) return (a ?? b ?? []).length;
  return new Set([...a, ...b].map((hit) => hit.id)).size;
}

/**
 * A vector that needs no model: the request's own, or the unit mean of the seeds where they stand alone. Seeds that are not
 * resident are read within half of the vector leg's time; without one of them the mean would answer another question.
 */
async function givenVector(
  { request, snapshot, seeds, vectors, startedAtMs, endMs }: SearchContext,
  plan: SearchPlan,
): Promise<Float32Array | null> {
  if (request.embedding !== null) return request.embedding;
  if (request.query !== null || seeds.length === 0) return null;
  const rows = seeds.map((id) => snapshot.rowOf(id));
  if (!rows.every((row) => vectors.isHere(row))) {
    const leg = plannedLeg(plan, 'vector');
    await vectors.read(rows, leg === undefined ? endMs : startedAtMs + leg.budgetMs / 2);
  }
  const found = rows.flatMap((row) => vectors.vectorOf(row) ?? []);
  return found.length === rows.length ? unitMean(found) : null;
}

async function embedQuery(context: SearchContext, plan: SearchPlan): Embedding {
  const { parts, request, catalogue, startedAtMs } = context;
  const embedder = matchingEmbedder(parts.embedder, catalogue.schema);
  if (plan.embed === null || embedder === null || request.query === null) return null;
  const text = request.query;
  return runLeg(parts.clock, startedAtMs + plan.embed.budgetMs, async (signal) => {
    const [vector] = await embedder.embed([text], signal);
    return vector!;
  });
}
