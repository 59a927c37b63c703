import { effectivePolicy } from '../domain/effective-policy.ts';
import { reserveMs } from '../domain/planner.ts';
import { defaultContext, type TenantRules } from '../domain/policy.ts';
import { pathReason } from '../domain/reasons.ts';
import { titleIn } from '../domain/row-view.ts';
import { clamp01 } from '../domain/scoring.ts';
import type { Coverage, LegCoverage, SimilarAnswer, SimilarDocument } from '../domain/search-response.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { widen } from '../domain/vector.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { GraphAnswer, GraphHit } from '../ports/graph-store.ts';
import type { Hit, RecallRequest } from '../ports/recall.ts';
import type { ActiveCatalogue } from './active-catalogue.ts';
import { compileConditions } from './conditions.ts';
import { coverageOf, type LegOutcome, runLeg } from './leg-runner.ts';
import { nearestIndex } from './nearest-index.ts';
import { policyAtHand } from './policy-outcome.ts';
import type { SearchContext, SearchParts } from './search-context.ts';
import { TransientVectors } from './transient-vectors.ts';

/**
 * Neighbours of one document: those that a path of relations reaches and those that are close in meaning, each with
 * what connects it. Ordered by the stronger of the two, then by id. The tenant's hard rules hold here too. Documents that
 * are not resident are read; a neighbour that cannot be is left out, because its place could not be told.
 * @throws TriptychError document_not_found | no_catalogue | unavailable | policy_unavailable
 */
export async function similar(
  parts: SearchParts,
  tenant: string,
  id: string,
  limit: number,
  startedAtMs: number,
): Promise<SimilarAnswer> {
  const catalogue = parts.registry.active(tenant);
  const { rules, coverage: policy } = await tenantRules(parts, tenant, startedAtMs);
  const snapshot = catalogue.table.acquire();
  try {
    const row = snapshot.rowOf(id);
    if (row < 0) throw new TriptychError('document_not_found', `There is no document "${id}".`);
    const endMs = startedAtMs + limits.timeoutMsDefault;
    const vectors = new TransientVectors(parts, tenant, snapshot, catalogue.demand);
    // What is read takes turns with the legs: a third of the time each.
    const thirdMs = vectors.isPartial ? limits.timeoutMsDefault / 3 : 0;
    await vectors.read([row], startedAtMs + thirdMs);
    const vector = vectors.vectorOf(row);
    if (vector === null) throw unanswered('The document could not be read in time.');
    const { conditions } = compileConditions(catalogue, snapshot, {
      filter: null,
      policy: effectivePolicy({ ...nobody, tenant: rules }),
      seen: null,
      hidden: [],
      nowMs: parts.clock.epochMs(),
    });
    const base = { tenant, snapshot, predicate: conditions, limit: limit + 1 };
    const legs = await askLegs({ parts, catalogue, base, endMs: endMs - thirdMs }, id, vector);
    const paths = new Map(legs.graph.value?.support.map((hit) => [hit.id, hit]));
    const ids = new Set([...(legs.vector.value?.[0] ?? []).map((hit) => hit.id), ...paths.keys()]);
    ids.delete(id);
    const rows = [...ids]
      .map((other) => snapshot.rowOf(other))
      .filter((other) => other >= 0 && (conditions === null || conditions.mask[other] === 1));
    const wide = widen(vector);
    const neighbours = (await readable(vectors, rows, endMs)).map((other) =>
      connect({ snapshot, vectors, wide }, other, paths.get(snapshot.idOf(other)) ?? null),
    );
    neighbours.sort(
      (a, b) =>
        b.score - a.score ||
        snapshot.tieRanks[snapshot.rowOf(a.id)]! - snapshot.tieRanks[snapshot.rowOf(b.id)]!,
    );
    const coverage = coverageOfAll(legs, policy, vectors);
    const degraded = Object.values(coverage).some(({ state }) => state !== 'ok');
    return { neighbours: neighbours.slice(0, limit), coverage, degraded };
  } finally {
    snapshot.release();
  }
}

/** What both legs are asked with. */
interface Question {
  readonly parts: SearchParts;
  readonly catalogue: ActiveCatalogue;
  readonly base: Omit<RecallRequest, 'timeoutMs' | 'signal'>;
  readonly endMs: number;
}

interface Legs {
  readonly vector: LegOutcome<readonly (readonly Hit[])[]>;
  readonly graph: LegOutcome<GraphAnswer>;
  readonly notes: SearchContext['notes'];
}

