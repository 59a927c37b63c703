import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Clock } from '../ports/clock.ts';
import { type Caller, CallerGone } from './exchange.ts';

/** What a gate tells of itself, for gauges. */
export interface GateObserver {
  inside?(places: number): void;
  /** By how many the number of those who wait has changed. */
  waiting?(change: 1 | -1): void;
}

interface Waiter {
  readonly places: number;
  admit(): void;
}

/**
 * At most `max` inside; limits.admissionQueueMax more wait in order, each at most limits.admissionWaitMsMax, so that a
 * short burst is served and a flood costs nothing but its headers.
 */
export class Gate {
  #inside = 0;
  readonly #queue = new Set<Waiter>();
  readonly #max: number;
  readonly #clock: Clock;
  readonly #observer: GateObserver;

  constructor(max: number, clock: Clock, observer: GateObserver = {}) {
    this.#max = max;
    this.#clock = clock;
    this.#observer = observer;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Takes `places`, once they are free, and returns the way out, to be called once or more; only the first call counts.
   * Whoever is inside with `held` places can have all the others and no more, so that nobody waits for himself.
   * @throws TriptychError overloaded
   * @throws CallerGone
   */
  async enter(caller: Caller, places = 1, held = 0): Promise<() => void> {
    const wanted = Math.min(places, this.#max - held);
    if (wanted <= 0) return () => {};
    // Who comes later does not go first, even if he is smaller.
    if (this.#queue.size > 0 || this.#inside + wanted > this.#max) await this.#wait(caller, wanted);
    else this.#move(wanted);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#move(-wanted);
      this.#admit();
    };
  }

  /** Runs `work` inside. @throws as enter */
  async pass<T>(caller: Caller, work: () => Promise<T>, places = 1, held = 0): Promise<T> {
    const leave = await this.enter(caller, places, held);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #wait(caller: Caller, places: number): Promise<void> {
    if (this.#queue.size >= limits.admissionQueueMax) return Promise.reject(overloaded());
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#queue.delete(waiter);
        this.#observer.waiting?.(-1);
        cancel();
        stopListening();
      };
      const giveUp = (error: Error): void => {
        leave();
        reject(error);
        // The next ones may be smaller.
        this.#admit();
      };
      const waiter: Waiter = {
        places,
        admit: () => {
          leave();
          this.#move(places);
          resolve();
        },
      };
      this.#queue.add(waiter);
      this.#observer.waiting?.(1);
      const cancel = this.#clock.after(limits.admissionWaitMsMax, () => giveUp(overloaded()));
      const stopListening = caller.whenGone(() => giveUp(new CallerGone()));
    });
  }

  /** Lets in, in order, those who fit. */
  #admit(): void {
    for (const waiter of this.#queue) {
      if (this.#inside + waiter.places > this.#max) return;
      waiter.admit();
    }
  }

  #move(places: number): void {
    this.#inside += places;
    this.#observer.inside?.(this.#inside);
  }
}

function overloaded(): TriptychError {
  return new TriptychError('overloaded', 'too many requests of this kind are in flight', {
    retryAfterSeconds: 1,
  });
}
