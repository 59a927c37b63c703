import { beforeEach, describe, expect, it } from 'vitest';
import { LruCache } from '../../src/adapters/memory/lru-cache.ts';
import type { LegScores } from '../../src/domain/leg-scores.ts';
import type { Rule } from '../../src/domain/rule.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import type { Cache } from '../../src/ports/cache.ts';
import type { Hit } from '../../src/ports/recall.ts';
import type { TextAnswer, TextIndex } from '../../src/ports/text-index.ts';
import { delayed, delayedDocuments, type PartCall } from '../support/delayed-parts.ts';
import { RecordingMeter } from '../support/event-fixture.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type SearchFixture, searchFixture } from '../support/search-fixture.ts';

/** Answers of indexes outside the process, kept where several processes find them. */

let calls: PartCall[];
let scored: string[][];
let meter: RecordingMeter;
/** Whether answers come with every document that has a word, not only the recalled ones. */
let tellsAll: boolean;
let minScore: number;

/** Keeps which documents' scores the index was asked for. */
function watched(text: TextIndex): TextIndex {
  return {
    search: async (query) => {
      const answer = await text.search(query);
      return {
        hits: answer.hits,
        ...(tellsAll && { all: await everyHit(answer) }),
        score: (ids, rows, timeoutMs) => {
          scored.push([...ids]);
          return answer.score(ids, rows, timeoutMs);
        },
      };
    },
  };
}

async function everyHit({ hits, score }: TextAnswer): Promise<Hit[]> {
  const others = delayedDocuments.map(({ id }) => id).filter((id) => !hits.some((hit) => hit.id === id));
  const scores = await score(others);
  return [...hits, ...others.map((id, i) => ({ id, score: scores[i]! })).filter((hit) => hit.score > 0)];
}

function process(legs: Cache<LegScores>): Promise<SearchFixture> {
  const remote = { vectorRoundTrip: true, textRoundTrip: true };
  return searchFixture(
    (clock) => {
      const parts = delayed({}, calls)(clock);
      return { ...parts, ...remote, text: watched(parts.text) };
    },
    delayedDocuments,
    { legs, meter },
  );
}

async function search(fixture: SearchFixture, request: Partial<SearchRequest> = {}) {
  calls.length = 0;
  scored.length = 0;
  // Reached by every document, and another one each time: no list of before answers.
  minScore -= 1;
  const answer = await fixture.clock.run(fixture.search({ query: 'robot', minScore, ...request }));
  const asked = calls.flatMap(({ part }) => (part === 'embedder' ? [] : [part])).sort();
  return { asked, list: answer.results.map(({ id, score }) => [id, score]), coverage: answer.coverage };
}

const both = ['lexical', 'vector'];
const few: Rule = { kind: 'idsOnly', ids: ['d1', 'd2', 'd3'] };

beforeEach(() => {
  calls = [];
  scored = [];
  meter = new RecordingMeter();
  tellsAll = false;
  minScore = -2;
});

describe('kept answers of indexes outside the process', () => {
  it('serve other users and other processes, with the same lists, and the indexes are not asked', async () => {
    const legs = new LruCache<LegScores>({ entriesMax: 100, clock: new FakeClock() });
    const [a, b] = [await process(legs), await process(legs)];
    const first = await search(a);
    expect(first.asked).toEqual(both);
    expect(scored.length).toBeGreaterThan(0);
    for (const again of [await search(b), await search(a, { user: 'ann' })]) {
      expect(again.asked).toEqual([]);
      expect(scored).toEqual([]);
      expect(again.list).toEqual(first.list);
    }
  });

  it('are not given for other questions, rules or with cache: skip', async () => {
    const legs = new LruCache<LegScores>({ entriesMax: 100, clock: new FakeClock() });
    const fixture = await process(legs);
    await search(fixture);
    expect((await search(fixture, { query: 'space' })).asked).toContain('lexical');
    expect((await search(fixture, { constraints: [few] })).asked).toEqual(both);
    expect((await search(fixture, { constraints: [few] })).asked).toEqual([]);
    expect((await search(fixture, { cache: 'skip' })).asked).toEqual(both);
  });

  it('ask the index only for scores that are not known yet', async () => {
    const held = new Map<string, LegScores>();
    const legs: Cache<LegScores> = {
      get: async (key) => held.get(key),
      set: async (key, value) => void held.set(key, value),
      delete: async () => {},
      deletePrefix: async () => {},
    };
    const fixture = await process(legs);
    const first = await search(fixture);
    // As if no document but the recalled ones had been scored.
    for (const [key, { ids, scores, hitCount }] of held)
      held.set(key, {
        ids: ids.slice(0, hitCount),
        scores: scores.slice(0, hitCount),
        hitCount,
        isWhole: false,
      });
    const asked = meter.counts.words_cache_misses!;
    const second = await search(fixture);
    expect(second.list).toEqual(first.list);
    expect(scored).toHaveLength(1);
    expect(meter.counts.words_cache_misses).toBe(asked + 1);
    const third = await search(fixture);
    expect(third.list).toEqual(first.list);
    expect(scored).toEqual([]);
  });

  it('never ask an index again that has told all documents with a word, whatever others find', async () => {
    const legs = new LruCache<LegScores>({ entriesMax: 100, clock: new FakeClock() });
    const fixture = await process(legs);
    tellsAll = true;
    const plain = await search(fixture, { cache: 'skip' });
    // The half of the documents without the word are no hits, and candidates of the other leg.
    for (const asked of [both, []]) {
      const kept = await search(fixture);
      expect(kept.asked).toEqual(asked);
      expect(scored).toEqual([]);
      expect(kept.list).toEqual(plain.list);
    }
  });

  it('cost nothing but their time where the cache fails, hangs for a while or loses everything', async () => {
    const lost: Cache<LegScores> = {
      get: async () => undefined,
      set: () => Promise.reject(new Error('read-only')),
      delete: async () => {},
      deletePrefix: async () => {},
    };
    const fixture = await process(lost);
    const first = await search(fixture);
    expect(first.asked).toEqual(both);
    const second = await search(fixture);
    expect(second.asked).toEqual(both);
    expect(second.list).toEqual(first.list);
  });
});
