import type { BatchRows } from './batch-rows.ts';
import { columnNames, type RerankBatch, type RerankParams, type RerankRequest } from './rerank-batch.ts';
import type { RowBlock } from './row-block.ts';
import { signalCount } from './signal.ts';
import type { TableSnapshot } from './table-snapshot.ts';
import type { VectorRows } from './vector-rows.ts';

/** A unit vector that was rounded to f32, or came from a model that rounds to f16, is still within this. */
const unitTolerance = 1e-3;

function reject(path: string, message: string): never {
  throw new RangeError(`${path}: ${message}`);
}

/**
 * The assertions at the scorer's boundary, the same for every backend. A failure is a bug of the caller.
 * @throws RangeError that begins with the argument's path, for example `batch.offsets[2]: 3 is less than 5`
 */
export function checkRerankBatch(batch: RerankBatch): void {
  checkOffsets(batch);
  if (batch.transient !== null) checkTransient(batch.transient, batch.table);
  checkRows(batch, batch.rows);
  for (const name of columnNames) {
    if (batch[name].length !== batch.rows.length)
      reject(`batch.${name}`, `has ${batch[name].length} entries for ${batch.rows.length} rows`);
  }
  batch.requests.forEach((request, i) => {
    checkRequest(request, batch.table.dimension, `batch.requests[${i}]`);
  });
}

function checkOffsets({ offsets, requests, rows }: RerankBatch): void {
  if (offsets.length !== requests.length + 1)
    reject('batch.offsets', `has ${offsets.length} entries for ${requests.length} requests`);
  if (offsets[0] !== 0) reject('batch.offsets[0]', `is ${offsets[0]}, not 0`);
  for (let i = 1; i < offsets.length; i++) {
    if (offsets[i]! < offsets[i - 1]!)
      reject(`batch.offsets[${i}]`, `${offsets[i]} is less than ${offsets[i - 1]}`);
  }
  const end = offsets[offsets.length - 1]!;
  if (end !== rows.length)
    reject(`batch.offsets[${offsets.length - 1}]`, `ends at ${end}, there are ${rows.length} rows`);
}

/** Every column has an entry for every row, and the facet values of a row lie within their array. */
function checkTransient(block: RowBlock, table: TableSnapshot): void {
  const path = 'batch.transient';
  const { rowCount, facetStarts, facetCounts, facetValues, fields } = block;
  if (!(Number.isInteger(rowCount) && rowCount >= 0))
    reject(`${path}.rowCount`, `${rowCount} is not a whole number >= 0`);
  checkVectors(block, table.vectors, `${path}.vectors`);
  for (const name of ['tieRanks', 'popularity', 'recencyMs', 'facetStarts', 'facetCounts'] as const)
    checkLength(block[name], rowCount, `${path}.${name}`);
  const fieldCount = Object.keys(table.schema.fields).length;
  if (fields.length !== fieldCount)
    reject(`${path}.fields`, `has ${fields.length} columns for ${fieldCount} fields`);
  fields.forEach((column, i) => {
    checkLength(column, rowCount, `${path}.fields[${i}]`);
  });
  for (let row = 0; row < rowCount; row++) {
    const end = facetStarts[row]! + facetCounts[row]!;
    if (end > facetValues.length)
      reject(`${path}.facetCounts[${row}]`, `ends at ${end} of ${facetValues.length} values`);
  }
}

/** As those of the table, in a layout of their own. */
function checkVectors({ vectors, rowCount }: RowBlock, table: VectorRows, path: string): void {
  const { tier, dimension, stride, values, scales } = vectors;
  if (tier !== table.tier) reject(`${path}.tier`, `is ${tier}, the table's ${table.tier}`);
  if (dimension !== table.dimension) reject(`${path}.dimension`, `is ${dimension}, not ${table.dimension}`);
  if (!(Number.isInteger(stride) && stride >= dimension))
    reject(`${path}.stride`, `${stride} is not a whole number >= ${dimension}`);
  if (rowCount > 0) checkLength(values, (rowCount - 1) * stride + dimension, `${path}.values`);
  if (tier === 'int8') checkLength(scales, rowCount, `${path}.scales`);
}

function checkLength(column: ArrayLike<number>, needed: number, path: string): void {
  if (column.length < needed) reject(path, `has ${column.length} entries, needs ${needed}`);
}

function checkRows({ table, transient }: BatchRows, rows: Uint32Array): void {
  const { live, rowCount } = table;
  const transientCount = transient?.rowCount ?? 0;
  const endRow = rowCount + transientCount;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    if (row >= endRow) {
      const beside = transient === null ? '' : ` and ${transientCount} transient rows`;
      reject(`batch.rows[${i}]`, `${row} is not a row of a table of ${rowCount}${beside}`);
    }
    if (row < rowCount && live[row] !== 1) reject(`batch.rows[${i}]`, `row ${row} holds no document`);
  }
}

function checkRequest(request: RerankRequest, dimension: number, path: string): void {
  checkVector(request.queryVector, dimension, `${path}.queryVector`);
  checkVector(request.tasteVector, dimension, `${path}.tasteVector`);
  checkParams(request.params, `${path}.params`);
}

function checkVector(vector: Float32Array | null, dimension: number, path: string): void {
  if (vector === null) return;
  if (vector.length !== dimension) reject(path, `has ${vector.length} components, the table ${dimension}`);
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  // Written so that NaN fails.
  if (!(Math.abs(Math.sqrt(squares) - 1) <= unitTolerance))
    reject(path, `has length ${Math.sqrt(squares)}, not 1`);
}

function checkParams(params: RerankParams, path: string): void {
  const { weights, lo, hi, halfLifeMs, productMin, productMax, rankDepth } = params;
  if (weights.length !== signalCount)
    reject(`${path}.weights`, `has ${weights.length} entries, not ${signalCount}`);
  weights.forEach((weight, i) => {
    if (!(weight >= 0 && Number.isFinite(weight)))
      reject(`${path}.weights[${i}]`, `${weight} is not a finite number >= 0`);
  });
  if (!(Number.isFinite(lo) && Number.isFinite(hi) && lo < hi))
    reject(`${path}.lo`, `${lo} and hi ${hi} are not an interval`);
  if (!(halfLifeMs > 0 && Number.isFinite(halfLifeMs)))
    reject(`${path}.halfLifeMs`, `${halfLifeMs} is not a finite number > 0`);
  if (!(productMin >= 0 && productMin <= productMax && Number.isFinite(productMax)))
    reject(`${path}.productMin`, `${productMin} and productMax ${productMax} are not an interval above 0`);
  if (!(Number.isInteger(rankDepth) && rankDepth >= 0))
    reject(`${path}.rankDepth`, `${rankDepth} is not a whole number >= 0`);
}
