import type { CatalogueSchema } from './catalogue-schema.ts';
import type { Profile } from './profile.ts';
import type { RerankParams, RerankRequest } from './rerank-batch.ts';
import { ResidentTable } from './resident-table.ts';
import type { RowBlock } from './row-block.ts';
import { lexicalSignal, type WindowColumns } from './scoring.ts';
import { signalCount, signalIndex } from './signal.ts';
import type { TableSnapshot } from './table-snapshot.ts';
import { makeVectorRows, writeVector } from './vector-rows.ts';

/** Texts as a scorer takes them: a request over a transient block beside a table that is empty. */
export interface TextWindow extends WindowColumns {
  readonly table: TableSnapshot;
  readonly transient: RowBlock;
  readonly request: RerankRequest;
}

export interface TextSignals {
  readonly queryVector: Float32Array | null;
  /** Unit vector of each text; null: it has none. */
  readonly vectors: readonly (Float32Array | null)[];
  readonly bm25: Float64Array;
  /** Cosines that count as similarity 0 and 1. */
  readonly lo: number;
  readonly hi: number;
}

/**
 * The profile's weights of what a text can have, its meaning and its words, brought to a sum of 1, so that scores reach
 * as far as those of documents. null: it weighs neither.
 */
export function textWeights({ weights }: Profile): Float64Array | null {
  const { similarity, lexical } = weights;
  const sum = similarity + lexical;
  if (sum <= 0) return null;
  const scaled = new Float64Array(signalCount);
  scaled[signalIndex.similarity] = similarity / sum;
  scaled[signalIndex.lexical] = lexical / sum;
  return scaled;
}

/** All texts are wanted; those that score the same stay in the order in which they were given. */
export function textWindow(
  profile: Profile,
  weights: Float64Array,
  { queryVector, vectors, bm25, lo, hi }: TextSignals,
): TextWindow {
  const count = bm25.length;
  const absent = new Float32Array(count).fill(Number.NaN);
  const params: RerankParams = {
    formula: 'linear',
    weights,
    lo,
    hi,
    referenceMs: 0,
    halfLifeMs: 1,
    productMin: profile.productClamp.min,
    productMax: profile.productClamp.max,
    rankDepth: count,
  };
  return {
    table: emptyTable(queryVector?.length ?? 1),
    transient: textBlock(queryVector?.length ?? 1, vectors),
    request: { queryVector, tasteVector: null, preferences: null, mask: null, params },
    // The empty table has no rows, so the block's begin at 0.
    rows: Uint32Array.from({ length: count }, (_, i) => i),
    lexical: Float32Array.from(bm25, (score) => lexicalSignal(score, profile.lexicalMidpoint)),
    graph: absent,
    fused: absent,
    rules: absent,
  };
}

/** A text without a vector has zeros, whose cosine with anything is 0. */
function textBlock(dimension: number, vectors: readonly (Float32Array | null)[]): RowBlock {
  const count = vectors.length;
  const rows = makeVectorRows('f32', dimension, count);
  vectors.forEach((vector, row) => {
    if (vector !== null) writeVector(rows, row, vector);
  });
  return {
    rowCount: count,
    vectors: rows,
    tieRanks: Uint32Array.from({ length: count }, (_, i) => i),
    popularity: new Float32Array(count).fill(Number.NaN),
    recencyMs: new Float64Array(count).fill(Number.NaN),
    facetStarts: new Uint32Array(count),
    facetCounts: new Uint32Array(count),
    facetValues: new Uint32Array(0),
    fields: [],
  };
}

/** A service has one space of texts; another one takes its place. */
let last: TableSnapshot | null = null;

function emptyTable(dimension: number): TableSnapshot {
  if (last?.dimension !== dimension) last = new ResidentTable(schemaOf(dimension), 0).current;
  return last;
}

function schemaOf(dimension: number): CatalogueSchema {
  return {
    name: 'texts',
    facets: [],
    fields: {},
    scales: {},
    embedding: { model: 'texts', dimension, tier: 'f32', lo: 0, hi: 1, text: ['text'] },
    popularity: null,
    recency: null,
    relations: [],
    language: 'none',
  };
}
