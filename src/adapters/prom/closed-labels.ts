const namePattern = /^[\w/{}.-]{1,64}$/;

/**
 * Keeps a label's values to a small set: names as the code writes them, and no more of them than `max`. What does not
 * fit is counted as `other`, so that no caller can grow the registry.
 */
export class ClosedLabels {
  readonly #known: Set<string>;
  readonly #max: number;

  constructor(max: number, known: readonly string[] = []) {
    this.#max = max;
    this.#known = new Set(known);
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#max || !namePattern.test(value)) return 'other';
    this.#known.add(value);
    return value;
  }
}
