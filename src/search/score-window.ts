import type { CandidateWindow } from '../domain/candidate-window.ts';
import { fusedColumn } from '../domain/fusion.ts';
import type { MaskProgram } from '../domain/mask-program.ts';
import type { RerankParams, RerankRequest } from '../domain/rerank-batch.ts';
import type { RankedRows } from '../domain/rescore.ts';
import { lexicalSignal } from '../domain/scoring.ts';
import { signalNames } from '../domain/signal.ts';
import { softRulesColumn } from '../domain/soft-rules.ts';
import { TriptychError } from '../errors.ts';
import type { ExactScorer } from '../ports/exact-scorer.ts';
import type { Hit } from '../ports/recall.ts';
import type { BackendName } from '../ports/reranker.ts';
import { dayMs } from '../std/day.ts';
import { float32sOf, listOf } from '../std/mapped.ts';
import { SparseNumbers } from '../std/sparse-numbers.ts';
import { preferenceTable } from './asker.ts';
import { rowOfHit, rowsOfHits } from './hit-rows.ts';
import { type LegOutcome, runLeg } from './leg-runner.ts';
import type { Recalled } from './recall.ts';
import type { ScorerWindow } from './rerank-batcher.ts';
import { scorerRows } from './scorer-rows.ts';
import type { SearchContext } from './search-context.ts';

/** The window's best R candidates with exact scores, signals and contributions, best first. */
export interface ScoredWindow {
  readonly window: ScorerWindow;
  readonly ranked: RankedRows;
  /** Which backend selected the candidates. */
  readonly backend: BackendName;
  /** Rows that the hard rules dropped from the window. */
  readonly droppedCount: number;
  /** How scoring the words of all candidates went; null where the leg brought nothing to score with. */
  readonly words: LegOutcome<unknown> | null;
}

/**
 * Fills the columns of the window, lets the backend select, and scores the selection exactly.
 * @param candidates whose vectors are here, where the scores need them (scorer-rows.ts)
 * @param pinned rows that are ranked whatever they score, behind the others; they pass the hard rules
 */
export async function scoreWindow(
  context: SearchContext,
  recalled: Recalled,
  candidates: CandidateWindow,
  pinned: readonly number[],
): Promise<ScoredWindow> {
  const { parts, snapshot, request, startedAtMs } = context;
  const startMs = parts.clock.nowMs();
  const words = await scoreWords(context, recalled, candidates.rows);
  const { table, transient, rows, mask } = scorerRows(context, candidates.rows);
  const window: ScorerWindow = {
    table,
    transient,
    request: rerankRequest(context, recalled, mask),
    rows,
    lexical: lexicalColumn(context, words?.value ?? null, candidates.rows),
    graph: graphColumn(context, recalled, candidates.rows),
    fused: fusionColumn(context, recalled, candidates.rows),
    rules: softRulesColumn(
      (context.asker?.policy.soft ?? []).map((sourced) => sourced.rule),
      snapshot,
      candidates.rows,
    ),
  };
  const endMs = startedAtMs + request.timeoutMs;
  const scored = await runLeg(parts.clock, endMs, (signal) =>
    parts.batcher.submit(window, { endMs, signal }),
  );
  parts.latencies.add('score', scored.ms);
  parts.meter.stage('score', scored.state, scored.ms);
  context.stages.score = parts.clock.nowMs() - startMs;
  if (scored.value === null) throw scorerError(scored.state, scored.reason);
  const rescoreMs = parts.clock.nowMs();
  // In one order whatever the backend's: between two entries of one document the first one of the window wins.
  const selected = scored.value.selected.slice().sort();
  const best = parts.exact.rescore(window, window.request, window, selected);
  const ranked = withRows(parts.exact, best, window, scorerRowsOf(candidates, rows, pinned));
  context.stages.rescore = parts.clock.nowMs() - rescoreMs;
  const { backend, dropped } = scored.value;
  return { window, ranked, backend, words, droppedCount: dropped.reduce((sum, count) => sum + count, 0) };
}

/** The ranked rows, and behind them those of `rows` that are not among them. */
function withRows(
  exact: ExactScorer,
  ranked: RankedRows,
  window: ScorerWindow,
  rows: readonly number[],
): RankedRows {
  const known = new Set(Array.from(ranked.positions, (position) => window.rows[position]!));
  const missing = rows.filter((row) => !known.has(row)).map((row) => window.rows.indexOf(row));
  if (missing.length === 0) return ranked;
  // All of them, however many score better.
  const params = { ...window.request.params, rankDepth: missing.length };
  const more = exact.rescore(window, { ...window.request, params }, window, Uint32Array.from(missing));
  return {
    count: ranked.count + more.count,
    positions: Uint32Array.from([...ranked.positions, ...more.positions]),
    scores: Float32Array.from([...ranked.scores, ...more.scores]),
    signals: Float64Array.from([...ranked.signals, ...more.signals]),
    contributions: Float64Array.from([...ranked.contributions, ...more.contributions]),
  };
}

