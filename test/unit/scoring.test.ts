import { describe, expect, it } from 'vitest';
import { FacetPreferences } from '../../src/domain/facet-preferences.ts';
import { rescore } from '../../src/domain/rescore.ts';
import { lexicalSignal } from '../../src/domain/scoring.ts';
import { type SignalName, signalIndex } from '../../src/domain/signal.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { PreferenceTable, RerankRequest } from '../../src/ports/reranker.ts';
import { dayMs, params, request, weightsOf, windowOf } from '../support/score-cases.ts';
import { makeTable, mapVectors } from '../support/table.ts';

const table = makeTable(2, [
  {
    id: 'a',
    vector: [0.8, 0.6],
    popularity: 0.9,
    recencyMs: 0,
    facets: { genres: ['Comedy', 'Drama'], tags: ['cat', 'war'] },
  },
  { id: 'b', vector: [0, 1], facets: { genres: ['Horror'] } },
]);

function preferences(values: Record<string, number>, weights: Record<string, number> = {}): PreferenceTable {
  return {
    values: new Map(
      Object.entries(values).map(([key, value]) => {
        const [facet, name] = key.split(':');
        return [table.dictionary.codeOf(facet!, name!), value];
      }),
    ),
    facetWeights: new Map(Object.entries(weights)),
  };
}

function scoreOf(
  row: number,
  changes: Partial<RerankRequest>,
  columns: Parameters<typeof windowOf>[1] = {},
  from: TableSnapshot = table,
) {
  const { scores, signals, contributions } = rescore(
    { table: from, transient: null },
    request(changes),
    windowOf([row], columns),
    Uint32Array.of(0),
  );
  return {
    score: scores[0]!,
    signal: (name: SignalName) => signals[signalIndex[name]]!,
    contribution: (name: SignalName) => contributions[signalIndex[name]]!,
  };
}

describe('signals', () => {
  it('similarity and taste are cosines between lo and hi', () => {
    const axis = Float32Array.of(1, 0);
    const got = scoreOf(0, { queryVector: axis, tasteVector: axis, params: params({ lo: 0.4, hi: 0.9 }) });
    expect(got.signal('similarity')).toBeCloseTo(0.8, 6);
    expect(got.signal('taste')).toBe(got.signal('similarity'));
    expect(scoreOf(1, { queryVector: axis, params: params({ lo: 0.4 }) }).signal('similarity')).toBe(0);
    expect(scoreOf(0, { queryVector: axis, params: params({ hi: 0.7 }) }).signal('similarity')).toBe(1);
  });

  it('recency halves with every half-life before the reference; the future counts as now', () => {
    const at = (referenceMs: number): number =>
      scoreOf(0, { params: params({ referenceMs, halfLifeMs: 10 * dayMs }) }).signal('recency');
    expect(at(0)).toBe(1);
    expect(at(-5 * dayMs)).toBe(1);
    expect(at(20 * dayMs)).toBe(0.25);
    expect(at(Number.NaN)).toBeNaN();
  });

  it('what cannot be known is absent and contributes 0, without renormalising', () => {
    const got = scoreOf(
      1,
      { params: params({ weights: weightsOf({ popularity: 0.5, graph: 0.5 }) }) },
      { graph: [0.5] },
    );
    for (const name of [
      'similarity',
      'taste',
      'lexical',
      'fused',
      'preference',
      'popularity',
      'recency',
      'rules',
    ] as const)
      expect(got.signal(name), name).toBeNaN();
    expect(got.score).toBe(0.25);
    expect(got.contribution('popularity')).toBe(0);
    expect(got.contribution('graph')).toBe(0.25);
  });

  it('preference is the clamped sum over facets of weight times the mean of known values', () => {
    const of = (values: Record<string, number>, weights: Record<string, number> = {}): number =>
      scoreOf(0, { preferences: preferences(values, weights) }).signal('preference');
    expect(of({ 'genres:Comedy': 0.5, 'genres:Drama': -0.25 })).toBe(0.125);
    expect(of({ 'genres:Comedy': 0.5, 'tags:war': -0.25 })).toBe(0.25);
    expect(of({ 'genres:Comedy': 0.5, 'tags:war': -0.25 }, { genres: 0.5, tags: 2 })).toBe(-0.25);
    expect(of({ 'genres:Comedy': 1, 'tags:war': 1 })).toBe(1);
    expect(of({ 'genres:Comedy': -1, 'tags:war': -1 })).toBe(-1);
    expect(of({ 'genres:Horror': 1 })).toBe(0);
    expect(of({})).toBe(0);
  });

  it('numbers that are not finite or out of range cannot leave 0..1', () => {
    const odd = { ...table, popularity: Float32Array.of(Number.POSITIVE_INFINITY, -3) };
    const columns = { lexical: [2], graph: [Number.NEGATIVE_INFINITY], fused: [1 + 1e-6] };
    const got = scoreOf(0, {}, columns, odd);
    expect([
      got.signal('popularity'),
      got.signal('lexical'),
      got.signal('graph'),
      got.signal('fused'),
    ]).toEqual([1, 1, 0, 1]);
    expect(scoreOf(1, {}, {}, odd).signal('popularity')).toBe(0);
    const broken = { ...table, vectors: mapVectors(table.vectors, () => Number.NaN) };
    const vector = Float32Array.of(1, 0);
    expect(scoreOf(0, { queryVector: vector }, {}, broken).signal('similarity')).toBeNaN();
    expect(scoreOf(0, { queryVector: vector }, {}, broken).score).not.toBeNaN();
  });

  it('rules are added as they are, within half a point on both sides', () => {
    const got = (rules: number) => scoreOf(0, { params: params() }, { rules: [rules] });
    const none = scoreOf(0, { params: params() });
    expect(got(0.25).signal('rules')).toBe(0.25);
    expect(got(0.25).contribution('rules')).toBe(0.25);
    expect(got(0.25).score).toBe(Math.fround(none.score + 0.25));
    expect(got(-0.5).score).toBeLessThan(0);
    expect(got(-7).signal('rules')).toBe(-0.5);
    expect(got(Number.POSITIVE_INFINITY).contribution('rules')).toBe(0.5);
    expect(got(Number.NaN)).toMatchObject({ score: none.score });
  });

  it('lexical is one half at its midpoint', () => {
    expect(lexicalSignal(8, 8)).toBe(0.5);
    expect(lexicalSignal(0, 8)).toBe(0);
    expect(lexicalSignal(0, 0)).toBe(0);
    expect(lexicalSignal(24, 8)).toBe(0.75);
  });
});

