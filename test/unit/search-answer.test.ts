import { afterEach, describe, expect, it } from 'vitest';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import { unit } from '../support/arbitraries.ts';
import {
  type FixtureOptions,
  fanOfDocuments,
  inProcessParts,
  plainRequest,
  type SearchFixture,
  searchFixture,
  silentMeter,
} from '../support/search-fixture.ts';

const documents = fanOfDocuments(40);
const open: SearchFixture[] = [];

async function setUp(options: FixtureOptions = {}): Promise<SearchFixture> {
  const fixture = await searchFixture(inProcessParts, documents, options);
  open.push(fixture);
  return fixture;
}

afterEach(async () => {
  for (const { clock, service } of open.splice(0)) await clock.run(service.close());
});

const ask = (fixture: SearchFixture, request: Partial<SearchRequest>) =>
  fixture.clock.run(fixture.search(request));

describe('explain', () => {
  it.each([
    ['none', { signals: false, ranks: false, plan: false }],
    ['score', { signals: true, ranks: false, plan: false }],
    ['plan', { signals: false, ranks: false, plan: true }],
    ['full', { signals: true, ranks: true, plan: true }],
  ] as const)('%s says just what it promises', async (explain, expected) => {
    const answer = await ask(await setUp(), { query: 'robot', like: ['d3'], explain });
    const [first] = answer.results;
    expect({
      signals: first!.signals !== undefined && first!.reasons !== undefined,
      ranks: first!.ranks !== undefined,
      plan: answer.plan !== undefined,
    }).toEqual(expected);
  });

  it('full gives the rank after each stage and the path in the graph', async () => {
    const answer = await ask(await setUp(), { like: ['d3'], explain: 'full', diversity: 0.7 });
    expect(answer.results.map((result) => result.ranks!.diverse)).toEqual(
      answer.results.map((result) => result.rank),
    );
    const fused = answer.results.map((result) => result.ranks!.fused);
    expect(fused).not.toEqual([...fused].sort((a, b) => a - b));
    const linked = answer.results.find((result) => result.sources.includes('graph'));
    expect(linked!.path![0]).toMatchObject({ type: 'SIMILAR_TO', from: 'd3' });
    expect(linked!.path![0]!.shared).toEqual([{ facet: 'directors', values: ['D3'] }]);
  });
});

describe('the parts of an answer', () => {
  it('min_score applies to the final score and is counted in total', async () => {
    const fixture = await setUp();
    const all = await ask(fixture, { query: 'robot', k: 100 });
    const middle = all.results[10]!.score;
    const some = await ask(fixture, { query: 'robot', k: 5, minScore: middle });
    const reaching = all.results.filter((result) => result.score >= middle).length;
    expect(some.total).toEqual({ value: reaching, relation: 'eq' });
    expect(some.results).toEqual(all.results.slice(0, 5));
    const none = await ask(fixture, { query: 'robot', minScore: 0.999 });
    expect(none.results).toEqual([]);
    expect(none.total).toEqual({ value: 0, relation: 'eq' });
  });

  it('facet_counts are those of the documents that pass the filter', async () => {
    const answer = await ask(await setUp(), {
      query: 'robot',
      include: ['facet_counts'],
      filter: { kind: 'range', field: 'year', lt: 1990 },
    });
    expect(answer.facetCounts!.genres).toEqual([
      { value: 'Drama', count: 6 },
      { value: 'Comedy', count: 4 },
    ]);
    expect(answer.total.value).toBe(10);
  });

  it('facets, fields and relationships come where they are asked for', async () => {
    const fixture = await setUp();
    const plain = (await ask(fixture, { query: 'robot', k: 1 })).results[0]!;
    expect([plain.fields, plain.facets, plain.relationships]).toEqual([undefined, undefined, undefined]);
    const rich = (
      await ask(fixture, { query: 'robot', k: 1, include: ['fields', 'facets'], includeRelationships: true })
    ).results[0]!;
    const document = documents.find((candidate) => candidate.id === rich.id)!;
    expect(rich.fields).toEqual(document.fields);
    expect(rich.facets).toEqual({ genres: document.facets.genres, directors: document.facets.directors });
    expect(rich.relationships!.length).toBeGreaterThan(0);
    expect(rich.relationships!.every((relation) => relation.type === 'SIMILAR_TO')).toBe(true);
  });

  it('diversity reorders the ranked list and drops nothing', async () => {
    const fixture = await setUp();
    const plain = await ask(fixture, { query: 'robot', k: 100 });
    const diverse = await ask(fixture, { query: 'robot', k: 100, diversity: 0.9 });
    expect(diverse.results.map((result) => result.id)).not.toEqual(plain.results.map((result) => result.id));
    expect(new Set(diverse.results.map((result) => result.id))).toEqual(
      new Set(plain.results.map((result) => result.id)),
    );
    expect(diverse.results[0]!.id).toBe(plain.results[0]!.id);
  });

  it("an embedding replaces the query's vector and leaves its words", async () => {
    const fixture = await setUp();
    const embedding = unit([Math.cos(1), Math.sin(1), 0, 0, 0, 0, 0, 0]);
    const answer = await ask(fixture, { query: 'robot', embedding, k: 100 });
    expect(answer.coverage.embedder).toBeUndefined();
    const similarity = (id: string) =>
      answer.results.find((result) => result.id === id)!.signals!.similarity!.value!;
    expect(similarity('d39')).toBeGreaterThan(similarity('d1'));
    const lexical = (id: string) =>
      answer.results.find((result) => result.id === id)!.signals!.lexical!.value!;
    expect(lexical('d38')).toBeGreaterThan(lexical('d39'));
  });
});

