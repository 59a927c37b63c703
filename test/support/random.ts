import { seed } from './seed.ts';

/** Random numbers for large fixtures (mulberry32), drawn from the run's printed seed and a name. */
export class Random {
  #state: number;

  constructor(name: string) {
    this.#state = seed;
    for (const char of name) this.#state = Math.imul(this.#state ^ char.codePointAt(0)!, 0x01000193);
  }

  /** 0 <= x < 1 */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** 0 <= n < below */
  integer(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** Roughly normal, mean 0. */
  gauss(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  unitVector(dimension: number): Float32Array {
    const values = Float64Array.from({ length: dimension }, () => this.gauss());
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    if (length < 1e-9) return Float32Array.from(values, (_, i) => (i === 0 ? 1 : 0));
    return Float32Array.from(values, (value) => value / length);
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }
}
