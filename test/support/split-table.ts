import type { BatchRows } from '../../src/domain/batch-rows.ts';
import type { RowBlock } from '../../src/domain/row-block.ts';
import type { TableSnapshot } from '../../src/domain/table-snapshot.ts';
import { copyVector, makeVectorRows, type VectorRows } from '../../src/domain/vector-rows.ts';
import type { Random } from './random.ts';

/** The documents of a table in two blocks: some stay resident, the others are in a transient block. */
export interface SplitTable {
  readonly blocks: { readonly table: TableSnapshot; readonly transient: RowBlock } & BatchRows;
  /** Row number in `blocks` by row of the whole table. */
  readonly numbers: Uint32Array;
  /** Row number in `blocks` of a document, -1 where there is none. */
  rowOf(id: string): number;
}

/** Moves the rows for which `leaves`, asked once for each, answers true; both blocks are in a new random order. */
export function splitTable(
  random: Random,
  table: TableSnapshot,
  leaves: (row: number) => boolean,
): SplitTable {
  const rows = random.shuffle(Array.from({ length: table.rowCount }, (_, row) => row));
  const staying: number[] = [];
  const leaving: number[] = [];
  for (const row of rows) (leaves(row) ? leaving : staying).push(row);
  const numbers = new Uint32Array(table.rowCount);
  for (const [number, row] of [...staying, ...leaving].entries()) numbers[row] = number;
  const placeOf = new Map(staying.map((row, place) => [table.idOf(row), place]));
  const numberOf = new Map(
    [...staying, ...leaving].map((row, number) => [table.idOf(row), table.live[row] === 1 ? number : -1]),
  );
  const resident: TableSnapshot = {
    ...takeRows(table, staying, makeVectorRows(table.vectors.tier, table.dimension, staying.length + 1)),
    epoch: { ...table.epoch },
    schema: table.schema,
    dimension: table.dimension,
    liveCount: staying.filter((row) => table.live[row] === 1).length,
    live: Uint8Array.from(staying, (row) => table.live[row]!),
    newestMs: table.newestMs,
    versions: Float64Array.from(staying, (row) => table.versions[row]!),
    dictionary: table.dictionary,
    changed: Uint32Array.from(staying.keys()),
    changedSince: null,
    rowOf: (id) => placeOf.get(id) ?? -1,
    idOf: (row) => table.idOf(staying[row]!),
    titleOf: (row) => table.titleOf(staying[row]!),
    retain: () => () => {},
    get resident() {
      return this;
    },
  };
  return {
    blocks: {
      table: resident,
      transient: takeRows(table, leaving, looseRows(table.vectors, leaving.length)),
    },
    numbers,
    rowOf: (id) => numberOf.get(id) ?? -1,
  };
}

/** Rows that begin anywhere, with junk between them and behind them, as a transient block may have. */
function looseRows({ tier, dimension }: VectorRows, count: number): VectorRows {
  const shape = { dimension, stride: dimension + 3, scales: new Float32Array(0) };
  const length = (count + 1) * shape.stride;
  switch (tier) {
    case 'f32':
      return { ...shape, tier, values: new Float32Array(length).fill(Number.NaN) };
    case 'f16':
      return { ...shape, tier, values: new Uint16Array(length).fill(0x7e00) };
    case 'int8':
      return {
        ...shape,
        tier,
        values: new Int8Array(length).fill(-128),
        scales: new Float32Array(count + 1),
      };
  }
}

/** Copies of the rows in that order. Every array has junk behind the rows, as arrays with room to grow do. */
function takeRows(table: TableSnapshot, rows: readonly number[], vectors: VectorRows): RowBlock {
  const facetStarts = new Uint32Array(rows.length + 1).fill(0xffff_ffff);
  const facetValues: number[] = [];
  rows.forEach((row, i) => {
    copyVector(table.vectors, row, vectors, i);
    facetStarts[i] = facetValues.length;
    const start = table.facetStarts[row]!;
    facetValues.push(...table.facetValues.subarray(start, start + table.facetCounts[row]!));
  });
  const take = (column: ArrayLike<number>): number[] => [...rows.map((row) => column[row]!), 7];
  return {
    rowCount: rows.length,
    vectors,
    tieRanks: Uint32Array.from(take(table.tieRanks)),
    popularity: Float32Array.from(take(table.popularity)),
    recencyMs: Float64Array.from(take(table.recencyMs)),
    facetStarts,
    facetCounts: Uint32Array.from(take(table.facetCounts)),
    facetValues: Uint32Array.from([...facetValues, 7]),
    fields: table.fields.map((column) => Float64Array.from(take(column))),
  };
}
