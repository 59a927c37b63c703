import type { CatalogueSchema } from './catalogue-schema.ts';
import type { StoredDocument } from './document.ts';
import { type FacetDictionary, keywordSpace } from './facet-dictionary.ts';
import { dateToMs, numericValue } from './predicate.ts';
import type { RowMemory } from './row-memory.ts';
import { enlargeVectorRows, makeVectorRows, type VectorRows, writeVector } from './vector-rows.ts';

/**
 * The columns of the resident table: what a row holds from the moment it is written until its slot is reused. Arrays
 * are replaced by larger ones, never shrunk or moved in place, so a snapshot that holds the old arrays stays right.
 */
export class TableColumns {
  readonly #schema: CatalogueSchema;
  readonly #dictionary: FacetDictionary;
  readonly #memory: RowMemory;
  readonly #fieldNames: readonly string[];
  /** Rows from this number on have no vector. */
  readonly #vectorRowsMax: number;
  capacity = 0;
  #vectorCapacity = 0;
  vectors: VectorRows;
  recencyMs: Float64Array = new Float64Array(0);
  popularity: Float64Array = new Float64Array(0);
  versions = new Float64Array(0);
  facetStarts: Uint32Array = new Uint32Array(0);
  facetCounts: Uint32Array = new Uint32Array(0);
  facetValues: Uint32Array;
  /** In the order of the schema's fields. */
  fields: readonly Float64Array[];
  readonly ids: string[] = [];
  readonly titles: string[] = [];
  /** facetValues in use, and how many of them belong to rows that were given up. */
  #facetEnd = 0;
  #facetWaste = 0;

  constructor(
    schema: CatalogueSchema,
    dictionary: FacetDictionary,
    memory: RowMemory,
    vectorRowsMax: number = Number.POSITIVE_INFINITY,
  ) {
    this.#schema = schema;
    this.#vectorRowsMax = vectorRowsMax;
    this.#dictionary = dictionary;
    this.#memory = memory;
    this.facetValues = this.#codes(noCodes, facetValuesMin);
    this.vectors = makeVectorRows(schema.embedding.tier, schema.embedding.dimension, 0, memory);
    this.#fieldNames = Object.keys(schema.fields);
    this.fields = this.#fieldNames.map(() => new Float64Array(0));
  }

