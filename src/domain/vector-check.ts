export interface VectorProblem {
  readonly kind: 'dimension' | 'component' | 'zero';
  /** The component that is wrong; null where it is the whole vector. */
  readonly component: number | null;
  readonly message: string;
}

/** Why a vector has no direction in a space of `dimension` numbers, or null where it has one. */
export function vectorProblem(vector: Float32Array, dimension: number): VectorProblem | null {
  if (vector.length !== dimension) {
    const message = `has ${vector.length} components, the catalogue has ${dimension}`;
    return { kind: 'dimension', component: null, message };
  }
  let zero = true;
  for (let i = 0; i < vector.length; i++) {
    const value = vector[i]!;
    if (!Number.isFinite(value))
      return { kind: 'component', component: i, message: `component ${i} is not a finite 32-bit float` };
    if (value !== 0) zero = false;
  }
  return zero ? { kind: 'zero', component: null, message: 'has length zero, so it has no direction' } : null;
}
