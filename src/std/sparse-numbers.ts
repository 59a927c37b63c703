import { grown } from './growing-array.ts';

/**
 * Numbers by small whole keys (rows, indexes), emptied in constant time: a map that costs an array access. Meant to be
 * kept and used again; memory is 12 bytes times the largest key.
 */
export class SparseNumbers {
  #values = new Float64Array(0);
  #stamps = new Uint32Array(0);
  /** New memory is 0, which is nobody's. */
  #stamp = 1;

  /** Forgets everything. */
  clear(): void {
    this.#stamp++;
    if (this.#stamp <= 0xffff_ffff) return;
    this.#stamps.fill(0);
    this.#stamp = 1;
  }

  has(key: number): boolean {
    return this.#stamps[key] === this.#stamp;
  }

  /** The number under the key, or `otherwise`. */
  get(key: number, otherwise: number): number {
    return this.#stamps[key] === this.#stamp ? this.#values[key]! : otherwise;
  }

  set(key: number, value: number): void {
    if (key >= this.#stamps.length) {
      this.#stamps = grown(this.#stamps, key + 1);
      this.#values = grown(this.#values, key + 1);
    }
    this.#stamps[key] = this.#stamp;
    this.#values[key] = value;
  }
}
