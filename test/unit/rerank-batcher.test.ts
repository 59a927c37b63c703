import { describe, expect, it } from 'vitest';
import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import { limits } from '../../src/limits.ts';
import type { RerankAnswer, RerankBatch, Reranker } from '../../src/ports/reranker.ts';
import { RerankBatcher, type ScorerSelection, type ScorerWindow } from '../../src/search/rerank-batcher.ts';
import { Random } from '../support/random.ts';
import { batchOf, randomCase, randomTable, type ScoreCase } from '../support/score-cases.ts';
import { silentMeter } from '../support/search-fixture.ts';
import { splitTable } from '../support/split-table.ts';

const random = new Random('batcher');
const table = randomTable(random, 40, 8);

/** The js backend, every batch of it recorded. */
class RecordingReranker implements Reranker {
  readonly name = 'js';
  readonly variant = '';
  readonly batches: RerankBatch[] = [];
  readonly #inner = new JsReranker();

  rerank(batch: RerankBatch): Promise<RerankAnswer> {
    this.batches.push(batch);
    return this.#inner.rerank(batch);
  }
}

function setUp() {
  const reranker = new RecordingReranker();
  const batcher = new RerankBatcher(reranker, silentMeter);
  const sizes = (): number[] => reranker.batches.map((batch) => batch.requests.length);
  return { reranker, batcher, sizes };
}

function windowOver(
  { request, window }: ScoreCase,
  blocks: Pick<ScorerWindow, 'table' | 'transient'> = { table, transient: null },
): ScorerWindow {
  return { ...blocks, ...window, request };
}

function someCase(): ScoreCase {
  return randomCase(random, table, { ruleCount: 1, rankDepth: 5 });
}

async function alone(window: ScorerWindow): Promise<ScorerSelection> {
  const batch = batchOf(window.table, [{ window, request: window.request }], window.transient);
  const { selected, dropped } = await new JsReranker().rerank(batch);
  return { selected: selected[0]!, dropped: dropped[0]! };
}

describe('the batcher', () => {
  it('sends the windows of one turn in one call, and those that come meanwhile in the next', async () => {
    const { batcher, sizes } = setUp();
    const windows = Array.from({ length: 5 }, () => windowOver(someCase()));
    const first = windows.slice(0, 3).map((window) => batcher.submit(window));
    await Promise.resolve();
    const later = windows.slice(3).map((window) => batcher.submit(window));
    expect(await Promise.all([...first, ...later])).toEqual(await Promise.all(windows.map(alone)));
    expect(sizes()).toEqual([3, 2]);
  });

  it('keeps epochs apart', async () => {
    const { batcher, reranker, sizes } = setUp();
    const other = randomTable(random, 40, 8);
    // Value codes belong to a table's dictionary, so a request that runs on both can have no preferences.
    const some = someCase();
    const one = { ...some, request: { ...some.request, preferences: null, mask: null } };
    const windows = [table, other, table].map((of) => windowOver(one, { table: of, transient: null }));
    expect(await Promise.all(windows.map((window) => batcher.submit(window)))).toEqual(
      await Promise.all(windows.map(alone)),
    );
    expect(sizes()).toEqual([2, 1]);
    expect(reranker.batches.map((batch) => batch.table)).toEqual([table, other]);
  });

  it('sends one transient block a batch, with the windows that need none', async () => {
    const { batcher, reranker, sizes } = setUp();
    const split = splitTable(random, table, (row) => row % 2 === 0);
    const another = { table: split.blocks.table, transient: { ...split.blocks.transient } };
    const none = { table: split.blocks.table, transient: null };
    const one = randomCase(random, table, { rankDepth: 5 });
    const mixed = { ...one, window: { ...one.window, rows: split.numbers.slice() } };
    const resident = randomCase(random, split.blocks.table, { rankDepth: 5 });
    const windows = [
      windowOver(resident, none),
      windowOver(mixed, split.blocks),
      windowOver(mixed, another),
      windowOver(resident, none),
      windowOver(mixed, split.blocks),
    ];
    expect(await Promise.all(windows.map((window) => batcher.submit(window)))).toEqual(
      await Promise.all(windows.map(alone)),
    );
    expect(sizes()).toEqual([4, 1]);
    expect(reranker.batches[0]!.transient).toBe(split.blocks.transient);
    expect(reranker.batches[1]!.transient).toBe(another.transient);
  });

  it('lets a faulty request fail alone', async () => {
    const { batcher, sizes } = setUp();
    const windows = Array.from({ length: 4 }, () => windowOver(someCase()));
    const bad = windowOver(someCase());
    // Refused whatever the formula reads.
    const queryVector = new Float32Array(table.dimension + 1);
    const faulty = { ...bad, request: { ...bad.request, queryVector } };
    const answers = await Promise.allSettled(
      windows.toSpliced(2, 0, faulty).map((window) => batcher.submit(window)),
    );
    expect(answers[2]).toMatchObject({ status: 'rejected', reason: { name: 'RangeError' } });
    expect(answers.toSpliced(2, 1)).toEqual(
      (await Promise.all(windows.map(alone))).map((value) => ({ status: 'fulfilled', value })),
    );
    expect(sizes()).toEqual([5, 1, 1, 1, 1, 1]);
  });

  it('rejects every request of a backend that is broken, and serves the next ones', async () => {
    let broken = true;
    const inner = new JsReranker();
    const reranker: Reranker = {
      name: 'js',
      variant: '',
      rerank: (batch) => (broken ? Promise.reject(new Error('broken')) : inner.rerank(batch)),
    };
    const batcher = new RerankBatcher(reranker, silentMeter);
    const window = windowOver(someCase());
    const failed = await Promise.allSettled([batcher.submit(window), batcher.submit(window)]);
    expect(failed.map((one) => one.status)).toEqual(['rejected', 'rejected']);
    broken = false;
    expect(await batcher.submit(window)).toEqual(await alone(window));
  });

  it('has a bounded queue', async () => {
    const { batcher } = setUp();
    const window = windowOver(randomCase(random, table, { count: 1 }));
    const waiting = Array.from({ length: limits.rerankQueueMax }, () => batcher.submit(window));
    await expect(batcher.submit(window)).rejects.toMatchObject({ code: 'overloaded' });
    await expect(Promise.all(waiting)).resolves.toHaveLength(limits.rerankQueueMax);
  });
});
