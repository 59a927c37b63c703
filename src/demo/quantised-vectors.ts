import { createHash } from 'node:crypto';
import { unitVector } from '../std/unit-vector.ts';

/** demo/embeddings.json: what demo/embeddings.i8 holds (one int8 row per document, in the order of the documents). */
export interface QuantisedVectorsInfo {
  readonly model: string;
  readonly dimension: number;
  readonly count: number;
  /** textsDigest of the texts that were embedded. */
  readonly texts_sha256: string;
}

/** The text that each document is embedded by. */
export interface EmbeddedText {
  readonly id: string;
  readonly text: string;
}

/** Hexadecimal SHA-256 over ids and texts in order: changes when any of them does. */
export function textsDigest(texts: readonly EmbeddedText[]): string {
  const hash = createHash('sha256');
  for (const { id, text } of texts) hash.update(`${id}\0${text}\n`);
  return hash.digest('hex');
}

/**
 * A row of int8 whose largest component is 127 or -127. The scale is not kept: rows are unit vectors, so the direction is
 * all there is to keep. The cosine to the original is above 0.999 at 512 dimensions.
 */
export function quantise(vector: Float32Array): Int8Array {
  const largest = vector.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  return Int8Array.from(vector, (value) => Math.round((value / largest) * 127));
}

/**
 * Unit vectors of quantised rows.
 * @throws Error when the bytes do not fit `info`
 */
export function dequantise(bytes: Uint8Array, info: QuantisedVectorsInfo): Float32Array[] {
  const { count, dimension } = info;
  if (bytes.length !== count * dimension)
    throw new Error(`embeddings hold ${bytes.length} bytes instead of ${count} x ${dimension}`);
  const rows = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: count }, (_, row) => {
    const vector = unitVector(rows.subarray(row * dimension, (row + 1) * dimension));
    if (vector === null) throw new Error(`embedding ${row} is zero`);
    return vector;
  });
}
