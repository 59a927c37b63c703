import { TriptychError } from '../errors.ts';

/** Bounds how many tool calls are worked on at a time; one more is refused at once, because a model can ask again. */
export class CallPlaces {
  readonly #max: number;
  #taken = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** @throws TriptychError overloaded */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    if (this.#taken >= this.#max)
      throw new TriptychError('overloaded', `${this.#max} tool calls are under way`, {
        retryAfterSeconds: 1,
      });
    this.#taken++;
    try {
      return await work();
    } finally {
      this.#taken--;
    }
  }
}
