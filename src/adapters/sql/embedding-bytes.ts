import { endianness } from 'node:os';

const littleEndian = endianness() === 'LE';

/** Vectors as stored: f32, little-endian, one after the other, and where each starts (bytes). */
export interface PackedVectors {
  readonly bytes: Uint8Array;
  readonly starts: readonly number[];
  readonly sizes: readonly number[];
}

/** Copies vectors into one fresh buffer, which may be transferred to another thread. */
export function packVectors(vectors: readonly Float32Array[]): PackedVectors {
  const starts: number[] = [];
  let length = 0;
  for (const vector of vectors) {
    starts.push(length * 4);
    length += vector.length;
  }
  const all = new Float32Array(length);
  vectors.forEach((vector, index) => {
    all.set(vector, starts[index]! / 4);
  });
  const bytes = new Uint8Array(all.buffer);
  if (!littleEndian) swapWords(bytes);
  return { bytes, starts, sizes: vectors.map((vector) => vector.byteLength) };
}

/** A vector with memory of its own, whatever alignment the stored bytes came in. */
export function unpackVector(stored: Uint8Array): Float32Array {
  if (stored.byteLength % 4 !== 0) throw new RangeError(`${stored.byteLength} bytes are no whole f32 vector`);
  const bytes = stored.slice();
  if (!littleEndian) swapWords(bytes);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

function swapWords(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
}
