import { compileMask } from '../../src/domain/mask-compiler.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import { signalNames } from '../../src/domain/signal.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import type { RerankBatch, RerankParams, RerankRequest } from '../../src/ports/reranker.ts';
import { randomUnit } from './block.ts';

/** `vector`: similarity alone. `full`: all signals, preferences for half of the values, a hard rule, soft rules. */
export type RequestKind = 'vector' | 'full';

export interface BenchRequestOptions {
  readonly table: TableSnapshot;
  readonly kind: RequestKind;
  /** R; the backend selects as many and a margin. */
  readonly rankDepth: number;
  readonly next: () => number;
}

export function benchRequest({ table, kind, rankDepth, next }: BenchRequestOptions): RerankRequest {
  const full = kind === 'full';
  const values = new Map<number, number>();
  // Multiples of 2^-40, as preferences are (domain/facet-preferences.ts).
  for (let code = 0; code < table.dictionary.size; code += 2)
    values.set(code, Math.round(next() * 256 - 128) / 128);
  return {
    queryVector: randomUnit(table.dimension, next),
    tasteVector: null,
    preferences: full ? { values, facetWeights: new Map([['genres', 0.7]]) } : null,
    mask: full ? compileMask([{ kind: 'range', field: 'year', gte: 1952 }], table) : null,
    params: paramsOf(table, kind, rankDepth),
  };
}

function paramsOf(table: TableSnapshot, kind: RequestKind, rankDepth: number): RerankParams {
  const profile = builtInProfiles[0]!;
  const weight = (name: (typeof signalNames)[number]): number =>
    kind === 'full' ? profile.weights[name] : name === 'similarity' ? 1 : 0;
  return {
    formula: 'linear',
    weights: Float64Array.from(signalNames, weight),
    lo: table.schema.embedding.lo,
    hi: table.schema.embedding.hi,
    referenceMs: table.newestMs,
    halfLifeMs: profile.recencyHalfLifeDays * 86_400_000,
    productMin: profile.productClamp.min,
    productMax: profile.productClamp.max,
    rankDepth,
  };
}

/** Windows of equal size, one after the other: request i reads `rows` from i * size on. */
export function benchBatch(
  table: TableSnapshot,
  requests: readonly RerankRequest[],
  rows: Uint32Array,
  next: () => number,
): RerankBatch {
  const full = requests.some(({ preferences }) => preferences !== null);
  const column = (scale: number): Float32Array =>
    Float32Array.from(rows, () => (full ? scale * next() : Number.NaN));
  const size = rows.length / requests.length;
  return {
    table,
    transient: null,
    requests,
    offsets: Uint32Array.from({ length: requests.length + 1 }, (_, i) => i * size),
    rows,
    lexical: column(1),
    graph: column(1),
    fused: column(1),
    rules: column(0.5),
  };
}

/** Random rows of the table, each at most once where there are enough. */
export function randomRows(table: TableSnapshot, count: number, next: () => number): Uint32Array {
  const chosen = new Set<number>();
  const rows = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    let row = Math.floor(next() * table.rowCount);
    while (count <= table.rowCount / 2 && chosen.has(row)) row = Math.floor(next() * table.rowCount);
    chosen.add(row);
    rows[i] = row;
  }
  return rows;
}

/** The first rows, in their order: a contiguous block. */
export function firstRows(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => row);
}
