import { describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import type { Hit, RecallRequest } from '../../src/ports/recall.ts';
import type { VectorQuery } from '../../src/ports/vector-index.ts';
import { JointSearch } from '../../src/search/joint-search.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { makeTable } from '../support/table.ts';

const query = Float32Array.of(1, 0);
const taste = Float32Array.of(0, 1);
const snapshot = makeTable(2, []);

function setUp() {
  const clock = new FakeClock();
  const startMs = clock.nowMs();
  const sent: { readonly query: VectorQuery; readonly atMs: number }[] = [];
  const index = {
    failure: null as Error | null,
    async search(asked: VectorQuery): Promise<readonly (readonly Hit[])[]> {
      sent.push({ query: asked, atMs: clock.nowMs() - startMs });
      if (index.failure !== null) throw index.failure;
      return asked.vectors.map((vector) => [{ id: vector === query ? 'near' : 'liked', score: 1 }]);
    },
  };
  const base: RecallRequest = {
    tenant: 't',
    snapshot,
    predicate: null,
    limit: 10,
    timeoutMs: 100,
    signal: new AbortController().signal,
  };
  const wait = (ms: number) => clock.run(clock.sleep(ms));
  return { clock, sent, index, base, wait, joint: new JointSearch(index, clock) };
}

const ids = (hits: readonly Hit[]) => hits.map(({ id }) => id);

describe('the query and the taste', () => {
  it('share one search, whichever comes first, and get their own lists', async () => {
    for (const order of ['query', 'taste']) {
      const { sent, base, wait, joint } = setUp();
      const asks = {
        query: () => joint.query(base, query),
        taste: () => joint.taste(base, taste),
      };
      const first = order === 'query' ? asks.query() : asks.taste();
      await wait(5);
      const second = order === 'query' ? asks.taste() : asks.query();
      const [a, b] = await Promise.all([first, second]);
      expect([ids(a), ids(b)]).toEqual(order === 'query' ? [['near'], ['liked']] : [['liked'], ['near']]);
      expect(sent.map((one) => one.query.vectors)).toEqual([[query, taste]]);
      // What was waited is gone.
      expect(sent[0]!.query.timeoutMs).toBe(order === 'query' ? 95 : 100);
    }
  });

  it('go alone at once where there is no other', async () => {
    const { clock, sent, base, joint } = setUp();
    joint.noTaste();
    expect(ids(await joint.query(base, query))).toEqual(['near']);
    const other = new JointSearch({ search: async () => [[{ id: 'liked', score: 1 }]] }, clock);
    const liked = other.taste(base, taste);
    other.noQuery();
    expect(ids(await liked)).toEqual(['liked']);
    expect(sent.map(({ atMs }) => atMs)).toEqual([0]);
    expect(clock.waiting).toBe(0);
  });

  it('do not wait for ever: who comes too late goes alone', async () => {
    const { sent, base, wait, joint } = setUp();
    const near = joint.query(base, query);
    await wait(limits.tasteJoinMsMax);
    expect(ids(await near)).toEqual(['near']);
    const liked = joint.taste(base, taste);
    expect(ids(await liked)).toEqual(['liked']);
    expect(sent.map(({ atMs }) => atMs)).toEqual([limits.tasteJoinMsMax, limits.tasteJoinMsMax]);
  });

  it('never wait longer than half of their time', async () => {
    const { sent, base, wait, joint } = setUp();
    const near = joint.query({ ...base, timeoutMs: 8 }, query);
    await wait(4);
    expect(ids(await near)).toEqual(['near']);
    const other = setUp();
    const liked = other.joint.taste(other.base, taste);
    await other.wait(50);
    expect(ids(await liked)).toEqual(['liked']);
    expect([...sent, ...other.sent].map((one) => one.query.timeoutMs)).toEqual([4, 50]);
  });

  it('are asked apart where they want different documents', async () => {
    const { sent, base, joint } = setUp();
    const near = joint.query(base, query);
    const liked = joint.taste({ ...base, limit: 20 }, taste);
    expect([ids(await near), ids(await liked)]).toEqual([['near'], ['liked']]);
    expect(sent.map((one) => one.query.limit)).toEqual([10, 20]);
  });

  it('fail together', async () => {
    const { index, base, joint } = setUp();
    index.failure = new Error('down');
    const both = [joint.query(base, query), joint.taste(base, taste)];
    expect(await Promise.allSettled(both)).toEqual([
      { status: 'rejected', reason: index.failure },
      { status: 'rejected', reason: index.failure },
    ]);
  });

  it('are not asked any more once they were dropped', async () => {
    const { clock, sent, base, wait, joint } = setUp();
    const near = joint.query(base, query);
    joint.drop();
    await expect(near).rejects.toThrow('asked again');
    // What comes later is not sent either: its embedding may still have been under way.
    await expect(joint.query(base, query)).rejects.toThrow('asked again');
    await expect(joint.taste(base, taste)).rejects.toThrow('asked again');
    await wait(50);
    expect(sent).toEqual([]);
    expect(clock.waiting).toBe(0);
  });
});
