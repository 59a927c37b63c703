import type { Clock } from '../../src/ports/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that moves only when told to: timers fire in order of time, then of creation. */
export class FakeClock implements Clock {
  #nowMs = 1_000;
  #timers: Timer[] = [];
  #created = 0;
  readonly startEpochMs = Date.parse('2026-01-01');

  nowMs(): number {
    return this.#nowMs;
  }

  epochMs(): number {
    return this.startEpochMs + this.#nowMs;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + Math.max(0, ms), order: this.#created++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass without a turn for any timer, as work that holds the event loop does. */
  hold(ms: number): void {
    this.#nowMs += ms;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** Timers that have not fired. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Moves the clock and fires what became due. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.#timers.some(({ atMs }) => atMs <= untilMs)) this.#next();
    this.#nowMs = untilMs;
  }

  /** Runs timers one by one until `promise` settles; fails when it waits for nothing. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    promise.then(
      () => {
        settled = true;
      },
      () => {
        settled = true;
      },
    );
    for (let steps = 0; steps < 100_000; steps++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (settled) return promise;
      this.#next();
    }
    throw new Error('the promise did not settle');
  }

  #next(): void {
    this.#timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    const timer = this.#timers.shift();
    if (timer === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    timer.callback();
  }
}
