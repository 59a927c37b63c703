/** 1/k! for k = 0..13: beyond it the terms of e^y are below half a unit in the last place for |y| <= ln 2 / 2. */
const inverseFactorials = new Float64Array(14);
/** 2^-n, exact down to the smallest subnormal number. */
const halves = new Float64Array(1075);

inverseFactorials[0] = 1;
for (let k = 1; k < inverseFactorials.length; k++) inverseFactorials[k] = inverseFactorials[k - 1]! / k;
halves[0] = 1;
for (let n = 1; n < halves.length; n++) halves[n] = halves[n - 1]! / 2;

/**
 * What is left of 1 after `age / halfLife` halvings: 2^(-age / halfLife), 0..1; an age below 0 counts as 0. Written out
 * in +, * and / (correctly rounded everywhere) because libraries disagree on the last bit of pow. NaN for an age of NaN.
 * @param halfLife > 0, in the unit of `age`
 */
export function decay(age: number, halfLife: number): number {
  const times = Math.max(0, age) / halfLife;
  if (Number.isNaN(times)) return Number.NaN;
  const whole = Math.round(times);
  if (whole >= halves.length) return 0;
  const y = (whole - times) * Math.LN2;
  // Even and odd terms apart: two short chains of dependent operations instead of a long one.
  const square = y * y;
  let even = 0;
  let odd = 0;
  for (let k = inverseFactorials.length - 2; k >= 0; k -= 2) {
    even = even * square + inverseFactorials[k]!;
    odd = odd * square + inverseFactorials[k + 1]!;
  }
  return (even + odd * y) * halves[whole]!;
}
