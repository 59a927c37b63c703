import { describe, expect, it } from 'vitest';
import { type PlannerInput, planSearch, reserveMs } from '../../src/domain/planner.ts';
import { builtInProfiles, profileProblems } from '../../src/domain/profile.ts';

const profile = builtInProfiles[0]!;

function input(changes: Partial<PlannerInput>): PlannerInput {
  return {
    hasQuery: true,
    hasEmbedding: false,
    seedCount: 0,
    hasUser: false,
    hasTaste: false,
    affinityCount: 0,
    ordersByRules: false,
    includeRelationships: false,
    diversity: 0,
    profile,
    timeoutMs: 500,
    pushdownShare: 0.3,
    predicate: null,
    embedderAvailable: true,
    partlyResident: false,
    estimates: {},
    probe: false,
    ...changes,
  };
}

const legsOf = (changes: Partial<PlannerInput>) => planSearch(input(changes)).legs.map((leg) => leg.leg);

describe('planSearch', () => {
  it('runs the legs that the request gives something to work on', () => {
    expect(legsOf({})).toEqual(['vector', 'lexical']);
    expect(legsOf({ seedCount: 2 })).toEqual(['vector', 'lexical', 'graph']);
    expect(legsOf({ hasQuery: false, seedCount: 2 })).toEqual(['vector', 'graph']);
    expect(legsOf({ hasQuery: false, hasEmbedding: true })).toEqual(['vector']);
    expect(legsOf({ hasQuery: false })).toEqual([]);
  });

  it('labels the plan and says why the others were not taken', () => {
    const plan = planSearch(input({ hasQuery: false, hasEmbedding: true }));
    expect(plan.strategy).toBe('VectorOnly');
    expect(plan.rejected).toContainEqual({ strategy: 'LexicalOnly', reason: 'no_query', estimatedMs: null });
    expect(plan.rejected).toContainEqual({ strategy: 'GraphOnly', reason: 'no_seeds', estimatedMs: null });
    expect(planSearch(input({})).strategy).toBe('HybridParallel');
    expect(planSearch(input({ embedderAvailable: false })).strategy).toBe('LexicalOnly');
    expect(planSearch(input({ hasQuery: false })).strategy).toBe('FilterOnly');
  });

  it("does not put the seeds' mean in the place of a query's vector", () => {
    const plan = planSearch(input({ seedCount: 1, embedderAvailable: false }));
    expect(plan.skipped).toContainEqual({ leg: 'vector', reason: 'no_embedder' });
  });

  it('embeds only what has no vector yet', () => {
    expect(planSearch(input({})).embed).not.toBeNull();
    expect(planSearch(input({ hasEmbedding: true })).embed).toBeNull();
    expect(planSearch(input({ hasQuery: false, seedCount: 1 })).embed).toBeNull();
  });

  it('keeps a reserve of the deadline and gives every leg the rest', () => {
    expect(reserveMs(20)).toBe(5);
    expect(reserveMs(500)).toBe(50);
    expect(planSearch(input({})).legs.every((leg) => leg.budgetMs === 450)).toBe(true);
  });

  it('pushes a filter down when it passes less than 30 % of the documents', () => {
    const pushdown = (passing: number) =>
      planSearch(input({ predicate: { passing, of: 1000, drops: [] } })).predicate?.pushdown;
    expect(pushdown(299)).toBe(true);
    expect(pushdown(300)).toBe(false);
    const free = (passing: number) =>
      planSearch(input({ pushdownShare: 1, predicate: { passing, of: 1000, drops: [] } })).predicate
        ?.pushdown;
    expect([free(999), free(1000)]).toEqual([true, false]);
  });

  it('shortens a leg that is sometimes too slow, leaves out one that mostly is, and tries it when probing', () => {
    const slow = (p50Ms: number, p95Ms: number) => ({ estimates: { graph: { p50Ms, p95Ms } }, seedCount: 1 });
    const graph = (changes: Partial<PlannerInput>) =>
      planSearch(input(changes)).legs.find((leg) => leg.leg === 'graph');
    expect(graph(slow(10, 20))?.depth).toBe(300);
    expect(graph(slow(100, 470))?.depth).toBe(150);
    expect(graph(slow(460, 800))).toBeUndefined();
    expect(planSearch(input(slow(460, 800))).skipped).toContainEqual({ leg: 'graph', reason: 'too_slow' });
    expect(graph({ ...slow(460, 800), probe: true })?.depth).toBe(300);
  });

  it('leaves a probed vector leg and its embedder half of the time each', () => {
    const estimates = { vector: { p50Ms: 600, p95Ms: 800 } };
    expect(planSearch(input({ estimates })).embed).toBeNull();
    expect(planSearch(input({ estimates, probe: true })).embed).toMatchObject({ budgetMs: 225 });
  });

  it('estimates the slowest chain plus the scorer', () => {
    const estimates = {
      embedder: { p50Ms: 30, p95Ms: 40 },
      vector: { p50Ms: 10, p95Ms: 12 },
      lexical: { p50Ms: 25, p95Ms: 30 },
      score: { p50Ms: 3, p95Ms: 4 },
    };
    expect(planSearch(input({ estimates })).estimatedMs).toBe(43);
    expect(planSearch(input({ estimates, hasEmbedding: true })).estimatedMs).toBe(28);
  });
});

describe('built-in profiles', () => {
  it('are usable', () => {
    for (const candidate of builtInProfiles) expect(profileProblems(candidate)).toEqual([]);
  });

  it('are refused when weights do not sum to 1 or do not fit the formula', () => {
    expect(profileProblems({ ...profile, weights: { ...profile.weights, similarity: 0.9 } })).toHaveLength(1);
    expect(profileProblems({ ...profile, weights: { ...profile.weights, rules: 0.5 } })).toEqual([
      'the weight of rules must be 1',
    ]);
    expect(profileProblems({ ...profile, formula: 'rrf' })).toHaveLength(1);
    expect(profileProblems({ ...profile, rankDepth: 10 })).toHaveLength(1);
  });
});
