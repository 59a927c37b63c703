import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Tfjs } from './kernels.ts';
import {
  type GraphRequest,
  graphColumns,
  partialDotsOf,
  type RowGroup,
  type ScoreOrder,
} from './rerank-messages.ts';
import type { ResidentRows } from './resident-rows.ts';

const columnCount = graphColumns.length;
const preferenceColumn = graphColumns.indexOf('preference');

/**
 * The scores of an order's candidates as one graph, read back once. Per group: the rows are gathered from the resident
 * table (`gatherND`: the wasm kernel of `gather` is 18 times slower), multiplied with query and taste, clamped, weighted,
 * and the weighted columns are added. Nothing is alive afterwards but the resident tensors.
 *
 * What needs more than f32 comes as a column: recency, because an age in milliseconds does, and facet preferences, because
 * the product of up to 1,000 factors does. The hard mask is applied before: what it drops is not in the order.
 */
export function scoreGraph(tfjs: Tfjs, resident: ResidentRows | null, order: ScoreOrder): Float32Array {
  const partialDots = partialDotsOf(order.dimension);
  const scores = tfjs.tidy(() => {
    const vectors = order.requests.map((_, request) =>
      tfjs.tensor2d(part(order.vectors, request, order.dimension * partialDots), [
        order.dimension,
        partialDots,
      ]),
    );
    let first = 0;
    let carried = 0;
    const groups = order.groups.map((group) => {
      const request = order.requests[group.request]!;
      const rows = rowsOf(tfjs, resident, order, group, first, carried);
      const columns = tfjs.tensor2d(
        order.columns.subarray(first * columnCount, (first + group.count) * columnCount),
        [group.count, columnCount],
      );
      first += group.count;
      if (group.chunk < 0) carried += group.count;
      return groupScores(tfjs, request, rows, vectors[group.request]!, columns);
    });
    return groups.length === 1 ? groups[0]! : tfjs.concat2d(groups, 0);
  });
  try {
    return scores.dataSync<'float32'>();
  } finally {
    scores.dispose();
  }
}

/** The group's rows, count x dimension. */
function rowsOf(
  tfjs: Tfjs,
  resident: ResidentRows | null,
  order: ScoreOrder,
  { chunk, count }: RowGroup,
  first: number,
  carried: number,
): Tensor2D {
  const { dimension } = order;
  if (chunk < 0)
    return tfjs.tensor2d(order.carried.subarray(carried * dimension, (carried + count) * dimension), [
      count,
      dimension,
    ]);
  if (resident === null) throw new Error(`table ${order.table} is not resident`);
  const rows = tfjs.tensor2d(order.rows.subarray(first, first + count), [count, 1], 'int32');
  return tfjs.gatherND(resident.chunk(chunk), rows) as Tensor2D;
}

/** Scores of one group, count x 1. */
function groupScores(
  tfjs: Tfjs,
  request: GraphRequest,
  rows: Tensor2D,
  vectors: Tensor2D,
  columns: Tensor2D,
): Tensor2D {
  const { lo, scale } = request;
  const partialDots = vectors.shape[1];
  const sums = tfjs.tensor2d(
    Float32Array.from({ length: 2 * partialDots }, (_, i) => (isSummand(i >> 1, i & 1) ? scale : 0)),
    [partialDots, 2],
  );
  // (cosine - lo) * scale, the cosine summed from its parts.
  const cosines = tfjs.sub(tfjs.matMul(tfjs.matMul(rows, vectors), sums), lo * scale);
  const similar = tfjs.matMul(
    tfjs.clipByValue(cosines, 0, 1) as Tensor2D,
    tfjs.tensor2d([...request.similarityWeights], [2, 1]),
  );
  const beside = tfjs.matMul(columns, tfjs.tensor2d([...request.columnWeights], [columnCount, 1]));
  if (!request.multiplies) return tfjs.add(similar, beside);
  const factors = tfjs.slice(columns, [0, preferenceColumn], [-1, 1]);
  return tfjs.add(tfjs.mul(similar, factors), beside);
}

/** Whether a partial dot product (an even one: of the query; an odd one: of the taste) is part of that cosine. */
function isSummand(partial: number, cosine: number): boolean {
  return partial % 2 === cosine;
}

function part(values: Float32Array, index: number, length: number): Float32Array {
  return values.subarray(index * length, (index + 1) * length);
}
