import { TriptychError } from '../../errors.ts';
import { unitVector } from '../../std/unit-vector.ts';

/**
 * The unit vectors of `{data: [{index, embedding}]}`, in the order of the request. Entries without `index` count by
 * their position.
 * @throws TriptychError embedder_unavailable when anything is missing, repeated, of another length or not finite
 */
export function parseEmbeddings(answer: unknown, count: number, dimension: number): Float32Array[] {
  const data = memberOf(answer, 'data');
  if (!Array.isArray(data) || data.length !== count)
    throw wrongAnswer(`did not answer with ${count} entries in data`);
  const vectors = new Array<Float32Array | undefined>(count).fill(undefined);
  for (const [position, entry] of data.entries()) {
    const index = memberOf(entry, 'index') ?? position;
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count)
      throw wrongAnswer('answered with an index out of range');
    if (vectors[index] !== undefined) throw wrongAnswer('answered with an index twice');
    vectors[index] = vectorOf(memberOf(entry, 'embedding'), dimension);
  }
  // count entries with distinct indices below count: none is missing.
  return vectors as Float32Array[];
}

function vectorOf(embedding: unknown, dimension: number): Float32Array {
  if (!Array.isArray(embedding)) throw wrongAnswer('answered without an array of numbers as embedding');
  if (embedding.length !== dimension)
    throw wrongAnswer(`answered with ${embedding.length} dimensions instead of ${dimension}`);
  if (!embedding.every((value) => typeof value === 'number' && Number.isFinite(value)))
    throw wrongAnswer('answered with a component that is not a finite number');
  const unit = unitVector(embedding as number[]);
  if (unit === null) throw wrongAnswer('answered with a zero vector');
  return unit;
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}

function wrongAnswer(what: string): TriptychError {
  return new TriptychError('embedder_unavailable', `the embedding server ${what}`);
}
