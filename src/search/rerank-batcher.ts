import type { BatchRows } from '../domain/batch-rows.ts';
import { columnNames } from '../domain/rerank-batch.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Meter } from '../ports/meter.ts';
import type { RerankBatch, Reranker, RerankRequest } from '../ports/reranker.ts';

/** One request's window, ready to be scored. Columns are as long as `rows`; all NaN where a signal is absent. */
export interface ScorerWindow extends BatchRows {
  readonly request: RerankRequest;
  readonly rows: Uint32Array;
  readonly lexical: Float32Array;
  readonly graph: Float32Array;
  readonly fused: Float32Array;
  readonly rules: Float32Array;
}

export interface ScorerSelection {
  /** Positions in the window. */
  readonly selected: Uint32Array;
  /** Rows dropped by each hard rule. */
  readonly dropped: Uint32Array;
}

interface Waiting {
  readonly window: ScorerWindow;
  readonly resolve: (selection: ScorerSelection) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Natural micro-batching in front of a backend: windows that become ready in one turn, or while a batch is in flight,
 * go together in the next call, those of one epoch that read the same transient block or none. There is no timer, so a
 * lone request never waits for company.
 */
export class RerankBatcher {
  readonly #reranker: Reranker;
  readonly #meter: Meter;
  #queue: Waiting[] = [];
  #busy = false;

  constructor(reranker: Reranker, meter: Meter) {
    this.#reranker = reranker;
    this.#meter = meter;
  }

  /** @throws TriptychError overloaded when rerankQueueMax windows wait already */
  submit(window: ScorerWindow): Promise<ScorerSelection> {
    if (this.#queue.length >= limits.rerankQueueMax)
      return Promise.reject(new TriptychError('overloaded', 'The scorer has no room for another request.'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ window, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      queueMicrotask(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const blocks = this.#nextBlocks();
      const batch = this.#queue.filter((waiting) => fits(waiting.window, blocks));
      this.#queue = this.#queue.filter((waiting) => !fits(waiting.window, blocks));
      await this.#run(batch, blocks);
    }
    this.#busy = false;
  }

  /** What the next batch reads: the oldest window's epoch, and its transient block or else the first of that epoch. */
  #nextBlocks(): BatchRows {
    const { table, transient } = this.#queue[0]!.window;
    if (transient !== null) return { table, transient };
    const other = this.#queue.find(
      ({ window }) => window.table.epoch === table.epoch && window.transient !== null,
    );
    return { table, transient: other?.window.transient ?? null };
  }

  /** Scores the windows in one call. If that fails each gets a call of its own, so that only the faulty one's fails. */
  async #run(batch: readonly Waiting[], blocks: BatchRows): Promise<void> {
    try {
      const packed = pack(
        batch.map((waiting) => waiting.window),
        blocks,
      );
      this.#meter.count('rerank_batches', 1);
      this.#meter.count('reranked_rows', packed.rows.length);
      const answer = await this.#reranker.rerank(packed);
      batch.forEach((waiting, i) => {
        waiting.resolve({ selected: answer.selected[i]!, dropped: answer.dropped[i]! });
      });
    } catch (error) {
      if (batch.length === 1) batch[0]!.reject(error);
      else for (const waiting of batch) await this.#run([waiting], blocks);
    }
  }
}

function fits(window: ScorerWindow, { table, transient }: BatchRows): boolean {
  if (window.table.epoch !== table.epoch) return false;
  return window.transient === null || window.transient === transient;
}

/** Windows that fit the blocks, one after the other in shared columns. */
function pack(windows: readonly ScorerWindow[], { table, transient }: BatchRows): RerankBatch {
  const first = windows[0]!;
  if (windows.length === 1)
    return { ...first, requests: [first.request], offsets: Uint32Array.of(0, first.rows.length) };
  const offsets = new Uint32Array(windows.length + 1);
  windows.forEach((window, i) => {
    offsets[i + 1] = offsets[i]! + window.rows.length;
  });
  const total = offsets[windows.length]!;
  const packed = {
    rows: new Uint32Array(total),
    lexical: new Float32Array(total),
    graph: new Float32Array(total),
    fused: new Float32Array(total),
    rules: new Float32Array(total),
  };
  windows.forEach((window, i) => {
    packed.rows.set(window.rows, offsets[i]!);
    for (const name of columnNames) packed[name].set(window[name], offsets[i]!);
  });
  return { ...packed, table, transient, requests: windows.map((window) => window.request), offsets };
}
