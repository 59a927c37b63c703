import { limits } from '../limits.ts';

/** Writes stop at facetValuesTotalMax; what was on its way then must still be numbered, or projection would stop. */
const codesMax = 2 * limits.facetValuesTotalMax;

/** Name under which a keyword field's values are kept in the dictionary; no facet name can equal it. */
export function keywordSpace(field: string): string {
  return `\0${field}`;
}

/**
 * Numbers every (facet, value) and every keyword once per table. Append-only: a number is never given to another
 * value, so snapshots of different epochs share it.
 */
export class FacetDictionary {
  readonly #codes = new Map<string, Map<string, number>>();
  readonly #values: string[] = [];
  readonly #facets: string[] = [];

  /** The value's number, given now if it is new. */
  intern(facet: string, value: string): number {
    let codes = this.#codes.get(facet);
    if (codes === undefined) {
      codes = new Map();
      this.#codes.set(facet, codes);
    }
    const known = codes.get(value);
    if (known !== undefined) return known;
    if (this.#values.length >= codesMax) throw new RangeError(`more than ${codesMax} distinct facet values`);
    const code = this.#values.length;
    codes.set(value, code);
    this.#values.push(value);
    this.#facets.push(facet);
    return code;
  }

  /** The value's number, or -1 if no document ever had it. */
  codeOf(facet: string, value: string): number {
    return this.#codes.get(facet)?.get(value) ?? -1;
  }

  /** Numbers of all values that documents ever had in the facet, ascending. */
  codesOf(facet: string): Iterable<number> {
    return this.#codes.get(facet)?.values() ?? [];
  }

  valueOf(code: number): string {
    return this.#values[code]!;
  }

  facetOf(code: number): string {
    return this.#facets[code]!;
  }

  get size(): number {
    return this.#values.length;
  }
}
