import type { Clock } from '../ports/clock.ts';

/** Waits on a clock that can be cut short. */
export class Waits {
  readonly #clock: Clock;
  readonly #wakes = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `ms`, or with the next `cut`. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        cancel();
        this.#wakes.delete(wake);
        resolve();
      };
      const cancel = this.#clock.after(ms, wake);
      this.#wakes.add(wake);
    });
  }

  /** Ends every wait that is under way. */
  cut(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}
