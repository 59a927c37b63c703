import { TriptychError } from '../errors.ts';
import { idSchema } from './names.ts';

/** Where the page after this id starts; opaque to callers. */
export function cursorAfter(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** @throws TriptychError invalid_request for anything that cursorAfter did not make */
export function idFromCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  // Decoding is lenient, so the way back is the check.
  if (cursorAfter(id) === cursor && idSchema.safeParse(id).success) return id;
  const message = 'was not given by this route';
  throw new TriptychError('invalid_request', `cursor: ${message}`, { fields: [{ path: 'cursor', message }] });
}
