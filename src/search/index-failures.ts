import { TriptychError } from '../errors.ts';

/** Whether calls to the index fail at once for now, because it is away: that is no catalogue's fault. */
export function isLeftAlone(error: unknown): boolean {
  if (!(error instanceof TriptychError)) return false;
  return error.code === 'store_open' || isLeftAlone(error.cause);
}

/** Whether the index says that it will never take this. */
export function isPermanent(error: unknown): boolean {
  return error instanceof TriptychError && error.code === 'invalid_document';
}

/** A code; drivers' texts may hold what documents say. */
export function reasonOf(error: unknown): string {
  return error instanceof TriptychError ? error.code : 'error';
}
