import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Round } from './measure.ts';

export interface LoadRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON; null: none. */
  readonly body: string | null;
}

export interface LoadJob {
  readonly url: string;
  /** Sent in turn, from the first again after the last. */
  readonly requests: readonly LoadRequest[];
  readonly connections: number;
  readonly calls: number;
  /** How many calls fall due in a second; null: each follows the one before. */
  readonly perSecond: number | null;
}

export type LoadAnswer =
  | { readonly round: Round; readonly answers: readonly string[] }
  | { readonly failure: string };

/**
 * HTTP clients in a thread of their own, timed there to the microsecond: autocannon counts whole milliseconds, which is
 * too coarse for what takes about one.
 */
export class HttpLoad {
  readonly #url: string;
  readonly #worker = new Worker(new URL('./http-load-worker.js', import.meta.url));

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Runs the calls; one job at a time.
   * @param check given the last answer to each request; throws where it is wrong
   */
  async run(
    job: Omit<LoadJob, 'url' | 'perSecond'> & { readonly perSecond?: number },
    check: (answer: Readonly<Record<string, unknown>>, index: number) => void = () => {},
  ): Promise<Round> {
    this.#worker.postMessage({ perSecond: null, ...job, url: this.#url } satisfies LoadJob);
    // Rejects where the worker itself fails.
    const [answer] = (await once(this.#worker, 'message')) as [LoadAnswer];
    if ('failure' in answer) throw new Error(answer.failure);
    for (const [index, text] of answer.answers.entries())
      check(JSON.parse(text) as Record<string, unknown>, index);
    return answer.round;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
