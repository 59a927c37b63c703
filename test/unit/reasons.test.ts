import { describe, expect, it } from 'vitest';
import { pathReason, type ReasonInput, reasonsFor } from '../../src/domain/reasons.ts';
import type { PathStep } from '../../src/domain/search-response.ts';
import { type SignalName, signalIndex, signalNames } from '../../src/domain/signal.ts';

const titles: Record<string, string> = { o: '2001: A Space Odyssey', l: 'Barry Lyndon', p: 'Paths of Glory' };
const titleOf = (id: string): string | null => titles[id] ?? null;

const director: PathStep = {
  type: 'SAME_DIRECTOR',
  from: 'o',
  to: 'x',
  strength: 0.6,
  shared: [{ facet: 'directors', values: ['Stanley Kubrick'] }],
};

/** Signals as [value, contribution]. */
function input(
  signals: Partial<Record<SignalName, readonly [number, number]>>,
  changes: Partial<ReasonInput> = {},
): ReasonInput {
  const values = new Float64Array(signalNames.length).fill(Number.NaN);
  const contributions = new Float64Array(signalNames.length);
  for (const name of signalNames) {
    const signal = signals[name];
    if (signal === undefined) continue;
    values[signalIndex[name]] = signal[0];
    contributions[signalIndex[name]] = signal[1];
  }
  return {
    signals: values,
    contributions,
    sources: [],
    path: null,
    vectorOrigin: 'query',
    pinnedBy: null,
    titleOf,
    ...changes,
  };
}

describe('reasons', () => {
  it('come strongest first and are at most 3', () => {
    const got = reasonsFor(
      input({
        similarity: [0.5, 0.2],
        lexical: [0.9, 0.3],
        popularity: [0.9, 0.06],
        recency: [0.9, 0.03],
      }),
    );
    expect(got).toEqual(['words of the query occur in it', 'close in meaning to the query', 'popular']);
  });

  it('name only what is so: weak signals and negative contributions are none', () => {
    expect(
      reasonsFor(
        input({
          similarity: [0.1, 0.04],
          popularity: [0.4, 0.03],
          recency: [0.2, 0.01],
          preference: [-0.5, -0.1],
          graph: [0, 0],
        }),
      ),
    ).toEqual([]);
  });

  it('tell what the vector stands for', () => {
    const similar = { similarity: [0.5, 0.2] } as const;
    expect(reasonsFor(input(similar, { vectorOrigin: 'like' }))).toEqual([
      'close in meaning to the liked documents',
    ]);
    expect(reasonsFor(input(similar, { vectorOrigin: 'embedding' }))).toEqual([
      'close to the given embedding',
    ]);
  });

  it('tell the path once, also where the profile gives the graph no weight', () => {
    const expected = 'shares director Stanley Kubrick with 2001: A Space Odyssey';
    const weighted = input({ graph: [0.6, 0.1] }, { path: [director], sources: ['graph'] });
    expect(reasonsFor(weighted)).toEqual([expected]);
    const unweighted = input({ similarity: [0.5, 0.5] }, { path: [director], sources: ['graph'] });
    expect(reasonsFor(unweighted)).toEqual(['close in meaning to the query', expected]);
  });

  it('name a rule that lifts a result, never one that lowers it', () => {
    expect(reasonsFor(input({ lexical: [0.9, 0.1], rules: [0.2, 0.2] }))).toEqual([
      'boosted by a rule',
      'words of the query occur in it',
    ]);
    expect(reasonsFor(input({ rules: [-0.2, -0.2] }))).toEqual([]);
    expect(reasonsFor(input({ rules: [0, 0] }))).toEqual([]);
  });

  it('tell what brought a fused result', () => {
    const fused = input({ fused: [0.9, 0.7] }, { sources: ['vector', 'lexical', 'graph'], path: [director] });
    expect(reasonsFor(fused)).toEqual([
      'found by meaning, words and relations',
      'shares director Stanley Kubrick with 2001: A Space Odyssey',
      'words of the query occur in it',
    ]);
  });

  it('break ties in the order of the signals', () => {
    const got = reasonsFor(
      input({ recency: [1, 0.1], popularity: [1, 0.1], preference: [1, 0.1], taste: [1, 0.1] }),
    );
    expect(got).toEqual(['close to your taste', 'fits your preferences', 'popular']);
  });
});

describe('paths in words', () => {
  it('name shared values, all facets, a few values', () => {
    const shared = [
      { facet: 'countries', values: ['France'] },
      { facet: 'tags', values: ['war', 'trench', 'court', 'general', 'mud'] },
    ];
    expect(pathReason([{ ...director, shared }], titleOf)).toBe(
      'shares country France and tags war, trench, court and 2 more with 2001: A Space Odyssey',
    );
    expect(pathReason([{ ...director, shared: [{ facet: 'series', values: ['Up'] }] }], titleOf)).toBe(
      'shares series Up with 2001: A Space Odyssey',
    );
  });

  it('name relations, longer paths and unknown documents', () => {
    const { shared: _, ...plain } = director;
    expect(pathReason([{ ...plain, type: 'SIMILAR_TO' }], titleOf)).toBe('similar to 2001: A Space Odyssey');
    expect(pathReason([{ ...plain, type: 'SEQUEL_OF' }], titleOf)).toBe(
      'related to 2001: A Space Odyssey (sequel of)',
    );
    expect(pathReason([plain, { ...plain, from: 'l', to: 'p' }], titleOf)).toBe(
      'related to 2001: A Space Odyssey through Barry Lyndon',
    );
    expect(pathReason([{ ...plain, from: '42', type: 'SIMILAR_TO' }], titleOf)).toBe('similar to 42');
    expect(pathReason([], titleOf)).toBeNull();
  });
});
