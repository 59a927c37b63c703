/** One document of a ranked list, as list-wise rules see it. */
export interface ListItem {
  readonly id: string;
  /** The document's values of a facet as numbers of the dictionary; repetitions and negative numbers do not count. */
  valuesOf(facet: string): readonly number[];
}

/** What a FacetDictionary knows about values and their numbers. */
export interface FacetCodes {
  /** -1 for a value that nobody has. */
  codeOf(facet: string, value: string): number;
  valueOf(code: number): string;
}

/** One facet over a list: its values numbered from 0 in the order in which the list shows them. */
export interface FacetColumn {
  /** Per item its values, each once. */
  readonly values: readonly (readonly number[])[];
  /** Per value how many items have it. */
  readonly totals: readonly number[];
  /** Per value its number in the dictionary. */
  readonly codes: readonly number[];
}

export type FacetColumns = ReadonlyMap<string, FacetColumn>;

export function facetColumn(items: readonly ListItem[], facet: string): FacetColumn {
  const numbers = new Map<number, number>();
  const totals: number[] = [];
  const codes: number[] = [];
  const values = items.map((item) => {
    const own: number[] = [];
    for (const code of item.valuesOf(facet)) {
      if (code < 0) continue;
      let number = numbers.get(code);
      if (number === undefined) {
        number = codes.length;
        numbers.set(code, number);
        codes.push(code);
        totals.push(0);
      }
      if (own.includes(number)) continue;
      own.push(number);
      totals[number]!++;
    }
    return own;
  });
  return { values, totals, codes };
}
