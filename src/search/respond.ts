import { sourcesOf } from '../domain/candidate-window.ts';
import { failingRules } from '../domain/mask-program.ts';
import type { RankedList } from '../domain/ranked-list.ts';
import { reasonsFor } from '../domain/reasons.ts';
import { countFacets, facetsOf, fieldsOf, titleIn } from '../domain/row-view.ts';
import type {
  Coverage,
  Relationship,
  SearchResponse,
  SearchResult,
  SignalExplanation,
} from '../domain/search-response.ts';
import { type SignalName, signalCount, signalNames } from '../domain/signal.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import type { Warning } from '../domain/warning.ts';
import { limits } from '../limits.ts';
import type { Conditions } from './conditions.ts';
import { coverageOf, runLeg } from './leg-runner.ts';
import type { SearchContext } from './search-context.ts';

/** Which part of a list to show. */
export interface Page {
  /** Indexes into the list, in order. */
  readonly indexes: readonly number[];
  /** Where the next page begins; null: the list ends here. */
  readonly nextOffset: number | null;
}

/** The page after `offset` of what is still allowed, at most k results. */
export function pageAfter(
  list: RankedList,
  offset: number,
  k: number,
  allowed: (id: string) => boolean = () => true,
): Page {
  const indexes: number[] = [];
  let index = offset;
  for (; index < list.ids.length && indexes.length < k; index++)
    if (allowed(list.ids[index]!)) indexes.push(index);
  return { indexes, nextOffset: index < list.ids.length ? index : null };
}

/** Writes the answer: results with where each comes from, relations, coverage, and the way to the next page. */
export async function respond(
  context: SearchContext,
  list: RankedList,
  page: Page,
  cached: boolean,
): Promise<SearchResponse> {
  const related = await relationshipsOf(context, list, page);
  const response = responseOf(context, list, page, { ...related, cached });
  const { parts } = context;
  parts.latencies.add(cached ? 'cached' : 'search', response.tookMs);
  parts.meter.search(response.strategy, list.degraded ? 'degraded' : 'ok', response.tookMs);
  return response;
}

interface Related {
  readonly cached: boolean;
  readonly coverage: Coverage;
  readonly lists: readonly (readonly Relationship[])[];
  readonly warnings: readonly Warning[];
}

/** The answer without anything that must be fetched, for what is only provisional. */
export function provisionalResponse(context: SearchContext, list: RankedList): SearchResponse {
  const page = { ...pageAfter(list, 0, context.request.k), nextOffset: null };
  return responseOf(context, list, page, { cached: false, coverage: list.coverage, lists: [], warnings: [] });
}

function responseOf(context: SearchContext, list: RankedList, page: Page, related: Related): SearchResponse {
  const { parts, request, snapshot } = context;
  const wantsPlan = request.explain === 'plan' || request.explain === 'full';
  return {
    results: page.indexes.map((index, i) => resultOf(context, list, index, related.lists[i])),
    coverage: related.coverage,
    degraded: list.degraded,
    warnings: [...list.warnings, ...related.warnings],
    total: list.total,
    ...(request.include.includes('facet_counts') && {
      facetCounts: countFacets(
        snapshot,
        context.conditions?.mask ?? snapshot.live,
        limits.facetCountValuesMax,
      ),
    }),
    strategy: related.cached ? 'CachedOnly' : list.plan.strategy,
    backend: list.backend,
    cached: related.cached,
    cursor: page.nextOffset === null ? null : cursorOf(context, list, page.nextOffset),
    tookMs: parts.clock.nowMs() - context.startedAtMs,
    ...(wantsPlan ? { plan: list.plan } : {}),
    stages: context.stages,
  };
}

function cursorOf({ parts, tenant, requestHash }: SearchContext, list: RankedList, offset: number): string {
  const { id, nowMs, digest } = list;
  return parts.cursors.encode({ tenant, requestHash, listId: id, offset, nowMs, digest });
}

