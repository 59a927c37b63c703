import type { Tensor2D } from '@tensorflow/tfjs-core';
import { limits } from '../../limits.ts';
import type { Tfjs } from './kernels.ts';
import type { FillOrder, UpdateOrder } from './rerank-messages.ts';

/** Rows of one chunk: a tensor cannot be written to, so an update copies the chunk it falls into. */
export function chunkRows(dimension: number): number {
  return Math.max(1, Math.floor(limits.tfjsChunkBytes / (4 * dimension)));
}

/** The vectors of one table as tensors, chunk by chunk; only the last chunk may be partly filled. */
export class ResidentRows {
  readonly #tfjs: Tfjs;
  readonly #dimension: number;
  readonly #chunks: Tensor2D[] = [];
  /** Rows of the chunk that is being filled, until they are all there. */
  #filling: Float32Array | null = null;

  constructor(tfjs: Tfjs, dimension: number) {
    this.#tfjs = tfjs;
    this.#dimension = dimension;
  }

  chunk(index: number): Tensor2D {
    const chunk = this.#chunks[index];
    if (chunk === undefined) throw new RangeError(`chunk ${index} of ${this.#chunks.length}`);
    return chunk;
  }

  /** The next rows of a table; those behind the last whole chunk are kept until the table's last row is there. */
  fill({ firstRow, rowCount, values }: FillOrder): void {
    const perChunk = chunkRows(this.#dimension);
    const end = firstRow + values.length / this.#dimension;
    for (let row = firstRow; row < end; ) {
      const index = Math.floor(row / perChunk);
      const chunkEnd = Math.min(rowCount, (index + 1) * perChunk);
      const stop = Math.min(end, chunkEnd);
      this.#filling ??= this.#started(index, chunkEnd - index * perChunk);
      this.#filling.set(
        values.subarray((row - firstRow) * this.#dimension, (stop - firstRow) * this.#dimension),
        (row - index * perChunk) * this.#dimension,
      );
      if (stop === chunkEnd) this.#finish(index, chunkEnd - index * perChunk);
      row = stop;
    }
  }

  /** Replaces rows that are there already. */
  update({ rows, values }: UpdateOrder): void {
    const perChunk = chunkRows(this.#dimension);
    const byChunk = new Map<number, number[]>();
    rows.forEach((row, at) => {
      const index = Math.floor(row / perChunk);
      const entries = byChunk.get(index);
      if (entries === undefined) byChunk.set(index, [at]);
      else entries.push(at);
    });
    for (const [index, entries] of byChunk) {
      const changed = new Float32Array(entries.length * this.#dimension);
      entries.forEach((at, place) => {
        changed.set(
          values.subarray(at * this.#dimension, (at + 1) * this.#dimension),
          place * this.#dimension,
        );
      });
      const places = Int32Array.from(entries, (at) => rows[at]! - index * perChunk);
      this.#replace(index, places, changed);
    }
  }

  dispose(): void {
    for (const chunk of this.#chunks.splice(0)) chunk.dispose();
    this.#filling = null;
  }

  /** Room for a chunk of `count` rows that begins with the rows which it has already. */
  #started(index: number, count: number): Float32Array {
    const rows = new Float32Array(count * this.#dimension);
    const before = this.#chunks[index];
    if (before !== undefined) rows.set(before.dataSync<'float32'>());
    return rows;
  }

  #finish(index: number, count: number): void {
    const rows = this.#filling!;
    this.#filling = null;
    this.#chunks[index]?.dispose();
    this.#chunks[index] = this.#tfjs.tensor2d(rows, [count, this.#dimension]);
  }

  #replace(index: number, places: Int32Array, values: Float32Array): void {
    const tfjs = this.#tfjs;
    const before = this.chunk(index);
    this.#chunks[index] = tfjs.tidy(
      () =>
        tfjs.tensorScatterUpdate(
          before,
          tfjs.tensor2d(places, [places.length, 1], 'int32'),
          tfjs.tensor2d(values, [places.length, this.#dimension]),
        ) as Tensor2D,
    );
    before.dispose();
  }
}
