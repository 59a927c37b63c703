import type { PreferenceTable } from './rerank-batch.ts';
import type { RowBlock } from './row-block.ts';
import type { TableSnapshot } from './table-snapshot.ts';

/** Preferences are rounded to multiples of 2^-40: sums of up to 4,096 of them are exact in f64, in any order. */
const grain = 2 ** 40;
const empty = 0xffff_ffff;

/**
 * A request's facet preferences against the rows of one block, looked up by value code. Neither answer depends on the order in
 * which a row lists its values (codes are numbered in order of arrival, which differs between replicas).
 */
export class FacetPreferences {
  readonly #starts: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #values: Uint32Array;
  /** Open addressing by value code; `empty` marks a free slot. */
  readonly #keys: Uint32Array;
  readonly #preferences: Float64Array;
  /** Index of the slot's facet among those that have preferences, in the order of the schema. */
  readonly #facets: Uint8Array;
  readonly #shift: number;
  readonly #weights: Float64Array;
  readonly #sums: Float64Array;
  readonly #known: Uint32Array;
  #factors = new Float64Array(64);

  /**
   * @param table whose schema and dictionary the block shares
   * @throws RangeError where a value code is not in the dictionary or a number is out of its range
   */
  constructor(preferences: PreferenceTable, table: TableSnapshot, block: RowBlock) {
    this.#starts = block.facetStarts;
    this.#counts = block.facetCounts;
    this.#values = block.facetValues;
    const bits = Math.max(2, Math.ceil(Math.log2(preferences.values.size + 1)) + 2);
    this.#shift = 32 - bits;
    this.#keys = new Uint32Array(2 ** bits).fill(empty);
    this.#preferences = new Float64Array(2 ** bits);
    this.#facets = new Uint8Array(2 ** bits);
    const used = new Set<string>();
    for (const code of preferences.values.keys()) used.add(facetOf(table, code));
    const facets = table.schema.facets.filter((facet) => used.has(facet));
    this.#weights = Float64Array.from(facets, (facet) => facetWeight(preferences, facet));
    this.#sums = new Float64Array(facets.length);
    this.#known = new Uint32Array(facets.length);
    for (const [code, preference] of preferences.values) {
      const facet = facets.indexOf(facetOf(table, code));
      if (facet >= 0) this.#insert(code, preference, facet);
    }
  }

  /** clamp(sum over facets of weight * mean of the row's values with a preference, -1, 1); 0 where none has one. */
  preference(row: number): number {
    const sums = this.#sums;
    const known = this.#known;
    for (let facet = 0; facet < sums.length; facet++) {
      sums[facet] = 0;
      known[facet] = 0;
    }
    const start = this.#starts[row]!;
    const end = start + this.#counts[row]!;
    for (let i = start; i < end; i++) {
      const slot = this.#slotOf(this.#values[i]!);
      if (slot < 0) continue;
      const facet = this.#facets[slot]!;
      sums[facet]! += this.#preferences[slot]!;
      known[facet]!++;
    }
    let total = 0;
    for (let facet = 0; facet < sums.length; facet++) {
      if (known[facet]! > 0) total += this.#weights[facet]! * (sums[facet]! / known[facet]!);
    }
    return Math.min(1, Math.max(-1, total));
  }

  /**
   * Product over the row's values with a preference p of max(0, 1 + weight * p), multiplied in ascending order; 1 where
   * none has one.
   */
  product(row: number): number {
    const start = this.#starts[row]!;
    const count = this.#counts[row]!;
    if (this.#factors.length < count) this.#factors = new Float64Array(count);
    const factors = this.#factors;
    let known = 0;
    for (let i = start; i < start + count; i++) {
      const slot = this.#slotOf(this.#values[i]!);
      if (slot < 0) continue;
      // Two strong dislikes must not multiply into a liking.
      factors[known++] = Math.max(0, 1 + this.#weights[this.#facets[slot]!]! * this.#preferences[slot]!);
    }
    if (known > 1) factors.subarray(0, known).sort();
    let product = 1;
    for (let i = 0; i < known; i++) product *= factors[i]!;
    return product;
  }

  #insert(code: number, preference: number, facet: number): void {
    if (!(preference >= -1 && preference <= 1))
      throw new RangeError(`preferences.values[${code}]: ${preference} is not within -1..1`);
    let slot = this.#home(code);
    while (this.#keys[slot] !== empty) slot = (slot + 1) & (this.#keys.length - 1);
    this.#keys[slot] = code;
    this.#preferences[slot] = Math.round(preference * grain) / grain;
    this.#facets[slot] = facet;
  }

  #home(code: number): number {
    return Math.imul(code, 0x9e37_79b1) >>> this.#shift;
  }

  /** The table is at most a quarter full, so the walk ends at a free slot. */
  #slotOf(code: number): number {
    const keys = this.#keys;
    for (let slot = this.#home(code); ; slot = (slot + 1) & (keys.length - 1)) {
      const key = keys[slot]!;
      if (key === code) return slot;
      if (key === empty) return -1;
    }
  }
}

function facetOf(table: TableSnapshot, code: number): string {
  if (!(code >= 0 && code < table.dictionary.size))
    throw new RangeError(`preferences.values: ${code} is not a code of the dictionary`);
  return table.dictionary.facetOf(code);
}

function facetWeight(preferences: PreferenceTable, facet: string): number {
  const weight = preferences.facetWeights.get(facet) ?? 1;
  if (!(weight >= 0 && Number.isFinite(weight)))
    throw new RangeError(`preferences.facetWeights.${facet}: ${weight} is not a finite number >= 0`);
  return weight;
}
