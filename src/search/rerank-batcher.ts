import type { BatchRows } from '../domain/batch-rows.ts';
import { columnNames } from '../domain/rerank-batch.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import type { Meter } from '../ports/meter.ts';
import type { BackendName, RerankBatch, RerankRequest } from '../ports/reranker.ts';
import type { ChosenReranker } from './chosen-reranker.ts';
import { within } from './within.ts';

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
  /** Which backend selected. */
  readonly backend: BackendName;
}

/** How long a request waits. */
export interface ScorerWait {
  /** Monotonic milliseconds; a window that is still queued then is not scored. */
  readonly endMs: number;
  /** Aborted when the request has given up, at `endMs` at the latest. */
  readonly signal: AbortSignal;
}

/** A request in the queue or in a batch. */
interface Waiting extends ScorerWait {
  readonly window: ScorerWindow;
  readonly resolve: (selection: ScorerSelection) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Natural micro-batching in front of the backends: windows that become ready in one turn, or while a batch is in flight,
 * go together in the next call, oldest first, those of one epoch that read the same transient block or none. No timer
 * holds a window back, so a lone request never waits for company. Queue and batches are bounded, and who is late costs
 * the others nothing: a window whose request has given up is left out, a batch ends when all of its requests have, and
 * one that takes very long is gone past.
 */
export class RerankBatcher {
  readonly #reranker: Pick<ChosenReranker, 'rerank'>;
  readonly #meter: Meter;
  readonly #clock: Clock;
  #queue: Waiting[] = [];
  #busy = false;

  constructor(reranker: Pick<ChosenReranker, 'rerank'>, { meter, clock }: { meter: Meter; clock: Clock }) {
    this.#reranker = reranker;
    this.#meter = meter;
    this.#clock = clock;
  }

  /**
   * @throws TriptychError overloaded when rerankQueueMax windows wait already; deadline_exceeded when its time passed
   * in the queue
   */
  submit(window: ScorerWindow, { endMs, signal }: ScorerWait): Promise<ScorerSelection> {
    if (this.#queue.length >= limits.rerankQueueMax) this.#queue = this.#stillWaiting(this.#queue);
    if (this.#queue.length >= limits.rerankQueueMax)
      return Promise.reject(new TriptychError('overloaded', 'The scorer has no room for another request.'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ window, endMs, signal, resolve, reject });
      if (this.#busy) return;
      this.#busy = true;
      queueMicrotask(() => void this.#drain());
    });
  }

  async #drain(): Promise<void> {
    for (;;) {
      this.#queue = this.#stillWaiting(this.#queue);
      if (this.#queue.length === 0) break;
      const blocks = this.#nextBlocks();
      await this.#endOrOvertaken(this.#run(this.#take(blocks), blocks));
    }
    this.#busy = false;
  }

  /** Resolves when the batch ends, or takes so long that the next one goes past it (to another backend). */
  #endOrOvertaken(run: Promise<void>): Promise<void> {
    return within(run, limits.rerankOvertakeMs, this.#clock, undefined);
  }

  /** Those that have not given up; the others are told that they are late. */
  #stillWaiting(all: readonly Waiting[]): Waiting[] {
    const nowMs = this.#clock.nowMs();
    return all.filter(({ endMs, signal, reject }) => {
      if (!signal.aborted && nowMs <= endMs) return true;
      reject(new TriptychError('deadline_exceeded', 'The deadline passed before scoring.'));
      return false;
    });
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

  /** Takes the oldest windows that fit the blocks out of the queue, as many as one batch may hold. */
  #take(blocks: BatchRows): Waiting[] {
    const batch: Waiting[] = [];
    const rest: Waiting[] = [];
    let rows = 0;
    let full = false;
    for (const waiting of this.#queue) {
      const { window } = waiting;
      if (full || !fits(window, blocks)) rest.push(waiting);
      else {
        rows += window.rows.length;
        // Once one has to wait for its turn, so have all behind it.
        full =
          batch.length === limits.rerankBatchRequestsMax ||
          (batch.length > 0 && rows > limits.rerankBatchRowsMax);
        (full ? rest : batch).push(waiting);
      }
    }
    this.#queue = rest;
    return batch;
  }

  /** Scores the windows in one call. If that fails each gets a call of its own, so that only the faulty one's fails. */
  async #run(batch: readonly Waiting[], blocks: BatchRows): Promise<void> {
    const leave = allAborted(batch.map(({ signal }) => signal));
    try {
      const packed = pack(
        batch.map((waiting) => waiting.window),
        blocks,
      );
      this.#meter.count('rerank_batches', 1);
      this.#meter.count('reranked_rows', packed.rows.length);
      const { selected, dropped, backend } = await this.#reranker.rerank(packed, leave.signal);
      batch.forEach((waiting, i) => {
        waiting.resolve({ selected: selected[i]!, dropped: dropped[i]!, backend });
      });
    } catch (error) {
      if (batch.length === 1) batch[0]!.reject(error);
      else for (const waiting of this.#stillWaiting(batch)) await this.#run([waiting], blocks);
    } finally {
      leave.end();
    }
  }
}

/** A signal that is aborted once all of these are; `end` stops listening to them. */
function allAborted(signals: readonly AbortSignal[]): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  let left = signals.length;
  const listeners = signals.map(() => (): void => {
    left--;
    if (left === 0) controller.abort();
  });
  signals.forEach((signal, i) => {
    if (signal.aborted) listeners[i]!();
    else signal.addEventListener('abort', listeners[i]!, { once: true });
  });
  const end = (): void => {
    signals.forEach((signal, i) => {
      signal.removeEventListener('abort', listeners[i]!);
    });
  };
  return { signal: controller.signal, end };
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
