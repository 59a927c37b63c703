export type Half = 'validation' | 'test';

/** Which half a query or user belongs to: by a hash of its name (FNV-1a), so that it never changes sides. */
export function halfOf(name: string): Half {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash & 1) === 0 ? 'validation' : 'test';
}
