import type { Answer } from '../api/wire.ts';

export type RowState = 'ok' | 'late' | 'failed' | 'skipped' | 'open' | 'pending' | 'done';

/** One line of the timeline, in milliseconds from the arrival of the request. */
export interface TimelineRow {
  readonly name: string;
  readonly state: RowState;
  readonly startMs: number;
  readonly endMs: number;
  /** When its budget ends; null: it has none of its own. */
  readonly budgetEndMs: number | null;
  /** How long the planner thought that it would take; null: not planned. */
  readonly estimatedMs: number | null;
  readonly candidates: number | null;
  readonly reason: string | null;
}

export interface Timeline {
  readonly rows: readonly TimelineRow[];
  readonly tookMs: number;
  readonly deadlineMs: number;
  /** Milliseconds with a mark on the axis, rising; the last is the end of the axis. */
  readonly ticks: readonly number[];
}

const legs = ['embedder', 'policy', 'lexical', 'vector', 'graph', 'documents'] as const;
/** Stages behind the legs, one after the other. */
const stages = [
  { name: 'scoring', parts: ['score', 'rescore'] },
  { name: 'ordering', parts: ['diversify', 'rules'] },
] as const;

/**
 * Lays out what an answer took. A leg begins when the plan lets it: at once, or when what it needs (the query's
 * embedding; of somebody's graph, who that is) was there; stages follow when the legs are through. Of an answer out of
 * the cache the legs are those of when the list was made, and there are no stages.
 */
export function timelineOf(answer: Answer, deadlineMs: number): Timeline {
  const { plan, timings = {}, coverage } = answer;
  const rows: TimelineRow[] = [];
  for (const name of legs) {
    const leg = coverage[name];
    if (leg === undefined) continue;
    const planned = plan?.legs.find((one) => one.leg === name);
    const startMs = startOf(name, answer);
    const isSkipped = leg.state === 'skipped';
    rows.push({
      name,
      state: leg.state,
      startMs,
      endMs: startMs + leg.ms,
      budgetEndMs: isSkipped || leg.budget_ms <= 0 ? null : startMs + leg.budget_ms,
      estimatedMs:
        planned?.estimated_ms ?? (name === 'embedder' ? (plan?.embed?.estimated_ms ?? null) : null),
      candidates: isSkipped || name === 'embedder' || name === 'policy' ? null : leg.candidates,
      reason: leg.reason ?? null,
    });
  }
  let atMs = Math.max(0, ...rows.map(({ endMs }) => endMs));
  for (const { name, parts } of stages) {
    const times = parts.flatMap((part) => timings[part] ?? []);
    if (times.length === 0) continue;
    const endMs = atMs + times.reduce((sum, ms) => sum + ms, 0);
    rows.push({ ...stageRow, name, startMs: atMs, endMs });
    atMs = endMs;
  }
  const most = Math.max(answer.took_ms, deadlineMs, ...rows.map(({ endMs }) => endMs));
  return { rows, tookMs: answer.took_ms, deadlineMs, ticks: ticksTo(most) };
}

/** Legs whose candidates are those that documents are fetched for. */
const candidateLegs = ['lexical', 'vector', 'graph'] as const;

function endOf(name: (typeof candidateLegs)[number], answer: Answer): number {
  const leg = answer.coverage[name];
  return leg === undefined || leg.state === 'skipped' ? 0 : startOf(name, answer) + leg.ms;
}

const stageRow = {
  state: 'done',
  budgetEndMs: null,
  estimatedMs: null,
  candidates: null,
  reason: null,
} as const;

function startOf(name: (typeof legs)[number], answer: Answer): number {
  const { plan, coverage } = answer;
  const embedMs = coverage.embedder?.ms ?? 0;
  const policyMs = coverage.policy?.ms ?? 0;
  if (name === 'graph') return policyMs;
  if (name === 'documents') return Math.max(0, ...candidateLegs.map((leg) => endOf(leg, answer)));
  return plan?.legs.find(({ leg }) => leg === name)?.after_embedding === true ? embedMs : 0;
}

/** Beyond it there is no room beside the number at the end. */
const lastTickAt = 0.82;
const niceTicks = [0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000];

function ticksTo(mostMs: number): number[] {
  return [...niceTicks.filter((tick) => axisPlace(tick, mostMs) < lastTickAt), mostMs];
}

/**
 * Where a time stands on an axis that ends at `endMs`, 0..1. The axis is logarithmic (log of 1 + ms), so that legs of a
 * millisecond and a deadline of half a second are both seen.
 */
export function axisPlace(ms: number, endMs: number): number {
  return Math.min(1, Math.log1p(Math.max(0, ms)) / Math.log1p(endMs));
}

const reasonTexts: Readonly<Record<string, string>> = {
  budget_exceeded: 'its budget ran out',
  too_slow: 'too slow for the deadline',
  no_query: 'there is no query',
  no_vector: 'there is no vector to search with',
  no_embedder: 'there is no embedder',
  last_good_copy: 'from the last good copy',
  documents_changed: 'documents changed in this moment',
  no_seeds: 'nothing to start from',
  not_all_resident: 'not all documents are in memory',
  all_candidates_resident: 'all documents are in memory',
  one_leg_only: 'only one leg could run',
  fewer_signals_for_no_time_saved: 'fewer signals, and no time saved',
  not_possible: 'not possible for this request',
};

/** A code for why a leg was skipped or a plan rejected, in words. */
export function reasonText(code: string): string {
  return reasonTexts[code] ?? code.replaceAll('_', ' ');
}
