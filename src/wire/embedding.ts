import { z } from 'zod';
import { limits } from '../limits.ts';
import { unitVector } from '../std/unit-vector.ts';
import { vectorFromBase64 } from '../std/vector-base64.ts';
import { components } from './components.ts';
import type { Problems } from './problems.ts';

const base64CharsMax = Math.ceil((limits.dimensionMax * 4) / 3) * 4;

/** A vector on the wire: numbers, or little-endian f32 in base64 (a quarter of the size, and no rounding). */
export const embeddingSchema = z
  .union([
    z.array(z.number()).min(1).max(limits.dimensionMax),
    z.strictObject({
      b64: z.base64().min(1).max(base64CharsMax).meta({ description: 'Little-endian f32 values in base64.' }),
    }),
  ])
  .meta({
    description: "As many numbers as the catalogue's embeddings have; any length but zero, it is normalised.",
    examples: [[0.1, -0.2, 0.97], { b64: 'zczMPc3MTL7sUXg/' }],
  })
  .register(components, { id: 'Embedding' });

export type WireEmbedding = z.input<typeof embeddingSchema>;

/**
 * The unit vector of a wire embedding, or null after reporting what is wrong with it: dimension, a component that is
 * not finite as f32, or length zero.
 */
export function parseEmbedding(
  wire: WireEmbedding,
  dimension: number,
  path: string,
  problems: Problems,
): Float32Array | null {
  const values = Array.isArray(wire) ? Float32Array.from(wire) : vectorFromBase64(wire.b64);
  if (values === null) {
    problems.add('invalid_request', `${path}.b64`, 'must hold a whole number of 4-byte floats');
    return null;
  }
  if (values.length !== dimension) {
    problems.add('wrong_dimension', path, `has ${values.length} components, the catalogue has ${dimension}`);
    return null;
  }
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const at = Array.isArray(wire) ? `${path}[${bad}]` : `${path}.b64`;
    problems.add('invalid_request', at, `component ${bad} is not a finite 32-bit float`);
    return null;
  }
  return unitVector(values) ?? reportZero(path, problems);
}

function reportZero(path: string, problems: Problems): null {
  problems.add('invalid_request', path, 'has length zero, so it has no direction');
  return null;
}
