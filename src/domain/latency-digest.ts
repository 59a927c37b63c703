/** Latencies kept, and those that count however old they are. */
const samplesMax = 128;
const samplesMin = 4;
/** Sorting at most so often keeps a digest off the hot path; before that many samples it is sorted when asked. */
const samplesPerSort = 16;

/**
 * Quantiles of the most recent latencies of one leg, stage or store; what the planner estimates from. A latency older than
 * `memoryMs` no longer counts where there are others: what was slow ten seconds ago must not keep a leg out that has
 * recovered since and is only tried now and then.
 */
export class LatencyDigest {
  readonly #memoryMs: number;
  readonly #samples = new Float64Array(samplesMax);
  readonly #times = new Float64Array(samplesMax);
  #count = 0;
  #sorted: Float64Array | null = null;
  #sortedAtMs = 0;
  #unsorted = 0;

  constructor(memoryMs: number) {
    this.#memoryMs = memoryMs;
  }

  /** @param nowMs monotonic milliseconds */
  add(ms: number, nowMs: number): void {
    const place = this.#count % samplesMax;
    this.#samples[place] = ms;
    this.#times[place] = nowMs;
    this.#count++;
    if (++this.#unsorted >= samplesPerSort || this.#count <= samplesPerSort) this.#sorted = null;
  }

  /** All that ever came. */
  get count(): number {
    return this.#count;
  }

  /** The q-quantile (0..1) in milliseconds by nearest rank, or null before the first sample. */
  quantile(q: number, nowMs: number): number | null {
    if (this.#count === 0) return null;
    if (this.#sorted === null || nowMs - this.#sortedAtMs > this.#memoryMs / samplesPerSort) {
      this.#sorted = this.#counting(nowMs).sort();
      this.#sortedAtMs = nowMs;
      this.#unsorted = 0;
    }
    const index = Math.max(0, Math.ceil(q * this.#sorted.length) - 1);
    return this.#sorted[index]!;
  }

  /** Newest first, as far as they are young enough. */
  #counting(nowMs: number): Float64Array {
    const kept = Math.min(this.#count, samplesMax);
    let size = 0;
    while (size < kept && (size < samplesMin || this.#times[this.#placeOf(size)]! >= nowMs - this.#memoryMs))
      size++;
    return Float64Array.from({ length: size }, (_, age) => this.#samples[this.#placeOf(age)]!);
  }

  /** Where the sample is that came `age` samples before the newest. */
  #placeOf(age: number): number {
    return (this.#count - 1 - age) % samplesMax;
  }
}
