import { Worker } from 'node:worker_threads';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { workerUrl } from '../../std/worker-url.ts';
import type { MilvusServer } from './client-settings.ts';
import type { RowBatch } from './document-rows.ts';
import { MilvusFailure } from './milvus-answer.ts';
import type { WriteFailure, WriteOrder, WriteReport, WriterData } from './write-messages.ts';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The thread that writes to Milvus, started by the first write. One that ends fails the writes that it had, whose outcome
 * is unknown then, and the next write starts another, after a while where that keeps happening.
 */
export class WriteThread {
  readonly #server: MilvusServer;
  readonly #nowMs: () => number;
  #worker: Worker | null = null;
  #loaded = false;
  #loading: Waiter[] = [];
  readonly #waiters = new Map<number, Waiter>();
  #orders = 0;
  #failures = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(server: MilvusServer, nowMs: () => number) {
    this.#server = server;
    this.#nowMs = nowMs;
  }

  /**
   * Resolves when the thread runs and has loaded what it needs, which should not be taken from a write's time.
   * @throws MilvusFailure; TriptychError unavailable
   */
  async ready(): Promise<void> {
    const worker = this.#started();
    if (this.#loaded) return;
    worker.ref();
    await new Promise<void>((resolve, reject) => this.#loading.push({ resolve, reject }));
  }

  /** @throws MilvusFailure; TriptychError overloaded | unavailable */
  async write(
    collection: string,
    dimension: number,
    { rows, vectors, deletions }: RowBatch,
    timeoutMs: number,
  ): Promise<void> {
    const worker = this.#started();
    const order: WriteOrder = {
      id: this.#orders++,
      collection,
      dimension,
      rows,
      vectors,
      deletions,
      timeoutMs,
    };
    return new Promise((resolve, reject) => {
      this.#waiters.set(order.id, { resolve, reject });
      worker.ref();
      worker.postMessage(order, [vectors.buffer as ArrayBuffer]);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    this.#lose(new TriptychError('unavailable', 'Milvus is closed'));
    await worker?.terminate();
  }

  #started(): Worker {
    if (this.#closed) throw new TriptychError('unavailable', 'Milvus is closed');
    if (this.#worker !== null) return this.#worker;
    if (this.#nowMs() < this.#notBeforeMs)
      throw new TriptychError('unavailable', 'the thread that writes to Milvus keeps failing');
    const worker = new Worker(workerUrl(import.meta.url, './write-worker.js'), {
      workerData: { server: this.#server } satisfies WriterData,
    });
    worker.on('message', (report: WriteReport) => this.#receive(worker, report));
    worker.on('error', (error) => this.#fail(worker, error.message));
    worker.on('exit', (code) => this.#fail(worker, `it ended with code ${code}`));
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #receive(worker: Worker, report: WriteReport): void {
    if (worker !== this.#worker) return;
    if (report.kind === 'ready') {
      this.#loaded = true;
      for (const { resolve } of this.#loading.splice(0)) resolve();
    } else this.#settle(report);
    // Nobody waits for it: a process that has nothing else to do may end.
    if (this.#waiters.size === 0) worker.unref();
  }

  #settle(report: Exclude<WriteReport, { kind: 'ready' }>): void {
    this.#failures = 0;
    const waiter = this.#waiters.get(report.id);
    this.#waiters.delete(report.id);
    if (report.kind === 'written') waiter?.resolve();
    else waiter?.reject(failureIn(report.failure));
  }

  #fail(worker: Worker, why: string): void {
    if (worker !== this.#worker) return;
    this.#failures++;
    this.#notBeforeMs =
      this.#nowMs() + Math.min(limits.loopPauseMsMax, 50 * 2 ** Math.min(this.#failures, 10));
    this.#lose(new MilvusFailure(`the thread that writes failed: ${why}`, { status: null, code: null }));
  }

  #lose(error: Error): void {
    this.#worker = null;
    this.#loaded = false;
    const waiters = [...this.#waiters.values(), ...this.#loading.splice(0)];
    this.#waiters.clear();
    for (const { reject } of waiters) reject(error);
  }
}

function failureIn({ message, status, code, overloaded }: WriteFailure): Error {
  return overloaded ? new TriptychError('overloaded', message) : new MilvusFailure(message, { status, code });
}
