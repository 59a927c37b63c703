import { JsReranker } from '../../src/adapters/js/js-reranker.ts';
import type { CatalogueSchema } from '../../src/domain/catalogue-schema.ts';
import type { DocumentChange } from '../../src/domain/document.ts';
import { dotRows } from '../../src/domain/dot-rows.ts';
import { gram } from '../../src/domain/gram.ts';
import { compileMask } from '../../src/domain/mask-compiler.ts';
import { diversify } from '../../src/domain/mmr.ts';
import { builtInProfiles } from '../../src/domain/profile.ts';
import { rescore } from '../../src/domain/rescore.ts';
import { ResidentTable } from '../../src/domain/resident-table.ts';
import { signalNames } from '../../src/domain/signal.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { unitVector, widen } from '../../src/domain/vector.ts';
import type { RerankBatch, RerankRequest } from '../../src/ports/reranker.ts';

/** One line of the table: what was timed, on how much, and milliseconds a call. */
export interface RerankerFigure {
  readonly stage: string;
  readonly rows: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
}

export interface RerankerBenchOptions {
  readonly dimension: number;
  readonly windows: readonly number[];
  /** Timed calls of each figure, after a tenth as many warm-up calls. */
  readonly rounds: number;
}

export const rerankerBenchDefaults: RerankerBenchOptions = {
  dimension: 512,
  windows: [30, 100, 300, 600, 1000],
  rounds: 300,
};

/** Quick enough for the tests. */
export const rerankerBenchSmall: RerankerBenchOptions = { dimension: 32, windows: [30, 100], rounds: 3 };

const schema = (dimension: number): CatalogueSchema => ({
  name: 'bench',
  facets: ['genres', 'tags'],
  fields: { year: { type: 'number' }, votes: { type: 'number' }, released: { type: 'date' } },
  scales: {},
  embedding: { model: 'bench', dimension, tier: 'f32', lo: 0, hi: 0.8, text: ['title'] },
  popularity: 'votes',
  recency: { field: 'released', reference: 'newest_document' },
  relations: [],
  language: 'none',
});

/** Fixed pseudo-random numbers (a linear congruential generator), so that every run scores the same rows. */
function generator(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomUnit(random: () => number, dimension: number): Float32Array {
  return unitVector(Float64Array.from({ length: dimension }, () => random() - 0.4))!;
}

/** As many documents as the largest window, with two genres, 15 tags and all fields each. */
function buildTable(count: number, dimension: number, random: () => number): TableSnapshot {
  const table = new ResidentTable(schema(dimension), 1);
  const pick = (prefix: string, below: number, many: number): string[] => [
    ...new Set(Array.from({ length: many }, () => `${prefix}${Math.floor(random() * below)}`)),
  ];
  const changes = Array.from({ length: count }, (_, i): DocumentChange => {
    const facets = { genres: pick('g', 20, 2), tags: pick('t', 1000, 15) };
    const year = 1950 + Math.floor(random() * 60);
    const fields = { year, votes: Math.floor(random() * 1e5), released: `${year}-01-01` };
    const body = { title: `Document ${i}`, text: '', facets, fields, relations: [] };
    const embedding = randomUnit(random, dimension);
    return { kind: 'put', document: { id: `d${i}`, version: 1, embedding, ...body } };
  });
  table.apply(changes);
  return table.publish();
}

/** `vector`: similarity alone. `full`: both vectors, all columns, preferences for half of the values, a hard rule. */
function requestOf(table: TableSnapshot, random: () => number, kind: 'vector' | 'full'): RerankRequest {
  const full = kind === 'full';
  const profile = builtInProfiles[0]!;
  const values = new Map<number, number>();
  for (let code = 0; code < table.dictionary.size; code += 2) values.set(code, 2 * random() - 1);
  return {
    queryVector: randomUnit(random, table.dimension),
    tasteVector: full ? randomUnit(random, table.dimension) : null,
    preferences: full ? { values, facetWeights: new Map() } : null,
    mask: full ? compileMask([{ kind: 'range', field: 'year', gte: 1952 }], table) : null,
    params: {
      formula: 'linear',
      weights: Float64Array.from(signalNames, (name) => profile.weights[name]),
      lo: table.schema.embedding.lo,
      hi: table.schema.embedding.hi,
      referenceMs: table.newestMs,
      halfLifeMs: profile.recencyHalfLifeDays * 86_400_000,
      productMin: profile.productClamp.min,
      productMax: profile.productClamp.max,
      rankDepth: profile.rankDepth,
    },
  };
}

function batchOf(
  table: TableSnapshot,
  random: () => number,
  rows: number,
  requests: readonly RerankRequest[],
): RerankBatch {
  const length = rows * requests.length;
  const column = (): Float32Array => Float32Array.from({ length }, () => random());
  return {
    table,
    transient: null,
    requests,
    offsets: Uint32Array.from({ length: requests.length + 1 }, (_, i) => i * rows),
    rows: Uint32Array.from({ length }, () => Math.floor(random() * table.rowCount)),
    lexical: column(),
    graph: column(),
    fused: column(),
    rules: column(),
  };
}

async function time(rounds: number, call: () => unknown): Promise<{ p50Ms: number; p95Ms: number }> {
  for (let i = 0; i < Math.ceil(rounds / 10); i++) await call();
  const ms: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await call();
    ms.push(performance.now() - start);
  }
  ms.sort((a, b) => a - b);
  const at = (share: number): number => ms[Math.min(ms.length - 1, Math.floor(share * ms.length))]!;
  return { p50Ms: at(0.5), p95Ms: at(0.95) };
}

