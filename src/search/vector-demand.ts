import { limits } from '../limits.ts';

/**
 * How often searches have compared the vector of a document lately, where not all vectors are in memory. Counts are halved
 * whenever they are taken, so what was asked for long ago is forgotten.
 */
export class VectorDemand {
  #counts = new Map<string, number>();

  /** Once more for each. */
  add(ids: Iterable<string>): void {
    for (const id of ids) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    // Those that are asked for once come and go.
    if (this.#counts.size > limits.demandedDocumentsMax) this.#halve();
  }

  /** The documents that are asked for again and again, most often first. */
  take(): string[] {
    const wanted = [...this.#counts]
      .filter(([, count]) => count >= limits.promotionReadsMin)
      .sort(([a, ofA], [b, ofB]) => ofB - ofA || (a < b ? -1 : 1))
      .map(([id]) => id);
    this.#halve();
    return wanted;
  }

  #halve(): void {
    const halved = [...this.#counts].map(([id, count]) => [id, count / 2] as const);
    this.#counts = new Map(halved.filter(([, count]) => count >= 1));
  }
}
