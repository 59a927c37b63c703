/**
 * The vector scaled to length 1 (computed in f64), or null where it has no direction: a zero vector, or a component
 * that is not finite.
 */
export function unitVector(vector: ArrayLike<number>): Float32Array | null {
  let squares = 0;
  for (let i = 0; i < vector.length; i++) squares += vector[i]! * vector[i]!;
  if (!(squares > 0) || squares === Number.POSITIVE_INFINITY) return null;
  const scale = 1 / Math.sqrt(squares);
  const unit = new Float32Array(vector.length);
  for (let i = 0; i < vector.length; i++) unit[i] = vector[i]! * scale;
  return unit;
}
