import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import { Waits } from './waits.ts';

export interface WorkLoopParts {
  readonly clock: Clock;
  /** Works off a part of what there is to do. True when the end was reached. */
  readonly pass: () => Promise<boolean>;
  /** Milliseconds from the end of the work to the next look, unless somebody nudges; asked each time. */
  readonly pollMs: () => number;
  /** Milliseconds that the next pass must still be put off, whoever nudges. */
  readonly restMs?: () => number;
  /** Pause after the first failure. */
  readonly retryMs: number;
  /** Called when a pass has failed, `failures` times in a row. */
  readonly onFailure: (error: unknown, failures: number) => void;
}

/**
 * Repeats passes in the background: at once after a nudge and until the end is reached, else every `pollMs`. After a
 * failure it pauses `retryMs`, twice as long each time up to limits.loopPauseMsMax, and goes on without a nudge.
 */
export class WorkLoop {
  readonly #parts: WorkLoopParts;
  /** Ended by a nudge. */
  readonly #polls: Waits;
  /** Ended by `stop` alone. */
  readonly #pauses: Waits;
  #nudged = false;
  #ended = false;
  #running: Promise<void> = Promise.resolve();
  /** Callers that wait for a pass which began after they asked. */
  #waiting: (() => void)[] = [];

  constructor(parts: WorkLoopParts) {
    this.#parts = parts;
    this.#polls = new Waits(parts.clock);
    this.#pauses = new Waits(parts.clock);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when the pass under way is through; whoever waits for the end of the work is answered then. */
  async stop(): Promise<void> {
    this.end();
    await this.#running;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Lets no further pass begin; whoever waits is answered by `stop`. */
  end(): void {
    this.#ended = true;
    this.#polls.cut();
    this.#pauses.cut();
  }

  /** Whether it was stopped or ended. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Says that there is something to do. */
  nudge(): void {
    this.#nudged = true;
    this.#polls.cut();
  }

  /** Resolves when all that there is to do now is done. */
  caughtUp(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.nudge();
    });
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (await this.#mayPass()) {
      this.#nudged = false;
      const waiting = this.#waiting.splice(0);
      let done = false;
      try {
        done = await this.#parts.pass();
        failures = 0;
      } catch (error) {
        failures++;
        this.#parts.onFailure(error, failures);
      }
      if (done) for (const resolve of waiting) resolve();
      else {
        this.#waiting.unshift(...waiting);
        // Nobody should have to nudge for what is left over.
        this.#nudged = true;
      }
      if (failures > 0)
        await this.#pause(Math.min(limits.loopPauseMsMax, this.#parts.retryMs * 2 ** (failures - 1)));
    }
  }

  /** Waits for a nudge or the next poll, and as long as the next pass is put off. False: there must be none. */
  async #mayPass(): Promise<boolean> {
    if (!this.#nudged && !this.#ended) await this.#polls.wait(this.#parts.pollMs());
    await this.#pause(this.#parts.restMs?.() ?? 0);
    return !this.#ended;
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0 && !this.#ended) await this.#pauses.wait(ms);
  }
}