  grow(rowsNeeded: number): void {
    if (rowsNeeded <= this.capacity) return;
    const capacity = Math.max(1024, rowsNeeded, Math.ceil(this.capacity * 1.5));
    const vectorCapacity = Math.min(capacity, this.#vectorRowsMax);
    if (vectorCapacity > this.#vectorCapacity) {
      this.vectors = enlargeVectorRows(this.vectors, vectorCapacity, this.#memory);
      this.#vectorCapacity = vectorCapacity;
    }
    this.recencyMs = this.#floats(this.recencyMs, capacity);
    this.popularity = this.#floats(this.popularity, capacity);
    this.versions = enlarge(this.versions, new Float64Array(capacity));
    this.facetStarts = this.#codes(this.facetStarts, capacity);
    this.facetCounts = this.#codes(this.facetCounts, capacity);
    this.fields = this.fields.map((column) => this.#floats(column, capacity));
    this.capacity = capacity;
  }

  write(row: number, document: StoredDocument): void {
    if (row < this.#vectorRowsMax) writeVector(this.vectors, row, document.embedding);
    this.#name(row, document.id, document.title);
    this.versions[row] = document.version;
    const { popularity, recency } = this.#schema;
    this.popularity[row] =
      popularity === null ? Number.NaN : numericValue(this.#schema, document, popularity);
    this.recencyMs[row] = recency === null ? Number.NaN : numericValue(this.#schema, document, recency.field);
    this.#fieldNames.forEach((name, i) => {
      this.fields[i]![row] = this.#fieldNumber(name, document);
    });
    this.#writeFacets(row, document);
  }

  /** @param row below vectorRowsMax */
  writeVector(row: number, embedding: Float32Array): void {
    writeVector(this.vectors, row, embedding);
  }

  /** Makes `to` the same document, without its vector. */
  copyFacts(from: number, to: number): void {
    this.#name(to, this.ids[from]!, this.titles[from]!);
    for (const column of [this.versions, this.popularity, this.recencyMs, ...this.fields])
      column[to] = column[from]!;
    const start = this.facetStarts[from]!;
    this.#putFacets(to, this.facetValues.subarray(start, start + this.facetCounts[from]!));
  }

  /** The slot's facet values become waste; the arrays are compacted once more than half of them is. */
  free(row: number): void {
    this.#facetWaste += this.facetCounts[row]!;
    this.facetCounts[row] = 0;
    this.ids[row] = '';
    this.titles[row] = '';
  }

  /** Moves the facet values of rows 0..rowCount together into new arrays; snapshots keep the old ones. */
  compactFacets(rowCount: number): void {
    if (this.#facetWaste * 2 <= this.#facetEnd || this.#facetEnd < 4096) return;
    const starts = this.#codes(noCodes, this.capacity);
    const inUse = this.#facetEnd - this.#facetWaste;
    const values = this.#codes(noCodes, Math.max(facetValuesMin, Math.ceil(inUse * 1.25)));
    let end = 0;
    for (let row = 0; row < rowCount; row++) {
      const from = this.facetStarts[row]!;
      values.set(this.facetValues.subarray(from, from + this.facetCounts[row]!), end);
      starts[row] = end;
      end += this.facetCounts[row]!;
    }
    this.facetStarts = starts;
    this.facetValues = values;
    this.facetCounts = this.#codes(this.facetCounts, this.capacity);
    this.#facetEnd = end;
    this.#facetWaste = 0;
  }

  /** How likely a document is to be asked for: its popularity, in catalogues without one its recency; missing is coldest. */
  heatAt(row: number): number {
    const { popularity, recency } = this.#schema;
    if (popularity === null && recency === null) return 0;
    return heat((popularity === null ? this.recencyMs : this.popularity)[row]!);
  }

  /** What heatAt will say of the document's row. */
  heatOf(document: StoredDocument): number {
    const source = this.#schema.popularity ?? this.#schema.recency?.field ?? null;
    return source === null ? 0 : heat(numericValue(this.#schema, document, source));
  }

  /** Holes in these arrays would make them slow. */
  #name(row: number, id: string, title: string): void {
    for (let unused = this.ids.length; unused < row; unused++) {
      this.ids.push('');
      this.titles.push('');
    }
    this.ids[row] = id;
    this.titles[row] = title;
  }

  #fieldNumber(name: string, document: StoredDocument): number {
    const value = Object.hasOwn(document.fields, name) ? document.fields[name] : undefined;
    if (value === undefined) return Number.NaN;
    switch (this.#schema.fields[name]!.type) {
      case 'number':
        return typeof value === 'number' ? value : Number.NaN;
      case 'flag':
        return value === true ? 1 : 0;
      case 'date':
        return dateToMs(String(value));
      case 'keyword':
        return this.#dictionary.intern(keywordSpace(name), String(value));
    }
  }

  #writeFacets(row: number, document: StoredDocument): void {
    const codes: number[] = [];
    for (const facet of this.#schema.facets) {
      const values = Object.hasOwn(document.facets, facet) ? document.facets[facet]! : [];
      const own = new Set(values.map((value) => this.#dictionary.intern(facet, value)));
      codes.push(...[...own].sort((a, b) => a - b));
    }
    this.#putFacets(row, codes);
  }

  #putFacets(row: number, codes: ArrayLike<number>): void {
    if (this.#facetEnd + codes.length > this.facetValues.length) {
      const length = Math.ceil((this.#facetEnd + codes.length) * 1.5);
      this.facetValues = this.#codes(this.facetValues, length);
    }
    this.facetStarts[row] = this.#facetEnd;
    this.facetCounts[row] = codes.length;
    this.facetValues.set(codes, this.#facetEnd);
    this.#facetEnd += codes.length;
  }

  /** The column with room for `length` numbers, in new memory. */
  #floats(from: Float64Array, length: number): Float64Array {
    return enlarge(from, new Float64Array(this.#memory(8 * length), 0, length));
  }

  #codes(from: Uint32Array, length: number): Uint32Array {
    return enlarge(from, new Uint32Array(this.#memory(4 * length), 0, length));
  }
}

function heat(value: number): number {
  return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
}

/** Room for facet values that is there from the beginning. */
const facetValuesMin = 1024;

const noCodes = new Uint32Array(0);

function enlarge<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
