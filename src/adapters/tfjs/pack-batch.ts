import { type NumberedBlock, numberedBlocks } from '../../domain/batch-rows.ts';
import { decay } from '../../domain/decay.ts';
import { FacetPreferences } from '../../domain/facet-preferences.ts';
import { firstFailingRule } from '../../domain/mask-program.ts';
import type { RerankBatch, RerankRequest } from '../../domain/rerank-batch.ts';
import { clamp01, clampRules } from '../../domain/scoring.ts';
import { signalIndex } from '../../domain/signal.ts';
import { floatRows } from './float-rows.ts';
import {
  type GraphRequest,
  graphColumns,
  partialDotsOf,
  type RowGroup,
  type ScoreOrder,
} from './rerank-messages.ts';
import { chunkRows } from './resident-rows.ts';

const columnCount = graphColumns.length;
const column = Object.fromEntries(graphColumns.map((name, index) => [name, index])) as Record<
  (typeof graphColumns)[number],
  number
>;

/** A batch as the graph reads it, and the way back from its scores to the batch. */
export interface PackedBatch {
  readonly order: Omit<ScoreOrder, 'kind' | 'table'>;
  /** Request i owns the scores entryStarts[i]..entryStarts[i + 1]. */
  readonly entryStarts: Uint32Array;
  /** Per score: the candidate's position in the batch. */
  readonly positions: Uint32Array;
  /** Per request: rows that each hard rule dropped. */
  readonly dropped: readonly Uint32Array[];
}

/** What the graph said of each candidate that passes the hard rules. */
export interface GraphScores extends PackedBatch {
  readonly scores: Float32Array;
}

/**
 * Applies the hard masks and lays out what passes, request by request, the rows of one chunk side by side. Signals that
 * depend on more than a row's vector are computed here, in f64: recency because an age in milliseconds needs it, facet
 * preferences because no operation of the graph is exact enough (the product of a document's factors is off by 1e-5 in
 * f32, and sums per facet need the row's values sorted by facet, which costs as much as adding them).
 */
export function packBatch(batch: RerankBatch): PackedBatch {
  const { dimension } = batch.table;
  const requests = batch.requests.map(graphRequest);
  const dropped = batch.requests.map(({ mask }) => new Uint32Array(mask?.ruleCount ?? 0));
  const positions = new Uint32Array(batch.rows.length);
  const entryStarts = new Uint32Array(requests.length + 1);
  const rows = new Int32Array(batch.rows.length);
  const columns = new Float32Array(batch.rows.length * columnCount);
  const groups: RowGroup[] = [];
  let count = 0;
  for (const [request, one] of batch.requests.entries()) {
    for (const part of numberedBlocks(batch)) {
      const passing = passingRows(batch, request, part, dropped[request]!);
      const fill = new ColumnFiller(part, one, batch);
      for (const [chunk, members] of byChunk(batch, part, passing)) {
        groups.push({ request, chunk, count: members.length });
        for (const position of members) {
          const row = batch.rows[position]! - part.firstRow;
          positions[count] = position;
          rows[count] = chunk < 0 ? 0 : row % chunkRows(dimension);
          fill.write(row, position, columns, count * columnCount);
          count++;
        }
      }
    }
    entryStarts[request + 1] = count;
  }
  return {
    order: {
      dimension,
      requests,
      groups,
      rows: rows.slice(0, count),
      carried: carriedRows(batch, groups, positions),
      vectors: vectorsOf(batch.requests, dimension),
      columns: columns.slice(0, count * columnCount),
    },
    entryStarts,
    positions: positions.subarray(0, count),
    dropped,
  };
}

function graphRequest({ params, queryVector, tasteVector }: RerankRequest): GraphRequest {
  const { lo, hi, weights } = params;
  const multiplies = params.formula === 'multiplicative';
  const weight = (signal: keyof typeof signalIndex): number => weights[signalIndex[signal]]!;
  const similarity = multiplies ? 1 : weight('similarity');
  return {
    multiplies,
    lo,
    scale: 1 / (hi - lo),
    similarityWeights: [
      queryVector === null ? 0 : similarity,
      tasteVector === null || multiplies ? 0 : weight('taste'),
    ],
    columnWeights: graphColumns.map((name) => (multiplies && name !== 'rules' ? 0 : weight(name))),
  };
}

/** Positions in the batch of the request's rows in one block that no rule drops; counts what the rules drop. */
function passingRows(batch: RerankBatch, index: number, part: NumberedBlock, drops: Uint32Array): number[] {
  const { block, firstRow } = part;
  const endRow = firstRow + block.rowCount;
  const { mask } = batch.requests[index]!;
  const passing: number[] = [];
  for (let at = batch.offsets[index]!; at < batch.offsets[index + 1]!; at++) {
    const row = batch.rows[at]!;
    if (row < firstRow || row >= endRow) continue;
    const rule = mask === null ? -1 : firstFailingRule(mask, block, row - firstRow, firstRow);
    if (rule >= 0) drops[rule]!++;
    else passing.push(at);
  }
  return passing;
}

