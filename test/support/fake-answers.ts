import { calibrationCells } from '../../src/domain/calibration.ts';
import type { StoredDocument } from '../../src/domain/document.ts';
import type { SearchPlan } from '../../src/domain/plan.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { Coverage, WhyNot } from '../../src/domain/search-response.ts';
import type { PlanStats } from '../../src/ports/triptych.ts';

/** What the fake service answers with where it computes nothing. */
export const fakePlan: SearchPlan = {
  strategy: 'VectorOnly',
  embed: null,
  legs: [{ leg: 'vector', depth: 300, budgetMs: 100, estimatedMs: 2, afterEmbedding: false }],
  skipped: [{ leg: 'graph', reason: 'no_seeds' }],
  documents: null,
  predicate: null,
  stages: ['score'],
  rankDepth: 100,
  estimatedMs: 3,
  rejected: [],
};

export const pendingCoverage: Coverage = {
  vector: { state: 'pending', ms: 1, budgetMs: 100, candidates: 0 },
};

/** A document that the request's first hard rule or its filter drops, or that is ranked first. */
export function whyNot(
  document: StoredDocument,
  outcome: 'ranked' | 'dropped',
  { constraints }: SearchRequest,
): WhyNot {
  const rule = constraints[0];
  const sourced = rule === undefined ? null : ({ rule, source: 'request', index: 0 } as const);
  const dropped = outcome === 'dropped';
  return {
    id: document.id,
    title: document.title,
    outcome,
    inWindow: !dropped,
    sources: dropped ? [] : ['vector'],
    score: 0.25,
    floor: dropped ? null : 0.1,
    droppedBy: dropped ? [{ rule: sourced, value: document.facets.genres ?? null }] : [],
    pushedBy: dropped ? [] : [{ stage: 'rules', ranks: 2, rule: sourced }],
    adjustedBy: [],
    ranks: dropped ? null : { fused: 1, diverse: 1, final: 3 },
    signals: { similarity: { value: 0.5, weight: 0.5, contribution: 0.25 } },
    path: [{ type: 'SAME_GENRE', from: 'seed', to: document.id, strength: 0.5 }],
    coverage: pendingCoverage,
    degraded: false,
    warnings: [],
    tookMs: 1.23456,
  };
}

/** Statistics of a service with three backends, one of them missing. */
export const planStats: PlanStats = {
  legs: { vector: { count: 3, p50Ms: 1, p95Ms: 2 } },
  backend: 'native',
  scorer: {
    setting: 'auto',
    backends: [
      { name: 'native', variant: 'avx2', state: 'ready', reason: null },
      { name: 'cuda', variant: '', state: 'missing', reason: 'no driver' },
      { name: 'js', variant: '', state: 'ready', reason: null },
    ],
    calibrations: [
      {
        tier: 'f32',
        dimensionMax: 512,
        measuredAtMs: Date.UTC(2026, 0, 2),
        kept: true,
        backends: [
          { name: 'native', variant: 'avx2', us: calibrationCells.map((_, i) => 10 * (i + 1)) },
          { name: 'js', variant: '', us: calibrationCells.map((_, i) => (i === 0 ? 2 : 100 * i)) },
        ],
      },
    ],
  },
};
