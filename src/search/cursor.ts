import { createHmac, timingSafeEqual } from 'node:crypto';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';

/** Where a page begins, and in which list. */
export interface ListPosition {
  readonly tenant: string;
  /** Of the search that the list answers. */
  readonly requestHash: string;
  readonly listId: string;
  readonly offset: number;
  /** Wall clock that the list was made at, milliseconds since 1970. */
  readonly nowMs: number;
  readonly digest: string;
}

const version = 1;

/** Cursors are opaque to clients and signed, so that nobody can point one at another list, tenant or time. */
export class CursorCodec {
  readonly #key: () => Uint8Array;

  /** @param key gives 32 bytes, the same on all replicas */
  constructor(key: () => Uint8Array) {
    this.#key = key;
  }

  encode({ tenant, requestHash, listId, offset, nowMs, digest }: ListPosition): string {
    const text = JSON.stringify([version, tenant, requestHash, listId, offset, nowMs, digest]);
    const payload = Buffer.from(text).toString('base64url');
    return `${payload}.${this.#sign(payload)}`;
  }

  /** @throws TriptychError cursor_mismatch for anything that `encode` did not make for this tenant and request */
  decode(cursor: string, tenant: string, requestHash: string): ListPosition {
    const position = cursor.length > limits.cursorCharsMax ? null : this.#open(cursor);
    if (position === null) throw mismatch('was not given by this service');
    if (position.tenant !== tenant || position.requestHash !== requestHash)
      throw mismatch(
        'belongs to another search: only k, include, explain, timeout_ms, include_relationships, partial and cache may differ',
      );
    return position;
  }

  #open(cursor: string): ListPosition | null {
    const [payload = '', signature = '', ...rest] = cursor.split('.');
    const expected = Buffer.from(this.#sign(payload));
    const given = Buffer.from(signature);
    if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    const [made, tenant, requestHash, listId, offset, nowMs, digest] = JSON.parse(
      Buffer.from(payload, 'base64url').toString(),
    ) as [number, string, string, string, number, number, string];
    return made === version ? { tenant, requestHash, listId, offset, nowMs, digest } : null;
  }

  #sign(payload: string): string {
    return createHmac('sha256', this.#key()).update(payload).digest('base64url');
  }
}

function mismatch(message: string): TriptychError {
  return new TriptychError('cursor_mismatch', `cursor: ${message}`, {
    fields: [{ path: 'cursor', message }],
  });
}
