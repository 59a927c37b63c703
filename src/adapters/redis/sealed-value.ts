import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Of what is stored under a key: another format has other keys, so versions of the service do not meet. */
export const formatVersion = 2;

const macBytes = 16;

/**
 * Values as they are stored: signed with a key of the service and with the key that they are stored under. What others
 * wrote, what was cut short, changed or moved is not a value, so only what this service wrote is ever read.
 */
export class Seal {
  readonly #signingKey: () => Uint8Array;
  #ownKey: Uint8Array | null = null;

  /** @param signingKey the service's, the same on all replicas; throws while it is not known */
  constructor(signingKey: () => Uint8Array) {
    this.#signingKey = signingKey;
  }

  /** @throws what the signing key's source throws */
  close(name: string, payload: Buffer): Buffer {
    return Buffer.concat([this.#mac(name, payload), payload]);
  }

  /** The payload, or null. @throws what the signing key's source throws */
  open(name: string, bytes: Buffer): Buffer | null {
    if (bytes.length < macBytes) return null;
    const payload = bytes.subarray(macBytes);
    return timingSafeEqual(bytes.subarray(0, macBytes), this.#mac(name, payload)) ? payload : null;
  }

  #mac(name: string, payload: Buffer): Buffer {
    this.#ownKey ??= new Uint8Array(hkdfSync('sha256', this.#signingKey(), '', 'triptych shared cache', 32));
    const mac = createHmac('sha256', this.#ownKey).update(`${name.length}:${name}`).update(payload).digest();
    return mac.subarray(0, macBytes);
  }
}

/** How a kind of value is written as bytes; `decode` throws for anything that `encode` does not make. */
export interface ValueCodec<V> {
  encode(value: V): Buffer;
  decode(payload: Buffer): V;
}