/** @throws TriptychError unavailable where neither answers */
async function askLegs(
  { parts, catalogue, base, endMs }: Question,
  id: string,
  of: Float32Array,
): Promise<Legs> {
  const notes: SearchContext['notes'] = {};
  const nearest = nearestIndex({ catalogue, parts, notes });
  const [vector, graph] = await Promise.all([
    runLeg(parts.clock, endMs, (signal, timeoutMs) =>
      nearest.search({ ...base, vectors: [of], timeoutMs, signal }),
    ),
    runLeg(parts.clock, endMs, (signal, timeoutMs) =>
      catalogue.stores.graph.recall({ ...base, seeds: [{ id, weight: 1 }], timeoutMs, signal }),
    ),
  ]);
  parts.meter.stage('vector', vector.state, vector.ms);
  parts.meter.stage('graph', graph.state, graph.ms);
  if (vector.value === null && graph.value === null)
    throw unanswered('Neither the vectors nor the graph answered in time.');
  return { vector, graph, notes };
}

function coverageOfAll(
  { vector, graph, notes }: Legs,
  policy: LegCoverage,
  vectors: TransientVectors,
): Coverage {
  return {
    vector: {
      ...coverageOf(vector, vector.value?.[0]?.length ?? 0),
      ...(vector.state === 'ok' && notes.vector !== undefined && { reason: notes.vector }),
    },
    graph: coverageOf(graph, graph.value?.support.length ?? 0),
    policy,
    ...(vectors.coverage !== null && { documents: vectors.coverage }),
  };
}

/** Rows whose vectors are here, or can be read until `endMs`. @throws TriptychError unavailable where none can */
async function readable(
  vectors: TransientVectors,
  rows: readonly number[],
  endMs: number,
): Promise<number[]> {
  await vectors.read(rows, endMs);
  const here = rows.filter((row) => vectors.isHere(row));
  if (here.length === 0 && rows.length > 0) throw unanswered('The neighbours could not be read in time.');
  return here;
}

function unanswered(message: string): TriptychError {
  return new TriptychError('unavailable', message, { retryAfterSeconds: 1 });
}

/** Nobody in particular, in no particular situation. */
const nobody = { template: null, policy: null, contextPolicy: null, constraints: [] } as const;

/**
 * The tenant's rules, as the store says them or said them lately.
 * @throws TriptychError policy_unavailable: without the rules nothing can be shown that they might forbid
 */
async function tenantRules(
  parts: SearchParts,
  tenant: string,
  startedAtMs: number,
): Promise<{ readonly rules: TenantRules; readonly coverage: LegCoverage }> {
  const known = parts.heads.peek(tenant, null, defaultContext);
  if (known !== null) return { rules: known.rules, coverage: policyAtHand.coverage };
  const endMs = startedAtMs + (limits.timeoutMsDefault - reserveMs(limits.timeoutMsDefault)) / 2;
  const read = await runLeg(parts.clock, endMs, () => parts.heads.read(tenant, null, defaultContext));
  parts.meter.stage('policy', read.state, read.ms);
  if (read.value !== null) return { rules: read.value.rules, coverage: coverageOf(read, 0) };
  const copy = parts.heads.lastGood(tenant, null, defaultContext);
  if (copy !== null)
    return { rules: copy.rules, coverage: { ...coverageOf(read, 0), state: 'ok', reason: 'last_good_copy' } };
  throw new TriptychError('policy_unavailable', "The tenant's rules could not be read.", {
    retryAfterSeconds: 1,
  });
}

/** What neighbours are compared on, and with: the document's own vector. */
interface Comparison {
  readonly snapshot: TableSnapshot;
  readonly vectors: TransientVectors;
  readonly wide: Float64Array;
}

/** Both connections are computed for every neighbour, whichever leg brought it. */
function connect(
  { snapshot, vectors, wide }: Comparison,
  row: number,
  hit: GraphHit | null,
): SimilarDocument {
  const id = snapshot.idOf(row);
  const { lo, hi } = snapshot.schema.embedding;
  const cosine = vectors.dotAt(row, wide);
  const similarity = clamp01((cosine - lo) / (hi - lo));
  const reason = hit === null ? null : pathReason(hit.path, (other) => titleIn(snapshot, other));
  return {
    id,
    title: snapshot.titleOf(row),
    score: Math.max(similarity, hit?.strength ?? 0),
    similarity,
    path: hit?.path ?? null,
    reasons: reason === null ? [] : [reason],
  };
}
