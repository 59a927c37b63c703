import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import { FacetDictionary, keywordSpace } from '../../src/domain/facet-dictionary.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import {
  makeVectorRows,
  type VectorRows,
  type VectorTier,
  writeVector,
} from '../../src/domain/vector-rows.ts';
import { compareUtf8 } from '../../src/std/utf8-order.ts';

/** One row of a table made by hand: the columns as scorers see them. */
export interface TableRow {
  readonly id: string;
  /** As long as the table's dimension, unit length. */
  readonly vector: ArrayLike<number>;
  readonly popularity?: number;
  readonly recencyMs?: number;
  readonly facets?: Readonly<Record<string, readonly string[]>>;
  /** Numeric fields. */
  readonly fields?: Readonly<Record<string, number>>;
  /** Keyword field. */
  readonly language?: string;
}

export function testSchema(
  dimension: number,
  facets: readonly string[],
  tier: VectorTier = 'f32',
): CatalogueSchema {
  return {
    name: 'test',
    facets,
    fields: { year: { type: 'number' }, released: { type: 'date' }, language: { type: 'keyword' } },
    scales: {},
    embedding: { model: 'test', dimension, tier, lo: 0, hi: 1, text: ['title'] },
    popularity: null,
    recency: { field: 'released', reference: 'now' },
    relations: [],
    language: 'none',
  };
}

/** A snapshot with exactly these rows, row i = rows[i]; popularity and times are taken as they are. */
export function makeTable(
  dimension: number,
  rows: readonly TableRow[],
  facets: readonly string[] = ['genres', 'tags'],
  tier: VectorTier = 'f32',
): TableSnapshot {
  const dictionary = new FacetDictionary();
  const count = rows.length;
  const vectors = makeVectorRows(tier, dimension, count);
  const facetStarts = new Uint32Array(count);
  const facetCounts = new Uint32Array(count);
  const facetValues: number[] = [];
  rows.forEach((row, i) => {
    writeVector(vectors, i, Float32Array.from(row.vector));
    facetStarts[i] = facetValues.length;
    for (const facet of facets) {
      for (const value of row.facets?.[facet] ?? []) facetValues.push(dictionary.intern(facet, value));
    }
    facetCounts[i] = facetValues.length - facetStarts[i]!;
  });
  const tieRanks = new Uint32Array(count);
  const byId = rows.map((_, i) => i).sort((a, b) => compareUtf8(rows[a]!.id, rows[b]!.id));
  byId.forEach((row, rank) => {
    tieRanks[row] = rank;
  });
  const recencyMs = Float64Array.from(rows, (row) => row.recencyMs ?? Number.NaN);
  const known = recencyMs.filter((ms) => !Number.isNaN(ms));
  const rowOf = new Map(rows.map((row, i) => [row.id, i]));
  return {
    epoch: { generation: 1, checksum: BigInt(count) },
    schema: testSchema(dimension, facets, tier),
    dimension,
    rowCount: count,
    liveCount: count,
    live: new Uint8Array(count).fill(1),
    vectors,
    changed: Uint32Array.from(rows.keys()),
    changedSince: null,
    tieRanks,
    popularity: Float32Array.from(rows, (row) => row.popularity ?? Number.NaN),
    recencyMs,
    newestMs: known.length === 0 ? Number.NaN : known.reduce((a, b) => Math.max(a, b)),
    facetStarts,
    facetCounts,
    facetValues: Uint32Array.from(facetValues),
    versions: new Float64Array(count).fill(1),
    dictionary,
    fields: [
      Float64Array.from(rows, (row) => row.fields?.year ?? Number.NaN),
      recencyMs,
      Float64Array.from(rows, ({ language }) =>
        language === undefined ? Number.NaN : dictionary.intern(keywordSpace('language'), language),
      ),
    ],
    rowOf: (id) => rowOf.get(id) ?? -1,
    idOf: (row) => rows[row]!.id,
    titleOf: (row) => `Title of ${rows[row]!.id}`,
    retain: () => () => {},
    get resident() {
      return this;
    },
  };
}

/** A copy in which each component of each row of an f32 table is what `change` makes of it. */
export function mapVectors(
  rows: VectorRows,
  change: (component: number, index: number, row: number) => number,
): VectorRows {
  if (rows.tier !== 'f32') throw new Error(`these rows are ${rows.tier}`);
  const { dimension, stride } = rows;
  const values = rows.values.map((value, at) => {
    const index = at % stride;
    return index < dimension ? change(value, index, Math.floor(at / stride)) : value;
  });
  return { ...rows, values };
}