/** Times the js backend and the stages around it. */
export async function rerankerBench(
  options: RerankerBenchOptions = rerankerBenchDefaults,
): Promise<RerankerFigure[]> {
  const { dimension, windows, rounds } = options;
  const random = generator();
  const largest = Math.max(...windows);
  const table = buildTable(largest, dimension, random);
  const reranker = new JsReranker();
  const figures: RerankerFigure[] = [];
  for (const rows of windows) {
    for (const [kind, count] of [['vector', 1] as const, ['full', 1] as const, ['full', 8] as const]) {
      const requests = Array.from({ length: count }, () => requestOf(table, random, kind));
      const batch = batchOf(table, random, rows, requests);
      const timed = await time(Math.ceil(rounds / count), () => reranker.rerank(batch));
      figures.push({ stage: `rerank ${kind}`, rows, requests: count, ...timed });
    }
  }
  return [...figures, ...(await stages(table, random, largest, rounds))];
}

/** The dot products alone, exact rescoring, and diversity. */
async function stages(
  table: TableSnapshot,
  random: () => number,
  rows: number,
  rounds: number,
): Promise<RerankerFigure[]> {
  const request = requestOf(table, random, 'full');
  const query = widen(request.queryVector!);
  const everyRow = Uint32Array.from({ length: rows }, (_, row) => row);
  const cosines = new Float64Array(rows);
  const dots = await time(rounds, () => dotRows(table.vectors, everyRow, rows, query, cosines));
  const batch = batchOf(table, random, rows, [request]);
  const answer = await new JsReranker().rerank(batch);
  const selected = answer.selected[0]!;
  const rescored = await time(rounds, () => rescore(batch, request, batch, selected));
  const ranked = rescore(batch, request, batch, selected);
  const rankedRows = ranked.positions.map((position) => batch.rows[position]!);
  const diverse = await time(rounds, () => diversify(ranked.scores, gram(batch, rankedRows), 0.3));
  return [
    { stage: 'dot products', rows, requests: 1, ...dots },
    { stage: 'rescore', rows: selected.length, requests: 1, ...rescored },
    { stage: 'gram and mmr', rows: ranked.count, requests: 1, ...diverse },
  ];
}
