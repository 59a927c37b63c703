import { createHash } from 'node:crypto';

/**
 * The state of the catalogue that an answer was computed on: equal epochs mean equal content on any replica.
 * The checksum is the 64-bit sum, mod 2^64, of a hash of every live (id, version), so it can be kept up to date by
 * adding and subtracting and does not depend on the order of writes.
 */
export interface Epoch {
  readonly generation: number;
  readonly checksum: bigint;
}

const mask = (1n << 64n) - 1n;

/** 64 bits of SHA-256 over id, NUL, version. */
export function documentHash(id: string, version: number): bigint {
  return createHash('sha256').update(`${id}\0${version}`).digest().readBigUInt64LE(0);
}

export function addHash(checksum: bigint, hash: bigint): bigint {
  return (checksum + hash) & mask;
}

export function subtractHash(checksum: bigint, hash: bigint): bigint {
  return (checksum - hash) & mask;
}

/** `3-00ab...`: the epoch as text, for cache keys and answers. */
export function epochKey(epoch: Epoch): string {
  return `${epoch.generation}-${epoch.checksum.toString(16).padStart(16, '0')}`;
}
