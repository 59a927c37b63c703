import { describe, expect, it } from 'vitest';
import { FlatVectorIndex } from '../../src/adapters/flat/flat-vector-index.ts';
import { JsRowScanner } from '../../src/adapters/js/js-row-scanner.ts';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { unit } from '../support/arbitraries.ts';
import { delayed, delayedDocuments as documents, never } from '../support/delayed-parts.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import {
  type FixtureOptions,
  type FixtureParts,
  type SearchFixture,
  searchFixture,
} from '../support/search-fixture.ts';

const similarTo = ({ service, clock }: SearchFixture, id: string) =>
  service.similar('default', id, 5, { startedAtMs: clock.nowMs() });

/** A service whose graph takes what `graph.ms` says, asked from ten seeds for an answer within 100 ms. */
async function graphThatTakes(graph: { ms: number; seeds: number }) {
  const parts = (clock: FakeClock): FixtureParts => {
    const own = delayed({})(clock);
    const recall: typeof own.graph.recall = async (query) => {
      graph.seeds = query.seeds.length;
      await clock.sleep(graph.ms);
      return own.graph.recall(query);
    };
    return { ...own, graph: { ...own.graph, recall } };
  };
  const fixture = await searchFixture(parts, documents);
  const like = Array.from({ length: 10 }, (_, i) => `d${i}`);
  const ask = () =>
    fixture.clock.run(fixture.search({ query: 'robot', like, timeoutMs: 100, cache: 'skip' }));
  return { fixture, ask };
}