/** Positions by the chunk that holds their rows, each in the order of the window; -1 = the transient block. */
function byChunk(
  batch: RerankBatch,
  part: NumberedBlock,
  passing: readonly number[],
): Iterable<[number, readonly number[]]> {
  if (passing.length === 0) return [];
  if (part.block === batch.transient) return [[-1, passing]];
  const perChunk = chunkRows(part.table.dimension);
  if (part.block.rowCount <= perChunk) return [[0, passing]];
  const chunks = new Map<number, number[]>();
  for (const position of passing) {
    const chunk = Math.floor(batch.rows[position]! / perChunk);
    const members = chunks.get(chunk);
    if (members === undefined) chunks.set(chunk, [position]);
    else members.push(position);
  }
  return chunks;
}

/** The columns of one request's candidates in one block; what cannot change the score is left at 0. */
class ColumnFiller {
  readonly #part: NumberedBlock;
  readonly #request: RerankRequest;
  readonly #batch: RerankBatch;
  readonly #multiplies: boolean;
  readonly #recency: boolean;
  readonly #preferences: FacetPreferences | null;

  constructor(part: NumberedBlock, request: RerankRequest, batch: RerankBatch) {
    const { weights } = request.params;
    this.#part = part;
    this.#request = request;
    this.#batch = batch;
    this.#multiplies = request.params.formula === 'multiplicative';
    this.#recency = !this.#multiplies && weights[signalIndex.recency]! > 0;
    const preferred = this.#multiplies || weights[signalIndex.preference]! > 0;
    this.#preferences =
      request.preferences !== null && preferred
        ? new FacetPreferences(request.preferences, part.table, part.block)
        : null;
  }

  write(row: number, position: number, columns: Float32Array, at: number): void {
    const { block } = this.#part;
    const { params } = this.#request;
    const batch = this.#batch;
    columns[at + column.preference] = this.#preference(row);
    columns[at + column.rules] = zeroed(clampRules(batch.rules[position]!));
    if (this.#multiplies) return;
    columns[at + column.lexical] = zeroed(clamp01(batch.lexical[position]!));
    columns[at + column.graph] = zeroed(clamp01(batch.graph[position]!));
    columns[at + column.fused] = zeroed(clamp01(batch.fused[position]!));
    columns[at + column.popularity] = zeroed(clamp01(block.popularity[row]!));
    if (this.#recency)
      columns[at + column.recency] = zeroed(
        decay(params.referenceMs - block.recencyMs[row]!, params.halfLifeMs),
      );
  }

  /** `multiplicative`: the clamped product by which similarity is multiplied. Else the preference. */
  #preference(row: number): number {
    const preferences = this.#preferences;
    if (!this.#multiplies) return preferences?.preference(row) ?? 0;
    const { productMin, productMax } = this.#request.params;
    return Math.min(productMax, Math.max(productMin, preferences?.product(row) ?? 1));
  }
}

/** An absent signal contributes nothing. */
function zeroed(signal: number): number {
  return Number.isNaN(signal) ? 0 : signal;
}

/** The vectors of the transient candidates, in the order of the groups. */
function carriedRows(batch: RerankBatch, groups: readonly RowGroup[], positions: Uint32Array): Float32Array {
  const { table, transient } = batch;
  if (transient === null) return new Float32Array(0);
  const carried: number[] = [];
  let entry = 0;
  for (const { chunk, count } of groups) {
    for (let i = 0; chunk < 0 && i < count; i++)
      carried.push(batch.rows[positions[entry + i]!]! - table.rowCount);
    entry += count;
  }
  return floatRows(transient.vectors, carried.length, (i) => carried[i]!);
}

/** Query and taste of each request as ScoreOrder.vectors has them. */
function vectorsOf(requests: readonly RerankRequest[], dimension: number): Float32Array {
  const partialDots = partialDotsOf(dimension);
  const vectors = new Float32Array(requests.length * dimension * partialDots);
  const perPart = Math.ceil((2 * dimension) / partialDots);
  requests.forEach(({ queryVector, tasteVector }, request) => {
    for (const [side, vector] of [queryVector, tasteVector].entries()) {
      if (vector === null) continue;
      for (let i = 0; i < dimension; i++) {
        const column = 2 * Math.floor(i / perPart) + side;
        vectors[(request * dimension + i) * partialDots + column] = vector[i]!;
      }
    }
  });
  return vectors;
}