describe('a batch', () => {
  it('shares one scorer call, keeps the order, and lets one failure be', async () => {
    let batches = 0;
    const meter = {
      ...silentMeter,
      count: (name: string, by: number) => {
        if (name === 'rerank_batches') batches += by;
      },
    };
    const fixture = await setUp({ meter });
    const requests = ['robot', 'space', 'nope'].map((query, i) => ({
      ...plainRequest,
      query,
      k: i + 1,
      profile: i === 2 ? 'missing' : 'linear',
    }));
    const answers = await fixture.clock.run(
      fixture.service.searchBatch('default', requests, { startedAtMs: fixture.clock.nowMs() }),
    );
    expect(batches).toBe(1);
    expect(answers.map((answer) => answer.status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    const single = await ask(fixture, { query: 'space', k: 2 });
    expect(answers[1]).toMatchObject({ value: { results: single.results } });
  });
});

describe('a search during writes', () => {
  it('is computed on the state in which it began', async () => {
    const parts = inProcessParts();
    const fixture = await searchFixture(
      (clock) => ({
        ...parts,
        embedder: {
          ...parts.embedder!,
          embed: async (texts, signal) => {
            await clock.sleep(300);
            return parts.embedder!.embed(texts, signal);
          },
        },
      }),
      documents,
    );
    open.push(fixture);
    const before = await ask(fixture, { query: 'robot', k: 100, timeoutMs: 5_000 });
    const during = fixture.search({ query: 'robot', k: 100, timeoutMs: 5_000 });
    const change = { ...documents[0]!, title: 'Robot robot robot' };
    await fixture.clock.run(
      fixture.service.write(
        'default',
        [
          { kind: 'put', document: change },
          { kind: 'delete', id: 'd2' },
        ],
        { waitSearchable: true },
      ),
    );
    const answer = await fixture.clock.run(during);
    expect(answer.results).toEqual(before.results);
    const after = await ask(fixture, { query: 'robot', k: 100, timeoutMs: 5_000 });
    expect(after.results.map((result) => result.id)).not.toContain('d2');
    expect(after.results.find((result) => result.id === 'd0')!.title).toBe('Robot robot robot');
  });
});

describe('similar', () => {
  it('shows both connections of every neighbour and leaves the document out', async () => {
    const fixture = await setUp();
    const { neighbours, coverage, degraded } = await fixture.clock.run(
      fixture.service.similar('default', 'd3', 10, { startedAtMs: fixture.clock.nowMs() }),
    );
    expect(degraded).toBe(false);
    expect(coverage).toMatchObject({
      vector: { state: 'ok', candidates: 11 },
      graph: { state: 'ok' },
      policy: { state: 'ok' },
    });
    expect(neighbours.map((neighbour) => neighbour.id)).not.toContain('d3');
    const scores = neighbours.map((neighbour) => neighbour.score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    const same = neighbours.find((neighbour) => neighbour.path !== null)!;
    expect(same.reasons).toEqual(['shares director D3 with Document 3']);
    expect(same.similarity).toBeGreaterThan(0);
  });

  it('is 404 for a document that does not exist', async () => {
    const fixture = await setUp();
    const answer = fixture.service.similar('default', 'nope', 10, { startedAtMs: fixture.clock.nowMs() });
    await expect(answer).rejects.toMatchObject({ code: 'document_not_found' });
  });
});
