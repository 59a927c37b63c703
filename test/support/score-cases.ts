import { compileMask } from '../../src/domain/mask-compiler.ts';
import type { Predicate } from '../../src/domain/predicate.ts';
import type { ProfileFormula } from '../../src/domain/profile.ts';
import type { columnNames } from '../../src/domain/rerank-batch.ts';
import type { RowBlock } from '../../src/domain/row-block.ts';
import type { WindowColumns } from '../../src/domain/scoring.ts';
import { type SignalName, signalIndex, signalNames } from '../../src/domain/signal.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { type VectorTier, vectorOf } from '../../src/domain/vector-rows.ts';
import type { PreferenceTable, RerankBatch, RerankParams, RerankRequest } from '../../src/ports/reranker.ts';
import type { Random } from './random.ts';
import { makeTable, type TableRow } from './table.ts';

/** One request over one window. */
export interface ScoreCase {
  readonly request: RerankRequest;
  readonly window: WindowColumns;
}

export const dayMs = 86_400_000;
const referenceMs = Date.UTC(2010, 0, 1);

export function weightsOf(weights: Partial<Record<SignalName, number>>): Float64Array {
  return Float64Array.from(signalNames, (name) => weights[name] ?? 0);
}

export function params(changes: Partial<RerankParams> = {}): RerankParams {
  return {
    formula: 'linear',
    weights: weightsOf({
      similarity: 0.4,
      taste: 0.1,
      lexical: 0.25,
      graph: 0.1,
      preference: 0.05,
      popularity: 0.07,
      recency: 0.03,
      rules: 1,
    }),
    lo: 0,
    hi: 1,
    referenceMs,
    halfLifeMs: 3650 * dayMs,
    productMin: 0.25,
    productMax: 4,
    rankDepth: 100,
    ...changes,
  };
}

export function request(changes: Partial<RerankRequest> = {}): RerankRequest {
  return {
    queryVector: null,
    tasteVector: null,
    preferences: null,
    mask: null,
    params: params(),
    ...changes,
  };
}

/** A window over the rows in which every column is absent unless it is given. */
export function windowOf(
  rows: ArrayLike<number>,
  columns: Partial<Record<(typeof columnNames)[number], ArrayLike<number>>> = {},
): WindowColumns {
  const column = (values: ArrayLike<number> | undefined): Float32Array =>
    values === undefined ? new Float32Array(rows.length).fill(Number.NaN) : Float32Array.from(values);
  return {
    rows: Uint32Array.from(rows),
    lexical: column(columns.lexical),
    graph: column(columns.graph),
    fused: column(columns.fused),
    rules: column(columns.rules),
  };
}

/** The cases' windows one after the other, as a batch. */
export function batchOf(
  table: TableSnapshot,
  cases: readonly ScoreCase[],
  transient: RowBlock | null = null,
): RerankBatch {
  const offsets = new Uint32Array(cases.length + 1);
  cases.forEach(({ window }, i) => {
    offsets[i + 1] = offsets[i]! + window.rows.length;
  });
  const join = (name: (typeof columnNames)[number]): Float32Array =>
    Float32Array.from(cases.flatMap(({ window }) => Array.from(window[name])));
  return {
    table,
    transient,
    requests: cases.map((one) => one.request),
    offsets,
    rows: Uint32Array.from(cases.flatMap(({ window }) => Array.from(window.rows))),
    lexical: join('lexical'),
    graph: join('graph'),
    fused: join('fused'),
    rules: join('rules'),
  };
}

/** The same candidates in another order. */
export function permuted(window: WindowColumns, order: readonly number[]): WindowColumns {
  return {
    rows: Uint32Array.from(order, (i) => window.rows[i]!),
    lexical: Float32Array.from(order, (i) => window.lexical[i]!),
    graph: Float32Array.from(order, (i) => window.graph[i]!),
    fused: Float32Array.from(order, (i) => window.fused[i]!),
    rules: Float32Array.from(order, (i) => window.rules[i]!),
  };
}

const genres = ['Comedy', 'Drama', 'Horror', 'Sci-Fi', 'War', 'Western'];

/** A table whose vectors have something in common, as embeddings do; a fifth of popularity and dates is missing. */
export function randomTable(
  random: Random,
  count: number,
  dimension: number,
  { valuesMax = 12, tier = 'f32' }: { readonly valuesMax?: number; readonly tier?: VectorTier } = {},
): TableSnapshot {
  const centre = random.unitVector(dimension);
  const rows = Array.from({ length: count }, (_, i): TableRow => {
    const tags = new Set(
      Array.from({ length: random.integer(valuesMax) }, () => `t${random.integer(4 * valuesMax)}`),
    );
    return {
      id: `${i}-${random.integer(1000)}`,
      vector: mixed(random, centre, 0.6),
      ...(random.next() < 0.2 ? {} : { popularity: random.next() }),
      ...(random.next() < 0.2
        ? {}
        : { recencyMs: referenceMs - Math.floor(random.next() * 40 * 365) * dayMs }),
      facets: {
        genres: [...new Set([genres[random.integer(6)]!, genres[random.integer(6)]!])],
        tags: [...tags],
      },
      fields: random.next() < 0.1 ? {} : { year: 1950 + random.integer(60) },
      ...(random.next() < 0.1 ? {} : { language: ['en', 'fr', 'ja'][random.integer(3)]! }),
    };
  });
  return makeTable(dimension, rows, ['genres', 'tags'], tier);
}