function scorerError(state: string, reason: string | undefined): TriptychError {
  if (state === 'late' || reason === 'deadline_exceeded')
    return new TriptychError('deadline_exceeded', 'The deadline passed while scoring.', {
      retryAfterSeconds: 1,
    });
  if (reason === 'overloaded')
    return new TriptychError('overloaded', 'The scorer has no room for another request.', {
      retryAfterSeconds: 1,
    });
  return new TriptychError('internal', 'The scorer failed.');
}

/** What scorers call the rows of the window among `wanted`. */
function scorerRowsOf(candidates: CandidateWindow, rows: Uint32Array, wanted: readonly number[]): number[] {
  const places = wanted.map((row) => candidates.rows.indexOf(row));
  return places.filter((place) => place >= 0).map((place) => rows[place]!);
}

function rerankRequest(context: SearchContext, recalled: Recalled, mask: MaskProgram | null): RerankRequest {
  return {
    queryVector: recalled.queryVector,
    tasteVector: context.asker?.taste ?? null,
    preferences: preferenceTable(
      context.asker?.preferences ?? {},
      context.snapshot,
      context.profile.facetWeights,
    ),
    mask,
    params: rerankParams(context),
  };
}

function rerankParams(context: SearchContext): RerankParams {
  const { profile, catalogue, snapshot, nowMs } = context;
  const { lo, hi } = catalogue.schema.embedding;
  const newest = catalogue.schema.recency?.reference === 'newest_document';
  return {
    formula: profile.formula,
    weights: Float64Array.from(signalNames, (name) => profile.weights[name]),
    lo,
    hi,
    referenceMs: newest ? snapshot.newestMs : nowMs,
    halfLifeMs: profile.recencyHalfLifeDays * dayMs,
    productMin: profile.productClamp.min,
    productMax: profile.productClamp.max,
    rankDepth: profile.rankDepth,
  };
}

/** BM25 of every candidate, whichever leg brought it. */
async function scoreWords(
  context: SearchContext,
  recalled: Recalled,
  rows: Uint32Array,
): Promise<LegOutcome<Float64Array> | null> {
  const answer = recalled.text;
  if (answer === null) return null;
  const { parts, snapshot, startedAtMs, request } = context;
  const ids = listOf(rows, (row) => snapshot.idOf(row));
  return runLeg(parts.clock, startedAtMs + request.timeoutMs, (_signal, timeoutMs) =>
    answer.score(ids, rows, timeoutMs),
  );
}

/** The lexical signal of every candidate; NaN for all of them when the leg, or its second answer, did not come. */
function lexicalColumn(context: SearchContext, scores: Float64Array | null, rows: Uint32Array): Float32Array {
  if (scores === null) return new Float32Array(rows.length).fill(Number.NaN);
  return float32sOf(scores, (bm25) => lexicalSignal(bm25, context.profile.lexicalMidpoint));
}

/** Used within one call of graphColumn only. */
const strengths = new SparseNumbers();

/** The strength of each candidate within the seeds' support, 0 outside it; NaN when there is no graph leg. */
function graphColumn(context: SearchContext, recalled: Recalled, rows: Uint32Array): Float32Array {
  if (recalled.graph === null) return new Float32Array(rows.length).fill(Number.NaN);
  strengths.clear();
  for (const hit of recalled.graph.support) {
    const row = rowOfHit(context.snapshot, hit);
    if (row >= 0) strengths.set(row, hit.strength);
  }
  return float32sOf(rows, (row) => strengths.get(row, 0));
}

/** Reciprocal rank fusion of the legs' lists within their fixed depth; NaN unless the profile fuses. */
function fusionColumn(context: SearchContext, recalled: Recalled, rows: Uint32Array): Float32Array {
  const { profile, snapshot } = context;
  if (profile.formula !== 'rrf') return new Float32Array(rows.length).fill(Number.NaN);
  const depth = profile.legDepth;
  const toRows = (hits: readonly Hit[] | undefined) =>
    hits === undefined ? null : rowsOfHits(snapshot, hits);
  const legs = [
    {
      weight: profile.fusion.vector,
      ranked: toRows(recalled.vector ?? recalled.taste ?? undefined),
    },
    { weight: profile.fusion.lexical, ranked: toRows(recalled.text?.hits) },
    { weight: profile.fusion.graph, ranked: recalled.graphCandidates },
  ];
  return fusedColumn(rows, legs, profile.fusion.c, depth);
}