function resultOf(
  context: SearchContext,
  list: RankedList,
  index: number,
  relationships: readonly Relationship[] | undefined,
): SearchResult {
  const { request, snapshot } = context;
  const id = list.ids[index]!;
  const row = snapshot.rowOf(id);
  const explained = request.explain === 'score' || request.explain === 'full';
  const path = list.paths[index]!;
  return {
    id,
    rank: index + 1,
    title: snapshot.titleOf(row),
    score: list.scores[index]!,
    sources: sourcesOf(list.sources[index]!),
    ...(explained ? explanation(context, list, index) : {}),
    ...(request.include.includes('fields') ? { fields: fieldsOf(snapshot, row) } : {}),
    ...(request.include.includes('facets') ? { facets: facetsOf(snapshot, row) } : {}),
    ...(relationships === undefined ? {} : { relationships }),
    ...(request.explain === 'full'
      ? {
          ranks: { fused: list.fusedRanks[index]!, diverse: list.diverseRanks[index]!, final: index + 1 },
          ...(path === null ? {} : { path }),
        }
      : {}),
  };
}

function explanation(
  context: SearchContext,
  list: RankedList,
  index: number,
): Pick<SearchResult, 'signals' | 'reasons'> {
  const { snapshot } = context;
  const [from, to] = [index * signalCount, (index + 1) * signalCount];
  const signals = list.signals.subarray(from, to);
  const contributions = list.contributions.subarray(from, to);
  const reasons = reasonsFor({
    signals,
    contributions,
    sources: sourcesOf(list.sources[index]!),
    path: list.paths[index]!,
    pinnedBy: list.pinnedBy[index]!,
    vectorOrigin: list.vectorOrigin,
    titleOf: (id) => titleIn(snapshot, id),
  });
  return { signals: explainedSignals(context, signals, contributions), reasons };
}

/** Value, weight and share of each signal that the profile's formula uses. */
export function explainedSignals(
  { profile }: Pick<SearchContext, 'profile'>,
  values: Float64Array,
  contributions: Float64Array,
): Partial<Record<SignalName, SignalExplanation>> {
  const signals: Partial<Record<SignalName, SignalExplanation>> = {};
  signalNames.forEach((name, s) => {
    const value = values[s]!;
    const contribution = contributions[s]!;
    // A signal that the formula does not use says nothing about the score, nor do soft rules that are not there.
    if (profile.weights[name] === 0 && contribution === 0) return;
    if (name === 'rules' && Number.isNaN(value)) return;
    signals[name] = {
      value: Number.isNaN(value) ? null : value,
      weight: profile.weights[name],
      contribution,
    };
  });
  return signals;
}

/** Relations of the page's documents, fetched by id after ranking; late or failed they are left out and reported. */
async function relationshipsOf(
  context: SearchContext,
  list: RankedList,
  page: Page,
): Promise<Omit<Related, 'cached'>> {
  const { parts, request, catalogue, snapshot, conditions, endMs } = context;
  if (!request.includeRelationships) return { coverage: list.coverage, lists: [], warnings: [] };
  const ids = page.indexes.map((index) => list.ids[index]!);
  const outcome = await runLeg(parts.clock, endMs, (signal, timeoutMs) =>
    catalogue.stores.graph.relationships({
      tenant: catalogue.tenant,
      snapshot,
      ids,
      limit: limits.relationshipsPerResultMax,
      timeoutMs,
      signal,
    }),
  );
  context.stages.relationships = outcome.ms;
  parts.meter.stage('relationships', outcome.state, outcome.ms);
  if (outcome.value !== null) {
    // The graph is asked now and knows no rules; the answer is of the epoch in which the search began, and under them.
    const lists = outcome.value.map((one) =>
      one.filter(({ id: other }) => keepsRules(conditions, snapshot, snapshot.rowOf(other))),
    );
    return { coverage: list.coverage, lists, warnings: [] };
  }
  const { graph } = list.coverage;
  const coverage =
    graph?.state === 'ok' ? list.coverage : { ...list.coverage, graph: coverageOf(outcome, 0) };
  const message = 'relationships: the graph did not answer, they are left out';
  return { coverage, lists: [], warnings: [{ code: 'relationships_missing', message }] };
}

/** Whether a document that is named beside a result is in the epoch and keeps all hard rules; the filter is about results. */
function keepsRules(conditions: Conditions | null, table: TableSnapshot, row: number): boolean {
  if (row < 0) return false;
  if (conditions === null || conditions.mask[row] === 1) return true;
  return failingRules(conditions.program, table, row).every((part) => conditions.parts[part] === null);
}