/** A unit vector at a random angle around `centre`. */
export function mixed(random: Random, centre: Float32Array, share: number): Float32Array {
  const other = random.unitVector(centre.length);
  const sum = centre.map((x, i) => share * x + (1 - share) * other[i]!);
  const length = Math.sqrt(sum.reduce((total, x) => total + x * x, 0));
  return length < 1e-6 ? centre : sum.map((x) => x / length);
}

/** Preferences for about half of the dictionary's facet values. */
export function randomPreferences(random: Random, table: TableSnapshot): PreferenceTable {
  const values = new Map<number, number>();
  for (let code = 0; code < table.dictionary.size; code++)
    if (random.next() < 0.5) values.set(code, 2 * random.next() - 1);
  return {
    values,
    facetWeights: new Map([
      ['genres', random.next() * 2],
      ['tags', random.next()],
    ]),
  };
}

/** Hard rules that most rows of a random table pass. */
export const rules: readonly Predicate[] = [
  { kind: 'range', field: 'year', gte: 1955, lt: 2005 },
  { kind: 'not', of: { kind: 'facet', facet: 'genres', match: 'any', values: ['Horror'] } },
  { kind: 'facet', facet: 'tags', match: 'any', values: ['t1', 't2', 't3', 't4', 't5', 't6', 't7', 't8'] },
];

export function randomWeights(random: Random, formula: ProfileFormula): Float64Array {
  const weights = new Float64Array(signalNames.length);
  if (formula === 'multiplicative') {
    weights[signalIndex.similarity] = 1;
    weights[signalIndex.rules] = 1;
    return weights;
  }
  const names: SignalName[] = ['taste', 'preference', 'popularity', 'recency'];
  if (formula === 'rrf') names.push('fused');
  else names.push('similarity', 'lexical', 'graph');
  for (const name of names) weights[signalIndex[name]] = random.next() < 0.2 ? 0 : random.next();
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const scaled = sum === 0 ? weightsOf({ popularity: 1 }) : weights.map((weight) => weight / sum);
  scaled[signalIndex.rules] = 1;
  return scaled;
}

export interface RandomCaseOptions {
  readonly formula?: ProfileFormula;
  /** How many of the rules above apply. */
  readonly ruleCount?: number;
  readonly rankDepth?: number;
  /** Share of the parts (vectors, columns, preferences) that are absent. */
  readonly absent?: number;
  /** Rows of the table in the window; default all, in random order. */
  readonly count?: number;
}

/** A request with everything in it over a random window of the table. */
export function randomCase(random: Random, table: TableSnapshot, options: RandomCaseOptions = {}): ScoreCase {
  const formula = options.formula ?? (['linear', 'multiplicative', 'rrf'] as const)[random.integer(3)]!;
  const present = (): boolean => random.next() >= (options.absent ?? 0);
  const all = random.shuffle(Array.from({ length: table.rowCount }, (_, row) => row));
  const rows = all.slice(0, options.count ?? all.length);
  const centre = table.rowCount === 0 ? new Float32Array(0) : vectorOf(table.vectors, 0);
  const vector = (): Float32Array =>
    table.rowCount === 0 ? random.unitVector(table.dimension) : mixed(random, centre, 0.5);
  const column = (): number[] => rows.map(() => (random.next() < 0.3 ? 0 : random.next()));
  const columns: Partial<Record<(typeof columnNames)[number], number[]>> = {};
  if (present()) columns.lexical = column();
  if (present()) columns.graph = column();
  if (present()) columns.fused = column();
  // Beyond what a scorer lets through on both sides, so that it has to clamp.
  if (present()) columns.rules = rows.map(() => (random.next() < 0.5 ? 0 : 1.4 * random.next() - 0.7));
  return {
    window: windowOf(rows, columns),
    request: {
      queryVector: present() ? vector() : null,
      tasteVector: present() ? vector() : null,
      preferences: present() ? randomPreferences(random, table) : null,
      mask: options.ruleCount === undefined ? null : compileMask(rules.slice(0, options.ruleCount), table),
      params: params({
        formula,
        weights: randomWeights(random, formula),
        lo: 0.1 * random.next(),
        hi: 0.7 + 0.3 * random.next(),
        rankDepth: options.rankDepth ?? 100,
      }),
    },
  };
}
