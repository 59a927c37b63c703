import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import { FacetDictionary } from '../../src/domain/facet-dictionary.ts';
import { plainMemory, type RowMemory } from '../../src/domain/row-memory.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import {
  makeVectorRows,
  type VectorRows,
  type VectorTier,
  writeVector,
} from '../../src/domain/vector-rows.ts';
import { randomUnit } from './block.ts';

export interface BenchTableOptions {
  readonly rows: number;
  readonly dimension: number;
  readonly tier?: VectorTier;
  /** Facet values of each row: two genres, the others tags. */
  readonly facetIds?: number;
  readonly memory?: RowMemory;
  readonly next: () => number;
}

/** So many rows have vectors of their own; a larger table repeats them, which no cache can know. */
const distinctMax = 10_000;
const newestYear = 2010;

const schemaOf = (dimension: number, tier: VectorTier): CatalogueSchema => ({
  name: 'bench',
  facets: ['genres', 'tags'],
  fields: { year: { type: 'number' }, votes: { type: 'number' }, released: { type: 'date' } },
  scales: {},
  embedding: { model: 'bench', dimension, tier, lo: 0, hi: 0.8, text: ['title'] },
  popularity: 'votes',
  recency: { field: 'released', reference: 'newest_document' },
  relations: [],
  language: 'none',
});

/** A resident table of generated rows, written column by column: a cold one of documents would take minutes. */
export function benchTable(options: BenchTableOptions): TableSnapshot {
  const { rows, dimension, facetIds = 8, memory = plainMemory, next } = options;
  const schema = schemaOf(dimension, options.tier ?? 'f32');
  const { dictionary, ...facets } = facetColumns(rows, facetIds, memory, next);
  const f32 = (): Float32Array => new Float32Array(memory(4 * rows));
  const f64 = (): Float64Array => new Float64Array(memory(8 * rows));
  const years = f64().map(() => 1950 + Math.floor(next() * (newestYear - 1950 + 1)));
  const released = f64();
  for (let row = 0; row < rows; row++) released[row] = Date.UTC(years[row]!, 0, 1);
  const votes = f64();
  const popularity = f32();
  for (let row = 0; row < rows; row++) {
    popularity[row] = next();
    votes[row] = Math.floor(popularity[row]! * 1e5);
  }
  const tieRanks = new Uint32Array(memory(4 * rows));
  for (let row = 0; row < rows; row++) tieRanks[row] = row;
  const recencyMs = f64();
  recencyMs.set(released);
  return {
    epoch: { generation: 1, checksum: 1n },
    schema,
    dimension,
    rowCount: rows,
    liveCount: rows,
    live: new Uint8Array(memory(rows)).fill(1),
    newestMs: Date.UTC(newestYear, 0, 1),
    versions: new Float64Array(rows).fill(1),
    dictionary,
    changed: new Uint32Array(0),
    changedSince: null,
    vectors: vectorsOf(options, memory),
    tieRanks,
    popularity,
    recencyMs,
    ...facets,
    fields: [years, votes, released],
    rowOf: (id) => (/^d\d+$/.test(id) && Number(id.slice(1)) < rows ? Number(id.slice(1)) : -1),
    idOf: (row) => `d${row}`,
    titleOf: (row) => `Document ${row}`,
    // Nothing is ever written to it again.
    retain: () => () => {},
    get resident() {
      return this;
    },
  };
}

function vectorsOf(
  { rows, dimension, tier = 'f32', next }: BenchTableOptions,
  memory: RowMemory,
): VectorRows {
  const vectors = makeVectorRows(tier, dimension, rows, memory);
  const distinct = Math.min(rows, distinctMax);
  for (let row = 0; row < distinct; row++) writeVector(vectors, row, randomUnit(dimension, next));
  for (let from = distinct; from < rows; from += distinct) {
    const count = Math.min(distinct, rows - from);
    vectors.values.copyWithin(from * vectors.stride, 0, count * vectors.stride);
    if (tier === 'int8') vectors.scales.copyWithin(from, 0, count);
  }
  return vectors;
}

function facetColumns(rows: number, facetIds: number, memory: RowMemory, next: () => number) {
  const dictionary = new FacetDictionary();
  const genres = Array.from({ length: 20 }, (_, i) => dictionary.intern('genres', `g${i}`));
  const tags = Array.from({ length: 1_000 }, (_, i) => dictionary.intern('tags', `t${i}`));
  const facetStarts = new Uint32Array(memory(4 * rows));
  const facetCounts = new Uint32Array(memory(4 * rows)).fill(facetIds);
  const facetValues = new Uint32Array(memory(4 * rows * facetIds));
  for (let row = 0; row < rows; row++) {
    const start = row * facetIds;
    facetStarts[row] = start;
    const genre = Math.floor(next() * genres.length);
    const tag = Math.floor(next() * tags.length);
    // Distinct values: neighbours of the first one of each facet.
    for (let i = 0; i < facetIds; i++)
      facetValues[start + i] =
        i < 2 ? genres[(genre + 7 * i) % genres.length]! : tags[(tag + 31 * i) % tags.length]!;
  }
  return { dictionary, facetStarts, facetCounts, facetValues };
}