describe('multiplicative', () => {
  const multiplicative = (values: Record<string, number> | null, weights: Record<string, number> = {}) =>
    scoreOf(0, {
      queryVector: Float32Array.of(0.8, 0.6),
      preferences: values === null ? null : preferences(values, weights),
      params: params({ formula: 'multiplicative', weights: weightsOf({ similarity: 1 }), hi: 2 }),
    });

  it('is similarity times the clamped product; preference holds the change', () => {
    const got = multiplicative({ 'genres:Comedy': 0.5, 'tags:war': -0.5 }, { tags: 0.5 });
    expect(got.score).toBeCloseTo(0.5 * 1.5 * 0.75, 6);
    expect(got.contribution('similarity')).toBeCloseTo(0.5, 6);
    expect(got.contribution('preference')).toBeCloseTo(0.5 * 1.5 * 0.75 - 0.5, 6);
    expect(multiplicative(null).score).toBeCloseTo(0.5, 6);
  });

  it('adds the rules to the product, not into it', () => {
    const ruled = (rules: number) =>
      scoreOf(
        0,
        {
          queryVector: Float32Array.of(0.8, 0.6),
          preferences: preferences({ 'genres:Comedy': -0.5 }),
          params: params({
            formula: 'multiplicative',
            weights: weightsOf({ similarity: 1, rules: 1 }),
            hi: 2,
          }),
        },
        { rules: [rules] },
      );
    expect(ruled(0.5).score).toBeCloseTo(0.5 * 0.5 + 0.5, 6);
    expect(ruled(-0.5).score).toBeCloseTo(0.5 * 0.5 - 0.5, 6);
    expect(ruled(-0.5).contribution('rules')).toBe(-0.5);
    expect(ruled(Number.NaN).contribution('rules')).toBe(0);
  });

  it('clamps on both sides, and two dislikes stay a dislike', () => {
    const low = { 'genres:Comedy': -1, 'genres:Drama': -1 };
    const high = { 'genres:Comedy': 1, 'genres:Drama': 1, 'tags:war': 1 };
    expect(multiplicative(low).score).toBeCloseTo(0.125, 6);
    expect(multiplicative(low, { genres: 5 }).score).toBeCloseTo(0.125, 6);
    expect(multiplicative(high).score).toBeCloseTo(2, 6);
  });
});

describe('facet preferences', () => {
  it('refuse what is not a preference, a weight or a code', () => {
    const make = (table_: PreferenceTable) => () => new FacetPreferences(table_, table, table);
    expect(make(preferences({ 'genres:Comedy': 1.5 }))).toThrow(/^preferences\.values\[\d+\]: 1\.5/);
    expect(make(preferences({ 'genres:Comedy': Number.NaN }))).toThrow(RangeError);
    expect(make(preferences({ 'genres:Comedy': 1 }, { genres: -1 }))).toThrow(
      /^preferences\.facetWeights\.genres/,
    );
    expect(make({ values: new Map([[1000, 1]]), facetWeights: new Map() })).toThrow(/1000 is not a code/);
    expect(make({ values: new Map([[-1, 1]]), facetWeights: new Map() })).toThrow(RangeError);
  });
});
