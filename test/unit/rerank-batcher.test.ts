import { describe, expect, it } from 'vitest';
import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import { limits } from '../../src/limits.ts';
import type { RerankBatch } from '../../src/ports/reranker.ts';
import type { ChosenAnswer } from '../../src/search/chosen-reranker.ts';
import { RerankBatcher, type ScorerSelection, type ScorerWindow } from '../../src/search/rerank-batcher.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Random } from '../support/random.ts';
import { batchOf, randomCase, randomTable, type ScoreCase } from '../support/score-cases.ts';
import { silentMeter } from '../support/search-fixture.ts';
import { splitTable } from '../support/split-table.ts';

const random = new Random('batcher');
const table = randomTable(random, 40, 8);

/** The js backend, every batch of it recorded. */
class RecordingReranker {
  readonly batches: RerankBatch[] = [];
  readonly signals: AbortSignal[] = [];
  /** What happens instead of scoring. */
  instead: ((signal: AbortSignal) => Promise<ChosenAnswer>) | null = null;

  rerank(batch: RerankBatch, signal: AbortSignal): Promise<ChosenAnswer> {
    this.batches.push(batch);
    this.signals.push(signal);
    return this.instead === null ? selectWithJs(batch) : this.instead(signal);
  }
}

async function selectWithJs(batch: RerankBatch): Promise<ChosenAnswer> {
  return { ...(await new JsReranker().rerank(batch)), backend: 'js' };
}

function setUp() {
  const clock = new FakeClock();
  const reranker = new RecordingReranker();
  const batcher = new RerankBatcher(reranker, { meter: silentMeter, clock });
  const sizes = (): number[] => reranker.batches.map((batch) => batch.requests.length);
  /** As a search does: with a signal that is aborted at the deadline. */
  const submit = (window: ScorerWindow, ms = 500): Promise<ScorerSelection> => {
    const controller = new AbortController();
    clock.after(ms, () => controller.abort());
    return batcher.submit(window, { endMs: clock.nowMs() + ms, signal: controller.signal });
  };
  return { clock, reranker, batcher, submit, sizes };
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
  const { selected, dropped, backend } = await selectWithJs(batch);
  return { selected: selected[0]!, dropped: dropped[0]!, backend };
}

