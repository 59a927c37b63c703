interface RetryBudgetOptions {
  /** What each call adds. */
  readonly share: number;
  readonly retriesMax: number;
}

/** Second attempts are a share of the calls, so that they cannot multiply the load of a store that is failing. */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  /** In hundredths: sums of fractions would drift. */
  #saved = 100;

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
  }

  /** A call was made. */
  add(): void {
    const { share, retriesMax } = this.#options;
    this.#saved = Math.min(retriesMax * 100, this.#saved + Math.round(share * 100));
  }

  /** Whether there is a retry left, which is then spent. */
  take(): boolean {
    if (this.#saved < 100) return false;
    this.#saved -= 100;
    return true;
  }
}
