import { afterEach, describe, expect, it } from 'vitest';
import type { RelevanceAnswer, RelevanceRequest } from '../../src/domain/relevance.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import { limits } from '../../src/limits.ts';
import {
  type FixtureParts,
  fanOfDocuments,
  inProcessParts,
  plainRequest,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';

const documents = fanOfDocuments(40);
const ids = documents.map(({ id }) => id);
const open: SearchFixture[] = [];

async function setUp(parts: typeof inProcessParts = inProcessParts): Promise<SearchFixture> {
  const fixture = await searchFixture(parts, documents);
  open.push(fixture);
  return fixture;
}

afterEach(async () => {
  for (const { clock, service } of open.splice(0)) await clock.run(service.close());
});

function rerank(
  { clock, service }: SearchFixture,
  search: Partial<SearchRequest>,
  request: Partial<Omit<RelevanceRequest, 'search'>> = {},
): Promise<RelevanceAnswer> {
  const whole = { search: { ...plainRequest, ...search }, ids, topN: 1_000, ...request };
  return clock.run(service.rerank('default', whole, { startedAtMs: clock.nowMs() }));
}

describe('rerank', () => {
  it.each([
    ['a query', { query: 'robot space' }],
    ['a vector', { query: 'robot', embedding: documents[7]!.embedding! }],
    [
      'rules',
      { query: 'robot', constraints: [{ kind: 'boost', facet: 'genres', values: ['Comedy'], by: 0.2 }] },
    ],
    ['the product of preferences', { query: 'robot', profile: 'multiplicative' }],
  ] as const)('scores like a search with %s', async (_, search) => {
    const fixture = await setUp();
    const found = await fixture.clock.run(fixture.search({ ...search, k: 100 }));
    const answer = await rerank(fixture, search);
    expect(answer.degraded).toBe(false);
    expect(answer.results.map(({ index, relevance }) => [ids[index], relevance])).toEqual(
      found.results.map(({ id, score }) => [id, Math.min(1, Math.max(0, score))]),
    );
    expect(found.results.length).toBe(40);
    expect(answer.coverage.vector).toMatchObject({ state: 'skipped', reason: 'documents_given' });
  });

  it('leaves out what hard rules drop and what does not exist, and says the latter', async () => {
    const fixture = await setUp();
    const given = ['d1', 'nobody', 'd3', 'd4'];
    const rule = { kind: 'exclude', facet: 'genres', values: ['Comedy'] } as const;
    const answer = await rerank(fixture, { query: 'robot', constraints: [rule] }, { ids: given });
    expect(answer.results.map(({ index }) => given[index]).sort()).toEqual(['d1', 'd4']);
    expect(answer.warnings).toEqual([
      { code: 'unknown_document', message: 'ids[1]: there is no document "nobody"' },
    ]);
    expect([answer.dropped, answer.droppedCount]).toEqual([
      [{ index: 2, droppedBy: [{ rule: { rule, source: 'request', index: 0 }, value: ['Comedy'] }] }],
      1,
    ]);
    const none = await rerank(fixture, { query: 'robot' }, { ids: ['nobody'] });
    expect([none.results, none.dropped, none.droppedCount]).toEqual([[], [], 0]);
  });

  it('names some of many that are dropped, and counts them all', async () => {
    const fixture = await setUp();
    const only = Array.from({ length: 500 }, (_, i) => `other ${i}`);
    const constraints = [{ kind: 'idsOnly', ids: only } as const];
    const many = Array.from({ length: 300 }, (_, i) => `d${i % 40}`);
    const answer = await rerank(fixture, { query: 'robot', constraints }, { ids: many });
    expect([answer.results, answer.droppedCount]).toEqual([[], 300]);
    expect(answer.dropped).toHaveLength(limits.rerankDroppedMax);
    expect(answer.dropped[7]).toMatchObject({
      index: 7,
      droppedBy: [{ rule: { rule: { kind: 'idsOnly', ids: only.slice(0, 10) } }, value: 'd7' }],
    });
  });

  it('takes an id twice, and cuts at top_n', async () => {
    const fixture = await setUp();
    const given = ['d5', 'd2', 'd5'];
    const all = await rerank(fixture, { query: 'robot' }, { ids: given });
    expect(all.results.map(({ index }) => given[index])).toEqual(['d2', 'd5', 'd5']);
    expect(all.results.map(({ index }) => index)).toEqual([1, 0, 2]);
    const two = await rerank(fixture, { query: 'robot' }, { ids: given, topN: 2 });
    expect(two.results).toEqual(all.results.slice(0, 2));
  });

  it('ranks more than the profile does', async () => {
    const fixture = await setUp();
    const many = Array.from({ length: 1_000 }, (_, i) => `d${i % 40}`);
    const answer = await rerank(fixture, { query: 'robot' }, { ids: many });
    expect(answer.results.length).toBe(1_000);
    const relevances = answer.results.map(({ relevance }) => relevance);
    expect(relevances).toEqual([...relevances].sort((a, b) => b - a));
  });

  it('says that the embedder was left out where it is too slow for the deadline', async () => {
    const fixture = await setUp(() => {
      const parts = inProcessParts();
      const { embedder } = parts;
      const slow = {
        ...embedder,
        embed: (texts: readonly string[], signal: AbortSignal) => later(texts, signal),
      };
      const later = async (texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> => {
        await new Promise<void>((resolve) => open[0]!.clock.after(300, resolve));
        return [...(await embedder!.embed(texts, signal))];
      };
      return { ...parts, embedder: slow as typeof embedder };
    });
    // Its slowness becomes known, then no plan for a short deadline has it.
    await fixture.clock.run(fixture.search({ query: 'robot', timeoutMs: 10_000 }));
    for (let i = 0; i < 5; i++) await rerank(fixture, { query: `robot ${i}`, timeoutMs: 10_000 });
    const searched = await fixture.clock.run(fixture.search({ query: 'space', timeoutMs: 40 }));
    const answer = await rerank(fixture, { query: 'space', timeoutMs: 40 });
    expect(answer.coverage.embedder).toMatchObject({ state: 'skipped', reason: 'too_slow' });
    expect([answer.degraded, searched.degraded]).toEqual([true, true]);
    await expect(rerank(fixture, { query: 'space', timeoutMs: 40, partial: false })).rejects.toMatchObject({
      code: 'deadline_exceeded',
    });
  });

  it('goes on without a leg that is late, says so, and refuses that where it is not wanted', async () => {
    const slow = (): ReturnType<typeof inProcessParts> => {
      const parts = inProcessParts();
      const never: FixtureParts['text'] = { search: () => new Promise(() => {}) };
      return { ...parts, text: never };
    };
    const fixture = await setUp(slow);
    const answer = await rerank(fixture, { query: 'robot' });
    expect(answer.degraded).toBe(true);
    expect(answer.coverage.lexical?.state).toBe('late');
    expect(answer.results.length).toBe(40);
    await expect(rerank(fixture, { query: 'robot', partial: false })).rejects.toMatchObject({
      code: 'deadline_exceeded',
    });
  });
});