describe('search over legs with known delays', () => {
  it('takes as long as the slowest chain, not as the sum', async () => {
    const fixture = await searchFixture(
      delayed({ embedder: 30, vector: 40, lexical: 50, graph: 60 }),
      documents,
    );
    const answer = await fixture.clock.run(fixture.search({ query: 'robot', like: ['d3'] }));
    // embedder 30 then vector 40; lexical 50 and graph 60 run meanwhile
    expect(answer.tookMs).toBe(70);
    expect(answer.degraded).toBe(false);
    expect(answer.coverage.embedder).toMatchObject({ state: 'ok', ms: 30 });
    expect(answer.coverage.vector).toMatchObject({ state: 'ok', ms: 40, candidates: 10 });
    expect(answer.coverage.lexical).toMatchObject({ state: 'ok', ms: 50, candidates: 10 });
    expect(answer.coverage.graph).toMatchObject({ state: 'ok', ms: 60, candidates: 2 });
  });

  it.each(['vector', 'graph'] as const)(
    'gives neighbours without a hung %s leg, and says so',
    async (leg) => {
      const fixture = await searchFixture(delayed({ [leg]: never }), documents);
      const near = await fixture.clock.run(similarTo(fixture, 'd3'));
      expect(near.degraded).toBe(true);
      expect(near.coverage[leg]).toMatchObject({ state: 'late', reason: 'budget_exceeded' });
      expect(near.neighbours.length).toBeGreaterThan(0);
    },
  );

  it.each(['vector', 'lexical', 'graph'] as const)(
    'leaves out a hung %s leg inside the deadline',
    async (leg) => {
      const fixture = await searchFixture(delayed({ [leg]: never }), documents);
      const answer = await fixture.clock.run(
        fixture.search({ query: 'robot', like: ['d3'], timeoutMs: 200 }),
      );
      expect(answer.tookMs).toBe(180);
      expect(answer.degraded).toBe(true);
      expect(answer.coverage[leg]).toMatchObject({ state: 'late', reason: 'budget_exceeded' });
      expect(answer.results.length).toBeGreaterThan(0);
    },
  );

  it('makes the signal of a late leg null for every candidate', async () => {
    const fixture = await searchFixture(delayed({ lexical: never }), documents);
    const answer = await fixture.clock.run(fixture.search({ query: 'robot' }));
    for (const result of answer.results)
      expect(result.signals!.lexical).toMatchObject({ value: null, contribution: 0 });
  });

  it('skips the vector leg when the embedder is late and says so', async () => {
    const fixture = await searchFixture(delayed({ embedder: never }), documents);
    const answer = await fixture.clock.run(fixture.search({ query: 'robot' }));
    expect(answer.coverage.embedder!.state).toBe('late');
    expect(answer.coverage.vector).toMatchObject({ state: 'skipped', reason: 'embedder_late' });
    expect(answer.degraded).toBe(true);
  });

  it('reports a failed leg by code and never by the words of a driver', async () => {
    const fixture = await searchFixture(delayed({ graph: -1 }), documents);
    const answer = await fixture.clock.run(fixture.search({ query: 'robot', like: ['d3'] }));
    expect(answer.coverage.graph).toMatchObject({ state: 'failed', reason: 'error' });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  it('answers 503 when no leg could, never an empty list', async () => {
    const fixture = await searchFixture(delayed({ vector: -1, lexical: never }), documents);
    const failure = fixture.clock.run(fixture.search({ query: 'robot' }));
    await expect(failure).rejects.toMatchObject({ code: 'unavailable', status: 503 });
    await expect(failure).rejects.toBeInstanceOf(TriptychError);
  });

  it('answers 504 with the coverage when a complete answer was asked for', async () => {
    const fixture = await searchFixture(delayed({ graph: never }), documents);
    const failure = fixture.clock.run(fixture.search({ query: 'robot', like: ['d3'], partial: false }));
    await expect(failure).rejects.toMatchObject({
      code: 'deadline_exceeded',
      status: 504,
      members: { coverage: { graph: { state: 'late' }, lexical: { state: 'ok' } } },
    });
  });

  it('does not call a leg that the planner left out degraded', async () => {
    const fixture = await searchFixture(delayed({}), documents);
    const answer = await fixture.clock.run(fixture.search({ query: 'robot' }));
    expect(answer.coverage.graph).toMatchObject({ state: 'skipped', reason: 'no_seeds' });
    expect(answer.degraded).toBe(false);
  });

  it('drops a leg that proved too slow for the deadline and tries it again later', async () => {
    const fixture = await searchFixture(delayed({ graph: 400 }), documents);
    const ask = () => fixture.clock.run(fixture.search({ query: 'robot', like: ['d3'], timeoutMs: 100 }));
    const states: string[] = [];
    for (let i = 0; i < 40; i++) states.push((await ask()).coverage.graph!.state);
    expect(states[0]).toBe('late');
    expect(states.filter((state) => state === 'skipped').length).toBeGreaterThan(30);
    expect(states.slice(5)).toContain('late');
    const left = await ask();
    expect(left.coverage.graph).toMatchObject({ state: 'skipped', reason: 'too_slow' });
    expect(left.degraded).toBe(true);
    const whole = fixture.search({ query: 'robot', like: ['d3'], timeoutMs: 100, partial: false });
    await expect(fixture.clock.run(whole)).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  it('takes a leg back that recovered, soon after what it took before is old', async () => {
    const graph = { ms: 400, seeds: 0 };
    const { fixture, ask } = await graphThatTakes(graph);
    for (let i = 0; i < 40; i++) await ask();
    expect((await ask()).coverage.graph).toMatchObject({ state: 'skipped' });
    graph.ms = 3;
    const recoveredAtMs = fixture.clock.nowMs();
    // More in a row than lie between two tries of a leg that is left out.
    for (let whole = 0; whole < 20; whole = (await ask()).degraded ? 0 : whole + 1)
      await fixture.clock.run(fixture.clock.sleep(50));
    expect(fixture.clock.nowMs() - recoveredAtMs).toBeLessThan(3 * limits.latencyMemoryMs);
    expect((await ask()).coverage.graph).toMatchObject({ state: 'ok' });
  });

  it('starts from fewer seeds where the graph is sometimes too slow, and says so', async () => {
    const graph = { ms: 10, seeds: 0 };
    const { fixture, ask } = await graphThatTakes(graph);
    for (let i = 0; i < 30; i++) {
      graph.ms = i % 5 === 4 ? 200 : 10;
      await ask();
    }
    graph.ms = 10;
    const answer = await ask();
    expect(answer.coverage.graph).toMatchObject({ state: 'ok' });
    expect(answer.degraded).toBe(true);
    expect(graph.seeds).toBe(5);
    expect(fixture.clock.waiting).toBeLessThan(10);
  });

  describe('where the vector index is outside the process and does not answer', () => {
    const scanned = async (vector: number, options: FixtureOptions = {}) => {
      const parts = (clock: FakeClock) => ({
        ...delayed({ vector })(clock),
        vectorRoundTrip: true,
        exactScan: new FlatVectorIndex(new JsRowScanner()),
      });
      const fixture = await searchFixture(parts, documents, options);
      const ask = (request = {}) => fixture.clock.run(fixture.search({ query: 'robot', ...request }));
      return { fixture, ask };
    };

    it('scans the rows in memory, is complete, and says how', async () => {
      const { fixture, ask } = await scanned(-1);
      const answer = await ask();
      expect(answer.coverage.vector).toMatchObject({ state: 'ok', reason: 'exact_scan', candidates: 20 });
      expect(answer.degraded).toBe(false);
      expect(answer.results.length).toBe(10);
      const near = await fixture.clock.run(similarTo(fixture, 'd3'));
      expect(near.neighbours).not.toEqual([]);
      expect([near.degraded, near.coverage.vector?.reason]).toEqual([false, 'exact_scan']);
    });

    it('leaves vectors out where not all are in memory: words and graph answer, which is said', async () => {
      const { ask } = await scanned(-1, { residentRowsMax: 2 });
      const answer = await ask({ like: ['d3'] });
      expect(answer.coverage).toMatchObject({
        vector: { state: 'failed', candidates: 0 },
        lexical: { state: 'ok', candidates: 10 },
        graph: { state: 'ok', candidates: 2 },
      });
      expect([answer.degraded, answer.results.length]).toEqual([true, 10]);
      await expect(
        ask({ query: null, like: [], embedding: unit([1, 0, 0, 0, 0, 0, 0, 0]) }),
      ).rejects.toMatchObject({ status: 503 });
    });

    it('says nothing where the index answers', async () => {
      const { ask } = await scanned(5);
      expect((await ask()).coverage.vector).not.toHaveProperty('reason');
    });

    it('does not scan for nobody: what is late is left out', async () => {
      const { ask } = await scanned(never);
      expect((await ask({ timeoutMs: 100 })).coverage.vector).toMatchObject({
        state: 'late',
        reason: 'budget_exceeded',
      });
    });
  });

  it('does not take an answer that came after its end, even where the timer had no turn', async () => {
    const slow = (clock: FakeClock): FixtureParts => {
      const parts = delayed({})(clock);
      const search: typeof parts.text.search = async (query) => {
        clock.hold(600);
        return parts.text.search(query);
      };
      return { ...parts, text: { search } };
    };
    const fixture = await searchFixture(slow, documents);
    const embedding = unit([1, 0, 0, 0, 0, 0, 0, 0]);
    const answer = fixture.clock.run(fixture.search({ query: 'robot', embedding }));
    await expect(answer).rejects.toMatchObject({ code: 'unavailable' });
  });

  it("counts the words as missing when the other legs' candidates could not be scored", async () => {
    const broken = (clock: FakeClock): FixtureParts => {
      const parts = delayed({})(clock);
      const search: typeof parts.text.search = async (query) => ({
        ...(await parts.text.search(query)),
        score: async () => {
          throw new Error('gone');
        },
      });
      return { ...parts, text: { search } };
    };
    const fixture = await searchFixture(broken, documents);
    const answer = await fixture.clock.run(fixture.search({ query: 'robot' }));
    expect(answer.coverage.lexical).toMatchObject({ state: 'failed' });
    expect(answer.degraded).toBe(true);
    expect(answer.results.every((result) => result.signals!.lexical!.value === null)).toBe(true);
    const whole = fixture.clock.run(fixture.search({ query: 'robot', partial: false }));
    await expect(whole).rejects.toMatchObject({ code: 'deadline_exceeded' });
  });

  it('excludes the seeds, warns of unknown ones, and answers 404 when all are unknown', async () => {
    const fixture = await searchFixture(delayed({}), documents);
    const answer = await fixture.clock.run(fixture.search({ like: ['d3', 'nope'] }));
    expect(answer.results.map((result) => result.id)).not.toContain('d3');
    expect(answer.warnings).toEqual([
      { code: 'unknown_document', message: 'like: there is no document "nope"' },
    ]);
    await expect(fixture.clock.run(fixture.search({ like: ['nope'] }))).rejects.toMatchObject({
      code: 'document_not_found',
      fields: [{ path: 'like[0]' }],
    });
  });

  it('counts the whole catalogue in total and gives popular documents for a filter alone', async () => {
    const fixture = await searchFixture(delayed({}), documents);
    const filter = { kind: 'facet', facet: 'genres', match: 'any', values: ['Comedy'] } as const;
    const answer = await fixture.clock.run(fixture.search({ filter, k: 3 }));
    expect(answer.strategy).toBe('FilterOnly');
    expect(answer.total).toEqual({ value: 7, relation: 'eq' });
    expect(answer.results.map((result) => result.id)).toEqual(['d18', 'd15', 'd12']);
    expect(answer.results[0]!.sources).toEqual(['policy']);
  });
});
