/**
 * Notices that an answer stays out. The time is taken in two halves: where this thread itself stood still (a long turn,
 * a suspended machine) both are not over before the event loop has looked for answers.
 */
export class StallWatch {
  readonly #onStall: (limitMs: number) => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(onStall: (limitMs: number) => void) {
    this.#onStall = onStall;
  }

  /** Begins to wait for the next answer, in place of the one before. */
  expect(limitMs: number): void {
    this.rest();
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(() => this.#onStall(limitMs), limitMs / 2).unref();
    }, limitMs / 2).unref();
  }

  /** Nothing is waited for. */
  rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
