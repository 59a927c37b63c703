import { TriptychError } from '../errors.ts';

/**
 * At most `max` at once; who does not fit is turned away at once instead of waiting, so that a flood costs nothing but
 * its headers.
 */
export class Gate {
  #inside = 0;
  readonly #max: number;
  readonly #onChange: (inside: number) => void;

  constructor(max: number, onChange: (inside: number) => void = () => {}) {
    this.#max = max;
    this.#onChange = onChange;
  }

  get inside(): number {
    return this.#inside;
  }

  /**
   * Takes `places` and returns the way out, to be called once or more; only the first call counts.
   * @throws TriptychError overloaded
   */
  enter(places = 1): () => void {
    if (this.#inside + places > this.#max)
      throw new TriptychError('overloaded', 'too many requests of this kind are in flight', {
        retryAfterSeconds: 1,
      });
    this.#move(places);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#move(-places);
    };
  }

  /** Runs `work` inside. */
  async pass<T>(work: () => Promise<T>, places = 1): Promise<T> {
    const leave = this.enter(places);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #move(places: number): void {
    this.#inside += places;
    this.#onChange(this.#inside);
  }
}
