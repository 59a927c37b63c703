/*
 * TypedArray.from with a function walks an iterator, about ten times slower than a loop; what a search does for every
 * candidate goes through these.
 */

/** `f` of every entry as f32. */
export function float32sOf<T>(source: ArrayLike<T>, f: (value: T, index: number) => number): Float32Array {
  const mapped = new Float32Array(source.length);
  for (let i = 0; i < mapped.length; i++) mapped[i] = f(source[i]!, i);
  return mapped;
}

/** `f` of every entry as f64. */
export function float64sOf<T>(source: ArrayLike<T>, f: (value: T, index: number) => number): Float64Array {
  const mapped = new Float64Array(source.length);
  for (let i = 0; i < mapped.length; i++) mapped[i] = f(source[i]!, i);
  return mapped;
}

/** `f` of every entry in a list. */
export function listOf<T, U>(source: ArrayLike<T>, f: (value: T, index: number) => U): U[] {
  const mapped = new Array<U>(source.length);
  for (let i = 0; i < source.length; i++) mapped[i] = f(source[i]!, i);
  return mapped;
}

/** 0, 1 ... count - 1. */
export function indexes(count: number): Uint32Array {
  const all = new Uint32Array(count);
  for (let i = 0; i < count; i++) all[i] = i;
  return all;
}