describe('the batcher', () => {
  it('sends the windows of one turn in one call, and those that come meanwhile in the next', async () => {
    const { submit, sizes } = setUp();
    const windows = Array.from({ length: 5 }, () => windowOver(someCase()));
    const first = windows.slice(0, 3).map((window) => submit(window));
    await Promise.resolve();
    const later = windows.slice(3).map((window) => submit(window));
    expect(await Promise.all([...first, ...later])).toEqual(await Promise.all(windows.map(alone)));
    expect(sizes()).toEqual([3, 2]);
  });

  it('keeps epochs apart', async () => {
    const { submit, reranker, sizes } = setUp();
    const other = randomTable(random, 40, 8);
    // Value codes belong to a table's dictionary, so a request that runs on both can have no preferences.
    const some = someCase();
    const one = { ...some, request: { ...some.request, preferences: null, mask: null } };
    const windows = [table, other, table].map((of) => windowOver(one, { table: of, transient: null }));
    expect(await Promise.all(windows.map((window) => submit(window)))).toEqual(
      await Promise.all(windows.map(alone)),
    );
    expect(sizes()).toEqual([2, 1]);
    expect(reranker.batches.map((batch) => batch.table)).toEqual([table, other]);
  });

  it('sends one transient block a batch, with the windows that need none', async () => {
    const { submit, reranker, sizes } = setUp();
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
    expect(await Promise.all(windows.map((window) => submit(window)))).toEqual(
      await Promise.all(windows.map(alone)),
    );
    expect(sizes()).toEqual([4, 1]);
    expect(reranker.batches[0]!.transient).toBe(split.blocks.transient);
    expect(reranker.batches[1]!.transient).toBe(another.transient);
  });

  it('lets a faulty request fail alone', async () => {
    const { submit, sizes } = setUp();
    const windows = Array.from({ length: 4 }, () => windowOver(someCase()));
    const bad = windowOver(someCase());
    // Refused whatever the formula reads.
    const queryVector = new Float32Array(table.dimension + 1);
    const faulty = { ...bad, request: { ...bad.request, queryVector } };
    const answers = await Promise.allSettled(windows.toSpliced(2, 0, faulty).map((window) => submit(window)));
    expect(answers[2]).toMatchObject({ status: 'rejected', reason: { name: 'RangeError' } });
    expect(answers.toSpliced(2, 1)).toEqual(
      (await Promise.all(windows.map(alone))).map((value) => ({ status: 'fulfilled', value })),
    );
    expect(sizes()).toEqual([5, 1, 1, 1, 1, 1]);
  });

  it('rejects every request where nothing scores, and serves the next ones', async () => {
    const { reranker, submit } = setUp();
    reranker.instead = () => Promise.reject(new Error('broken'));
    const window = windowOver(someCase());
    const failed = await Promise.allSettled([submit(window), submit(window)]);
    expect(failed.map((one) => one.status)).toEqual(['rejected', 'rejected']);
    reranker.instead = null;
    expect(await submit(window)).toEqual(await alone(window));
  });

  it('bounds a batch by requests and by rows, oldest first', async () => {
    const { reranker, submit, sizes } = setUp();
    const { rerankBatchRequestsMax: requestsMax, rerankBatchRowsMax: rowsMax } = limits;
    const small = Array.from({ length: requestsMax + 3 }, () =>
      windowOver(randomCase(random, table, { count: 1 })),
    );
    await Promise.all(small.map((window) => submit(window)));
    expect(sizes()).toEqual([requestsMax, 3]);
    expect(reranker.batches.flatMap(({ requests }) => requests)).toEqual(small.map(({ request }) => request));
    const large = windowOver(randomCase(random, table));
    const rows = new Uint32Array(rowsMax / 2);
    const column = new Float32Array(rows.length).fill(Number.NaN);
    const half = { ...large, rows, lexical: column, graph: column, fused: column, rules: column };
    await Promise.all([half, half, half].map((window) => submit(window)));
    expect(sizes().slice(2)).toEqual([2, 1]);
  });

  it('does not score who is late, and tells the backend when nobody waits any more', async () => {
    const { clock, reranker, submit, sizes } = setUp();
    reranker.instead = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const first = [submit(windowOver(someCase()), 50), submit(windowOver(someCase()), 90)];
    const settled = Promise.allSettled(first);
    await Promise.resolve();
    const late = submit(windowOver(someCase()), 60);
    const lateSettled = Promise.allSettled([late]);
    const window = windowOver(someCase());
    const patient = submit(window, 400);
    clock.advance(70);
    expect(reranker.signals[0]!.aborted).toBe(false);
    reranker.instead = null;
    clock.advance(20);
    expect(reranker.signals[0]!.aborted).toBe(true);
    expect(await patient).toEqual(await alone(window));
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await lateSettled).toMatchObject([{ status: 'rejected', reason: { code: 'deadline_exceeded' } }]);
    expect(sizes()).toEqual([2, 1]);
  });

  it('sees that a deadline has passed also where no timer could fire', async () => {
    const { clock, submit, sizes } = setUp();
    const late = submit(windowOver(someCase()), 5);
    clock.hold(6);
    await expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(sizes()).toEqual([]);
  });

  it('has a bounded queue', async () => {
    const { submit } = setUp();
    const window = windowOver(randomCase(random, table, { count: 1 }));
    const waiting = Array.from({ length: limits.rerankQueueMax }, () => submit(window));
    await expect(submit(window)).rejects.toMatchObject({ code: 'overloaded' });
    await expect(Promise.all(waiting)).resolves.toHaveLength(limits.rerankQueueMax);
  });
});
