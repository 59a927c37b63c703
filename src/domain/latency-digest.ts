/** Quantiles of the most recent latencies of one leg or stage; what the planner estimates from. */
export class LatencyDigest {
  readonly #samples: Float64Array;
  #count = 0;
  #sorted: Float64Array | null = null;
  #age = 0;

  /** @param window how many of the latest samples count */
  constructor(window = 128) {
    this.#samples = new Float64Array(window);
  }

  add(ms: number): void {
    this.#samples[this.#count % this.#samples.length] = ms;
    this.#count++;
    // Sorting at most every 16th sample keeps the digest off the hot path; before that it is sorted when asked.
    if (++this.#age >= 16 || this.#count <= 16) this.#sorted = null;
  }

  get count(): number {
    return this.#count;
  }

  /** The q-quantile (0..1) in milliseconds by nearest rank, or null before the first sample. */
  quantile(q: number): number | null {
    if (this.#count === 0) return null;
    if (this.#sorted === null) {
      this.#sorted = this.#samples.slice(0, Math.min(this.#count, this.#samples.length)).sort();
      this.#age = 0;
    }
    const index = Math.max(0, Math.ceil(q * this.#sorted.length) - 1);
    return this.#sorted[index]!;
  }
}
