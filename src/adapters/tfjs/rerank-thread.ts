import type { Worker } from 'node:worker_threads';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { RerankOrder, RerankReport, ScoreOrder, TfjsKind } from './rerank-messages.ts';

export type StartWorker = () => Worker;

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The worker thread behind a tfjs backend: one order for scores at a time. A worker that crashes, or does not answer within
 * limits.tfjsAnswerMsMax, fails the order that it had and is started again, at most limits.tfjsRestartsMax times in a
 * row; while it loads, orders fail at once, so that another backend can serve them.
 */
export class RerankThread {
  readonly #name: TfjsKind;
  readonly #startWorker: StartWorker;
  readonly #onLost: () => void;
  #worker: Worker | null = null;
  #loaded = false;
  #scores: Waiter<Float32Array> | null = null;
  #readyWaiters: Waiter<void>[] = [];
  #watchdog: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #failures = 0;
  /** Set for good: by close, by kernels that are not there, or after too many failures. */
  #end: Error | null = null;
  tensorCount = 0;

  /** @param onLost called when the worker ends, and all that it held is gone */
  constructor(name: TfjsKind, startWorker: StartWorker, onLost: () => void) {
    this.#name = name;
    this.#startWorker = startWorker;
    this.#onLost = onLost;
    this.#start();
  }

  async ready(): Promise<void> {
    if (this.#end !== null) throw this.#end;
    if (this.#loaded) return;
    await new Promise<void>((resolve, reject) => this.#readyWaiters.push({ resolve, reject }));
  }

  /** @throws TriptychError unavailable once it was given up; Error while it loads */
  expectReady(): void {
    if (this.#end !== null) throw this.#end;
    if (!this.#loaded) throw new Error(`${this.#name} is being loaded`);
  }

  /** Sends an order that has no answer. The buffers are no longer usable here. */
  post(order: RerankOrder, transfer: ArrayBuffer[]): void {
    this.expectReady();
    this.#worker!.postMessage(order, transfer);
  }

  /** One score per candidate of the order. */
  score(order: ScoreOrder): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      const { rows, carried, vectors, columns } = order;
      this.post(
        order,
        [rows, carried, vectors, columns].map(({ buffer }) => buffer as ArrayBuffer),
      );
      this.#worker!.ref();
      this.#scores = { resolve, reject };
      this.#watch(limits.tfjsAnswerMsMax, 'did not answer in time');
    });
  }

  async close(): Promise<void> {
    this.#finish(new TriptychError('unavailable', `${this.#name} is closed`));
    const worker = this.#worker;
    this.#worker = null;
    this.#loaded = false;
    await worker?.terminate();
  }

  #start(): void {
    const worker = this.#startWorker();
    this.#worker = worker;
    this.#watch(limits.tfjsLoadMsMax, 'did not load in time');
    worker.on('message', (report: RerankReport) => this.#receive(worker, report));
    worker.on('error', (error) => this.#fail(worker, error.message));
    worker.on('exit', (code) => this.#fail(worker, `its thread ended with code ${code}`));
  }

  #receive(worker: Worker, report: RerankReport): void {
    if (worker !== this.#worker) return;
    clearTimeout(this.#watchdog);
    // Nobody waits for it: a process that has nothing else to do may end.
    worker.unref();
    switch (report.kind) {
      case 'ready':
        this.#loaded = true;
        for (const { resolve } of this.#readyWaiters.splice(0)) resolve();
        break;
      case 'absent':
        this.#worker = null;
        this.#finish(new TriptychError('unavailable', report.reason));
        break;
      case 'scores': {
        this.#failures = 0;
        this.tensorCount = report.tensorCount;
        const waiter = this.#scores;
        this.#scores = null;
        waiter?.resolve(report.scores);
      }
    }
  }

  #watch(ms: number, what: string): void {
    const worker = this.#worker!;
    this.#watchdog = setTimeout(() => {
      this.#fail(worker, what);
      void worker.terminate();
    }, ms);
    // A backend that hangs does not keep the process alive.
    this.#watchdog.unref();
  }

  #fail(worker: Worker, why: string): void {
    if (worker !== this.#worker) return;
    clearTimeout(this.#watchdog);
    this.#worker = null;
    this.#loaded = false;
    this.#onLost();
    const error = new Error(`${this.#name} failed: ${why}`);
    this.#reject(error);
    this.#failures++;
    if (this.#failures > limits.tfjsRestartsMax)
      this.#finish(new TriptychError('unavailable', error.message, { cause: error }));
    // Back off, so that kernels which cannot load do not spin.
    else this.#restart = setTimeout(() => this.#start(), 50 * 2 ** this.#failures);
  }

  #reject(error: Error): void {
    const waiter = this.#scores;
    this.#scores = null;
    waiter?.reject(error);
  }

  #finish(error: Error): void {
    this.#end ??= error;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#restart);
    this.#reject(this.#end);
    for (const { reject } of this.#readyWaiters.splice(0)) reject(this.#end);
  }
}
