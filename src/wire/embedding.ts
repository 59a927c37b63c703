import { z } from 'zod';
import { vectorProblem } from '../domain/vector-check.ts';
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
  const problem = vectorProblem(values, dimension);
  if (problem === null) return unitVector(values);
  const { kind, component, message } = problem;
  // A component has a place of its own in an array of numbers only.
  const at = component === null ? '' : Array.isArray(wire) ? `[${component}]` : '.b64';
  problems.add(kind === 'dimension' ? 'wrong_dimension' : 'invalid_request', `${path}${at}`, message);
  return null;
}
