/**
 * Compares two strings by the bytes of their UTF-8 form without encoding them: < 0, 0 or > 0.
 * UTF-16 code units sort alike except that surrogates (which stand for code points above U+FFFF) must come after
 * U+E000..U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return order(x) - order(y);
  }
  return a.length - b.length;
}

function order(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
