import { describe, expect, it } from 'vitest';
import type { RankedList } from '../../src/domain/ranked-list.ts';
import type { SearchRequest } from '../../src/domain/search-request.ts';
import { Flights } from '../../src/search/flights.ts';
import { delayed, delayedDocuments, never, type PartCall } from '../support/delayed-parts.ts';
import { type SearchFixture, searchFixture } from '../support/search-fixture.ts';

const listNamed = (id: string, degraded = false) => ({ id, degraded }) as RankedList;

/** Work that ends when it is told to, and counts how often it was begun. */
function work() {
  const begun: { land: (list: RankedList) => void; crash: (error: Error) => void }[] = [];
  const run = () =>
    new Promise<RankedList>((land, crash) => {
      begun.push({ land, crash });
    });
  return { begun, run };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const long = { endMs: 1_500, timeoutMs: 500 };
const short = { endMs: 1_100, timeoutMs: 100 };

describe('equal searches that are under way at once', () => {
  it('share one computation; the next one after it begins anew', async () => {
    const [flights, { begun, run }] = [new Flights(), work()];
    const all = Array.from({ length: 20 }, () => flights.share('key', long, run));
    expect(begun).toHaveLength(1);
    begun[0]!.land(listNamed('one'));
    expect((await Promise.all(all)).map(({ id }) => id)).toEqual(Array(20).fill('one'));
    void flights.share('key', long, run);
    expect(begun).toHaveLength(2);
  });

  it('of different names do not', () => {
    const [flights, { begun, run }] = [new Flights(), work()];
    void flights.share('a', long, run);
    void flights.share('b', long, run);
    expect(begun).toHaveLength(2);
  });

  it('each keep their own deadline: none waits for one that may take longer than it has', async () => {
    const [flights, { begun, run }] = [new Flights(), work()];
    const slow = flights.share('key', long, run);
    const hurried = flights.share('key', short, run);
    expect(begun).toHaveLength(2);
    begun[1]!.land(listNamed('hurried'));
    expect((await hurried).id).toBe('hurried');
    begun[0]!.land(listNamed('slow'));
    expect((await slow).id).toBe('slow');
  });

  it('take a whole answer of one that had less time', async () => {
    const [flights, { begun, run }] = [new Flights(), work()];
    const answers = [flights.share('key', short, run), flights.share('key', long, run)];
    begun[0]!.land(listNamed('whole'));
    expect((await Promise.all(answers)).map(({ id }) => id)).toEqual(['whole', 'whole']);
    expect(begun).toHaveLength(1);
  });

  it('take no degraded answer of one that had less time: together they make a better one', async () => {
    const [flights, { begun, run }] = [new Flights(), work()];
    const hurried = flights.share('key', short, run);
    const others = Array.from({ length: 20 }, () => flights.share('key', long, run));
    begun[0]!.land(listNamed('degraded', true));
    expect((await hurried).id).toBe('degraded');
    await turn();
    expect(begun).toHaveLength(2);
    begun[1]!.land(listNamed('whole'));
    expect((await Promise.all(others)).map(({ id }) => id)).toEqual(Array(20).fill('whole'));
  });

  it('take a degraded answer, or a failure, of one that had as much', async () => {
    const [flights, { begun, run }] = [new Flights(), work()];
    const later = { endMs: long.endMs + 10, timeoutMs: long.timeoutMs };
    const first = flights.share('key', long, run);
    const second = flights.share('key', later, run);
    begun[0]!.land(listNamed('degraded', true));
    expect([(await first).id, (await second).id]).toEqual(['degraded', 'degraded']);
    const failing = [flights.share('key', long, run), flights.share('key', later, run)];
    begun[1]!.crash(new Error('gone'));
    expect((await Promise.allSettled(failing)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(begun).toHaveLength(2);
  });

  it('take no failure of one that had less time, and forget what has failed', async () => {
    const [flights, { begun, run }] = [new Flights(), work()];
    const hurried = flights.share('key', short, run);
    const patient = flights.share('key', long, run);
    begun[0]!.crash(new Error('late'));
    await expect(hurried).rejects.toThrow('late');
    await turn();
    expect(begun).toHaveLength(2);
    begun[1]!.crash(new Error('gone'));
    await expect(patient).rejects.toThrow('gone');
    void flights.share('key', long, run);
    expect(begun).toHaveLength(3);
  });
});

describe('equal searches of the service', () => {
  const ask = (fixture: SearchFixture, request: Partial<SearchRequest> = {}) =>
    fixture.search({ query: 'robot', ...request });

  /** Rules are at hand from the first search on, which asks no leg. */
  async function warm(parts: Parameters<typeof delayed>[0]) {
    const calls: PartCall[] = [];
    const fixture = await searchFixture(delayed(parts, calls), delayedDocuments);
    await fixture.clock.run(fixture.search({ filter: { kind: 'ids', ids: ['d1'] } }));
    return { fixture, calls };
  }

  it('ask each leg once, whatever page and detail they want', async () => {
    const { fixture, calls } = await warm({ embedder: 30, vector: 100, lexical: 80 });
    const searches = [{}, {}, { k: 3 }, { explain: 'full' as const }, { timeoutMs: 900 }].map((request) =>
      ask(fixture, request),
    );
    const answers = await fixture.clock.run(Promise.all(searches));
    expect(calls.map(({ part }) => part).sort()).toEqual(['embedder', 'lexical', 'vector']);
    expect(answers.map(({ results }) => results.length)).toEqual([10, 10, 3, 10, 10]);
    expect(new Set(answers.map(({ results }) => results[0]!.id)).size).toBe(1);
    expect(answers.every(({ cached, degraded, tookMs }) => !cached && !degraded && tookMs === 130)).toBe(
      true,
    );
  });

  it('share nothing where they may not use the cache', async () => {
    const { fixture, calls } = await warm({ lexical: 80 });
    await fixture.clock.run(Promise.all([ask(fixture, { cache: 'skip' }), ask(fixture, { cache: 'skip' })]));
    expect(calls.filter(({ part }) => part === 'embedder')).toHaveLength(2);
  });

  it('keep their deadlines: the hurried one is degraded, the patient one is not', async () => {
    const { fixture, calls } = await warm({ embedder: 5, vector: 300, lexical: 10 });
    const searches = [ask(fixture, { timeoutMs: 100 }), ask(fixture, { timeoutMs: 2_000 })];
    const [hurried, patient] = await fixture.clock.run(Promise.all(searches));
    expect(hurried).toMatchObject({ degraded: true });
    expect(hurried!.tookMs).toBeLessThanOrEqual(100);
    expect(patient).toMatchObject({ degraded: false, coverage: { vector: { state: 'ok' } } });
    expect(calls.filter(({ part }) => part === 'embedder').length).toBeGreaterThan(0);
  });

  it('fail together where they had the same time', async () => {
    const { fixture, calls } = await warm({ embedder: -1, lexical: never });
    const failed = await fixture.clock.run(Promise.allSettled([ask(fixture), ask(fixture)]));
    expect(calls).toHaveLength(2);
    expect(failed.map((one) => (one.status === 'rejected' ? one.reason.code : null))).toEqual([
      'unavailable',
      'unavailable',
    ]);
  });
});
