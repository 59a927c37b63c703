type Numbers = Uint32Array | Int32Array | Float64Array;

/** `array` itself, or a copy at least twice as long when it holds fewer than `length` numbers; new ones are 0. */
export function grown<T extends Numbers>(array: T, length: number): T {
  if (array.length >= length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.max(16, length, array.length * 2));
  larger.set(array);
  return larger;
}
