import { fork } from 'node:child_process';
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
 * HTTP clients in a process of their own, timed there to the microsecond: the time that they cost is no part of what the
 * serving process says of itself, and whole milliseconds, which most load generators count, are too coarse.
 */
export class HttpLoad {
  readonly #url: string;
  readonly #child = fork(new URL('./http-load-worker.js', import.meta.url), { serialization: 'advanced' });

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
    const answer = await this.#ask({ perSecond: null, ...job, url: this.#url });
    if ('failure' in answer) throw new Error(answer.failure);
    for (const [index, text] of answer.answers.entries())
      check(JSON.parse(text) as Record<string, unknown>, index);
    return answer.round;
  }

  #ask(job: LoadJob): Promise<LoadAnswer> {
    return new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`the load generator ended with ${code}`));
      this.#child.once('exit', ended);
      this.#child.once('message', (answer) => {
        this.#child.off('exit', ended);
        resolve(answer as LoadAnswer);
      });
      this.#child.send(job);
    });
  }

  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    await new Promise((resolve) => {
      this.#child.once('exit', resolve);
      this.#child.kill();
    });
  }
}
