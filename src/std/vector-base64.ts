/** Base64 of little-endian f32, the compact form of a vector on the wire and in NDJSON: `{"b64": "..."}`. */
export function vectorToBase64(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (let i = 0; i < vector.length; i++) bytes.writeFloatLE(vector[i]!, i * 4);
  return bytes.toString('base64');
}

/** The vector, or null if the text is not base64 of whole f32 numbers. */
export function vectorFromBase64(text: string): Float32Array | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length % 4 !== 0) return null;
  if (!littleEndian) bytes.swap32();
  const vector = new Float32Array(bytes.length / 4);
  // Copied as bytes, because the buffer may begin where a float may not.
  new Uint8Array(vector.buffer).set(bytes);
  return vector;
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
