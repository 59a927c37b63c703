import { Worker } from 'node:worker_threads';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Embedder } from '../../ports/embedder.ts';
import { workerUrl } from '../../std/worker-url.ts';
import type { EmbedderAnswer, EmbedderRequest } from './embedder-worker.ts';
import { type Batch, TextQueue } from './text-queue.ts';
import { dimension, modelName } from './use-lite.ts';

/**
 * The built-in model in a worker thread. While a batch is computed the next texts wait (bounded) and then go together;
 * there is no timer. Only the first limits.embedTextCharsMax characters and the first 128 pieces of a text count. A
 * text without content (empty, or in a script that the model does not know) has a fixed unit vector.
 *
 * A worker that crashes or hangs fails the calls whose texts it held and is started again, at most
 * limits.embedRestartsMax times in a row; after that every call fails.
 */
export class TfjsEmbedder implements Embedder {
  readonly model = modelName;
  readonly dimension = dimension;
  readonly #queue = new TextQueue();
  readonly #startWorker: () => Worker;
  #worker: Worker | null = null;
  #loaded = false;
  #batch: Batch | null = null;
  /** Texts of the batch whose vectors are still to come. */
  #unanswered = 0;
  #watchdog: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  #failures = 0;
  /** Set for good: by close, or after too many failures. */
  #end: TriptychError | null = null;
  #readyWaiters: { resolve: () => void; reject: (error: unknown) => void }[] = [];

  /** Starts loading at once. `startWorker` is replaced in tests of failures. */
  constructor(startWorker: () => Worker = startEmbedderWorker) {
    this.#startWorker = startWorker;
    this.#start();
  }

  /** @throws TriptychError embedder_unavailable | overloaded; the signal's reason when it is aborted */
  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    signal.throwIfAborted();
    if (this.#end !== null) throw this.#end;
    if (texts.length === 0) return [];
    const vectors = this.#queue.add(texts, signal);
    this.#next();
    return vectors;
  }

  /** @throws TriptychError embedder_unavailable when the model cannot be loaded, or on close */
  async ready(): Promise<void> {
    if (this.#end !== null) throw this.#end;
    if (this.#loaded) return;
    await new Promise<void>((resolve, reject) => this.#readyWaiters.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    this.#finish(new TriptychError('embedder_unavailable', 'the embedder is closed'));
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #start(): void {
    const worker = this.#startWorker();
    this.#worker = worker;
    this.#watch(worker, 'the model did not load in time');
    worker.on('message', (answer: EmbedderAnswer) => this.#receive(worker, answer));
    worker.on('error', (error) => this.#fail(worker, error));
    worker.on('exit', (code) =>
      this.#fail(worker, new Error(`the embedder's worker ended with code ${code}`)),
    );
  }

  #receive(worker: Worker, answer: EmbedderAnswer): void {
    if (worker !== this.#worker) return;
    clearTimeout(this.#watchdog);
    if (answer.kind === 'ready') {
      this.#loaded = true;
      for (const { resolve } of this.#readyWaiters.splice(0)) resolve();
    } else if (this.#batch !== null) {
      this.#failures = 0;
      this.#unanswered -= answer.rows.length;
      this.#queue.resolve(this.#batch, answer.rows, answer.vectors);
      if (this.#unanswered > 0) this.#watch(worker, 'the model did not answer in time');
      else this.#batch = null;
    }
    this.#next();
  }

  /** Sends the next batch if the worker is idle. */
  #next(): void {
    const worker = this.#worker;
    if (worker === null || !this.#loaded || this.#batch !== null) return;
    const batch = this.#queue.take();
    if (batch === null) return;
    this.#batch = batch;
    this.#unanswered = batch.texts.length;
    this.#watch(worker, 'the model did not answer in time');
    worker.postMessage({ texts: batch.texts } satisfies EmbedderRequest);
  }

  #watch(worker: Worker, message: string): void {
    this.#watchdog = setTimeout(() => {
      this.#fail(worker, new Error(message));
      void worker.terminate();
    }, limits.embedBatchTimeoutMs);
  }

  #fail(worker: Worker, cause: Error): void {
    if (worker !== this.#worker) return;
    clearTimeout(this.#watchdog);
    this.#worker = null;
    this.#loaded = false;
    const error = new TriptychError('embedder_unavailable', `the built-in model failed: ${cause.message}`, {
      cause,
    });
    const batch = this.#batch;
    this.#batch = null;
    if (batch !== null) this.#queue.reject(batch, error);
    this.#failures++;
    if (this.#failures > limits.embedRestartsMax) this.#finish(error);
    // Back off, so that a model that cannot load does not spin.
    else this.#restart = setTimeout(() => this.#start(), 50 * 2 ** this.#failures);
  }

  #finish(error: TriptychError): void {
    this.#end ??= error;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#restart);
    const batch = this.#batch;
    this.#batch = null;
    if (batch !== null) this.#queue.reject(batch, this.#end);
    this.#queue.rejectAll(this.#end);
    for (const { reject } of this.#readyWaiters.splice(0)) reject(this.#end);
  }
}

function startEmbedderWorker(): Worker {
  // stdout is for data: whatever the kernels print there is dropped.
  const worker = new Worker(workerUrl(import.meta.url, './embedder-worker.js'), { stdout: true });
  worker.stdout.resume();
  return worker;
}
