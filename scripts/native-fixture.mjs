// A small table and requests over it, made from a seed, for the scripts that exercise the addon. Needs dist/.
import { makeVectorRows, writeVector } from '../dist/domain/vector-rows.js';

/** Random numbers from a seed (mulberry32). */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed | 0;
  }

  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(n) {
    return Math.floor(this.next() * n);
  }

  pick(items) {
    return items[this.below(items.length)];
  }

  unitVector(dimension) {
    const values = Float64Array.from({ length: dimension }, () => this.next() - 0.5);
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    return Float32Array.from(values, (value) => value / length);
  }
}

const codes = 40;

/** Columns of `count` documents: two facets, two fields, a tenth of the rows dead. */
export function makeSnapshot(random, { count, dimension, tier, memory }) {
  const vectors = makeVectorRows(tier, dimension, count, memory);
  for (let row = 0; row < count; row++) writeVector(vectors, row, random.unitVector(dimension));
  const facetStarts = new Uint32Array(count);
  const facetCounts = new Uint32Array(count);
  const facetValues = [];
  for (let row = 0; row < count; row++) {
    facetStarts[row] = facetValues.length;
    facetCounts[row] = random.below(6);
    for (let i = 0; i < facetCounts[row]; i++) facetValues.push(random.below(codes));
  }
  const column = (make) => Float64Array.from({ length: count }, make);
  return {
    epoch: { generation: 1, checksum: 1n },
    schema: { facets: ['genres', 'tags'], fields: { year: {}, released: {} } },
    dimension,
    rowCount: count,
    liveCount: count,
    live: Uint8Array.from({ length: count }, () => (random.next() < 0.1 ? 0 : 1)),
    vectors,
    tieRanks: Uint32Array.from({ length: count }, (_, row) => row),
    popularity: Float32Array.from({ length: count }, () => random.next()),
    recencyMs: column(() => random.next() * 1e12),
    facetStarts,
    facetCounts,
    facetValues: Uint32Array.from(facetValues),
    fields: [column(() => 1900 + random.below(120)), column(() => Number.NaN)],
    dictionary: { size: codes, facetOf: (code) => (code % 2 === 0 ? 'genres' : 'tags') },
    retain: () => () => {},
  };
}

/** Facets (any of 1, 3), not year within 1900..1950: two rules of one and of two instructions. */
const mask = {
  ruleCount: 2,
  ruleStarts: Uint32Array.of(0, 1, 3),
  code: Int32Array.of(1, 0, 20, 0, 3, 0, 0, 2, 8, 0, 0, 0),
  lists: Uint32Array.from({ length: 20 }, (_, i) => 2 * i + 1),
  constants: Float64Array.of(1900, 1910),
};

/** A batch of requests over live rows, each with everything in it. */
export function makeBatch(random, table, { requests, candidates, rankDepth }) {
  const live = Array.from({ length: table.rowCount }, (_, row) => row).filter((row) => table.live[row] === 1);
  const total = requests * candidates;
  const column = () => Float32Array.from({ length: total }, () => random.next());
  return {
    table,
    transient: null,
    offsets: Uint32Array.from({ length: requests + 1 }, (_, i) => i * candidates),
    rows: Uint32Array.from({ length: total }, () => random.pick(live)),
    lexical: column(),
    graph: column(),
    fused: column(),
    rules: column().map((value) => value - 0.5),
    requests: Array.from({ length: requests }, (_, i) => ({
      queryVector: random.unitVector(table.dimension),
      tasteVector: i % 2 === 0 ? random.unitVector(table.dimension) : null,
      preferences: {
        values: new Map(Array.from({ length: 12 }, (_, code) => [3 * code, 2 * random.next() - 1])),
        facetWeights: new Map([['tags', 0.5]]),
      },
      mask: i % 3 === 2 ? null : mask,
      params: {
        formula: random.pick(['linear', 'multiplicative', 'rrf']),
        weights: Float64Array.from({ length: 9 }, () => random.next() / 9),
        lo: 0,
        hi: 1,
        referenceMs: 1e12,
        halfLifeMs: 1e10,
        productMin: 0.25,
        productMax: 4,
        rankDepth,
      },
    })),
  };
}

/** Some rows of a table as a block of their own. */
export function makeTransient(table, rows) {
  const { vectors } = table;
  const copy = makeVectorRows(vectors.tier, vectors.dimension, rows.length);
  rows.forEach((row, i) => {
    const start = row * vectors.stride;
    copy.values.set(vectors.values.subarray(start, start + vectors.dimension), i * copy.stride);
    if (vectors.tier === 'int8') copy.scales[i] = vectors.scales[row];
  });
  return {
    rowCount: rows.length,
    vectors: copy,
    tieRanks: Uint32Array.from(rows, (row) => table.tieRanks[row]),
    popularity: Float32Array.from(rows, (row) => table.popularity[row]),
    recencyMs: Float64Array.from(rows, (row) => table.recencyMs[row]),
    facetStarts: Uint32Array.from(rows, (row) => table.facetStarts[row]),
    facetCounts: Uint32Array.from(rows, (row) => table.facetCounts[row]),
    facetValues: table.facetValues,
    fields: table.fields.map((field) => Float64Array.from(rows, (row) => field[row])),
  };
}
