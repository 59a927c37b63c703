const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

const infinityBits = 0x7f80_0000;
/** 65,520: from here on the nearest f16 would be infinite. */
const overflowBits = 0x477f_f000;
/** 2^-14, the smallest normal f16. */
const normalBits = 0x3880_0000;

/**
 * Bits of the IEEE 754 binary16 nearest to an f32, ties to even. Beyond the range: the largest finite one (65,504), so
 * that no product becomes infinite.
 */
export function toHalf(value: number): number {
  float[0] = value;
  const sign = (bits[0]! >>> 16) & 0x8000;
  const magnitude = bits[0]! & 0x7fff_ffff;
  if (magnitude > infinityBits) return sign | 0x7e00;
  if (magnitude >= overflowBits) return sign | 0x7bff;
  if (magnitude < normalBits) return sign | roundToEven(Math.abs(float[0]!) * 2 ** 24);
  // The exponent counts from 15 and not from 127; what is cut off decides whether one is added, carries included.
  const rebased = magnitude - (112 << 23);
  return sign | ((rebased + 0xfff + ((rebased >>> 13) & 1)) >>> 13);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

/** All 65,536 of them, made when the first is asked for: a look-up is faster than the arithmetic. */
let values: Float32Array | null = null;

/** The f32 that the bits of a binary16 mean; exact. */
export function fromHalf(half: number): number {
  values ??= Float32Array.from({ length: 0x1_0000 }, (_, each) => decode(each));
  return values[half]!;
}

function decode(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
