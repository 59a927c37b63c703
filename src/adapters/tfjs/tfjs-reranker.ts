import { checkRerankBatch } from '../../domain/rerank-batch-check.ts';
import type { TableSnapshot } from '../../domain/table-snapshot.ts';
import { limits } from '../../limits.ts';
import type { RerankAnswer, RerankBatch, Reranker } from '../../ports/reranker.ts';
import { type GraphScores, packBatch } from './pack-batch.ts';
import type { TfjsKind } from './rerank-messages.ts';
import { RerankThread, type StartWorker } from './rerank-thread.ts';
import { ResidentTables, tableBytes } from './resident-tables.ts';
import { selectRows } from './select-rows.ts';

/**
 * Scores on tfjs kernels in a worker thread (tfjs-node computes on the thread that asks). The table's vectors live there as
 * tensors; a batch crosses by moving its buffers, and one column of scores comes back. Batches go one after the other.
 *
 * Which rows belong to the top is decided from that column here: `topk` breaks ties by position, so ties at its end would
 * have to be completed from the whole column anyway.
 */
export class TfjsReranker implements Reranker {
  readonly name: TfjsKind;
  readonly variant = '';
  readonly #thread: RerankThread;
  readonly #tables = new ResidentTables();
  /** Resolves when the batches before are done. */
  #before: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Starts loading at once; `ready` says how it went. */
  constructor(name: TfjsKind, startWorker: StartWorker) {
    this.name = name;
    this.#thread = new RerankThread(name, startWorker, () => this.#tables.forget());
  }

  /** @throws Error with a one-line reason where the kernels cannot be used, or on close */
  ready(): Promise<void> {
    return this.#thread.ready();
  }

  /** Why the table cannot be scored here, or null. */
  refusal(table: TableSnapshot): string | null {
    const { tier } = table.vectors;
    if (tier !== 'f32') return `its vectors are ${tier}, and tfjs has but f32`;
    const bytes = tableBytes(table);
    return bytes > limits.tfjsTableBytesMax
      ? `${bytes} bytes of vectors are more than the ${limits.tfjsTableBytesMax} that are kept as tensors`
      : null;
  }

  supports(table: TableSnapshot): boolean {
    return this.refusal(table) === null;
  }

  async rerank(batch: RerankBatch, signal?: AbortSignal): Promise<RerankAnswer> {
    const graph = await this.scores(batch, signal);
    return { selected: selectRows(batch, graph), dropped: graph.dropped };
  }

  /**
   * The scores themselves, by which `rerank` selects.
   * @throws RangeError where the batch breaks the port's contract or the table is refused; TriptychError unavailable
   * once the worker is given up; Error when it failed on this batch, is starting, or too many batches wait; the signal's reason
   */
  async scores(batch: RerankBatch, signal?: AbortSignal): Promise<GraphScores> {
    signal?.throwIfAborted();
    checkRerankBatch(batch);
    const refusal = this.refusal(batch.table);
    if (refusal !== null) throw new RangeError(`batch.table: ${refusal}`);
    if (this.#waiting >= limits.rerankQueueMax) throw new Error(`${this.name} has no room for another batch`);
    this.#waiting++;
    const turn = this.#before.then(() => this.#run(batch, signal));
    this.#before = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  /** Tensors that were alive behind the last batch. */
  get tensorCount(): number {
    return this.#thread.tensorCount;
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  async #run(batch: RerankBatch, signal: AbortSignal | undefined): Promise<GraphScores> {
    signal?.throwIfAborted();
    this.#thread.expectReady();
    const packed = packBatch(batch);
    if (packed.positions.length === 0) return { ...packed, scores: new Float32Array(0) };
    // Rows of the transient block come with the order: a table that no candidate is in need not be there.
    const resident = packed.order.groups.some(({ chunk }) => chunk >= 0);
    const post = this.#thread.post.bind(this.#thread);
    const table = resident ? await this.#tables.follow(batch.table, post, signal) : 0;
    const scores = await this.#thread.score({ kind: 'score', table, ...packed.order });
    if (scores.length !== packed.positions.length || scores.some(Number.isNaN))
      throw new Error(`${this.name} answered with ${scores.length} scores, or with some that are no numbers`);
    return { ...packed, scores };
  }
}
