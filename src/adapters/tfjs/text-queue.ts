import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { dimension, tokensMax } from './use-lite.ts';

/** One call of embed: its texts leave the queue in order, perhaps in several batches. */
interface Job {
  readonly texts: readonly string[];
  readonly vectors: Float32Array[];
  /** Next text to go into a batch. */
  next: number;
  /** Vectors that are there. */
  done: number;
  /** Settles the promise, with the vectors or the failure; later calls do nothing. */
  readonly finish: (failure?: { readonly error: unknown }) => void;
  settled: boolean;
}

interface BatchEntry {
  readonly job: Job;
  readonly index: number;
}

/** Texts that are computed together. */
export interface Batch {
  readonly texts: readonly string[];
  readonly entries: readonly BatchEntry[];
}

/**
 * Texts that wait for the model, at most limits.embedQueueMax. Calls take turns, one text each, so a query does not
 * wait for all the documents of a bulk write that came before it.
 */
export class TextQueue {
  readonly #jobs: Job[] = [];
  #waiting = 0;

  /**
   * One vector per text, in order. An abort takes the texts that still wait out of the queue.
   * @throws TriptychError overloaded when the texts do not fit; the signal's reason when it is aborted
   */
  add(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    if (this.#waiting + texts.length > limits.embedQueueMax)
      throw new TriptychError('overloaded', `more than ${limits.embedQueueMax} texts wait for the embedder`, {
        retryAfterSeconds: 1,
      });
    return new Promise((resolve, reject) => {
      const onAbort = () => job.finish({ error: signal.reason });
      const job: Job = {
        texts,
        vectors: new Array<Float32Array>(texts.length),
        next: 0,
        done: 0,
        settled: false,
        finish: (failure) => {
          if (job.settled) return;
          job.settled = true;
          signal.removeEventListener('abort', onAbort);
          this.#remove(job);
          if (failure === undefined) resolve(job.vectors);
          else reject(failure.error);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#jobs.push(job);
      this.#waiting += texts.length;
    });
  }

  /** Texts that wait. */
  get size(): number {
    return this.#waiting;
  }

  /** The next batch: at most limits.embedBatchMax texts of about limits.embedBatchTokensMax tokens; null if none waits. */
  take(): Batch | null {
    const entries: BatchEntry[] = [];
    let tokens = 0;
    while (entries.length < limits.embedBatchMax && tokens < limits.embedBatchTokensMax) {
      const job = this.#jobs.shift();
      if (job === undefined) break;
      entries.push({ job, index: job.next });
      tokens += estimatedTokens(job.texts[job.next]!);
      job.next++;
      this.#waiting--;
      if (job.next < job.texts.length) this.#jobs.push(job);
    }
    return entries.length === 0
      ? null
      : { entries, texts: entries.map(({ job, index }) => job.texts[index]!) };
  }

  /** Hands out the vectors (row-major) of some of a batch's entries. */
  resolve(batch: Batch, rows: readonly number[], vectors: Float32Array): void {
    for (const [at, row] of rows.entries()) {
      const { job, index } = batch.entries[row]!;
      job.vectors[index] = vectors.slice(at * dimension, (at + 1) * dimension);
      job.done++;
      if (job.done === job.texts.length) job.finish();
    }
  }

  /** Fails the calls whose texts are in the batch. */
  reject(batch: Batch, error: TriptychError): void {
    for (const { job } of batch.entries) job.finish({ error });
  }

  /** Fails every call that waits. */
  rejectAll(error: TriptychError): void {
    for (const job of [...this.#jobs]) job.finish({ error });
  }

  #remove(job: Job): void {
    const index = this.#jobs.indexOf(job);
    if (index < 0) return;
    this.#jobs.splice(index, 1);
    this.#waiting -= job.texts.length - job.next;
  }
}

/** English has about four characters a piece; the worker counts exactly. */
function estimatedTokens(text: string): number {
  return Math.min(tokensMax, 1 + Math.ceil(text.length / 4));
}
