import { TriptychError } from '../../errors.ts';
import type { Clock } from '../../ports/clock.ts';

/** Lets at most so many tasks run at once; the others wait in the order of their arrival, none longer than it is given. */
export class Turns {
  readonly #clock: Clock;
  readonly #turnsMax: number;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(turnsMax: number, clock: Clock) {
    this.#turnsMax = turnsMax;
    this.#clock = clock;
  }

  /** @throws TriptychError overloaded (no turn in time) | what `task` throws */
  async take<T>(waitMs: number, task: () => Promise<T>): Promise<T> {
    if (this.#taken < this.#turnsMax) this.#taken += 1;
    else await this.#turn(waitMs);
    try {
      return await task();
    } finally {
      this.#pass();
    }
  }

  #turn(waitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.#clock.after(waitMs, () => {
        this.#waiting.delete(begin);
        reject(
          new TriptychError('overloaded', 'too many writes wait for the document store', {
            retryAfterSeconds: 1,
          }),
        );
      });
      this.#waiting.add(begin);
    });
  }

  /** The turn goes to who has waited longest. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
