import { TriptychError } from '../errors.ts';

/** What exports of the addon throw: native/src/problem.h has the codes. */
interface NativeError extends Error {
  readonly code: string;
  /** Of the argument: `rerank.args[1]`, `arena.requests[2].mask.code[7]`. */
  readonly path: string;
}

function isNativeError(error: unknown): error is NativeError {
  return error instanceof Error && 'code' in error && 'path' in error && typeof error.path === 'string';
}

/** A wrong argument, which is the caller's fault. */
const argumentCodes: ReadonlySet<string> = new Set([
  'invalid_argument',
  'out_of_range',
  'closed',
  'detached',
  'busy',
  'too_large',
]);

/**
 * An error of the addon as the ports' contracts name it: RangeError for arguments, `overloaded` where there is no room
 * or memory now, `unavailable` where the backend is gone for good, else `internal`. Others pass unchanged.
 * @param signal whose reason a cancelled job ends with
 */
export function convertError(error: unknown, signal?: AbortSignal): unknown {
  if (!isNativeError(error)) return error;
  const { code, message } = error;
  if (argumentCodes.has(code)) return new RangeError(message, { cause: error });
  if (code === 'cancelled') return signal?.reason ?? new TriptychError('internal', message, { cause: error });
  if (code === 'queue_full' || code === 'out_of_memory')
    return new TriptychError('overloaded', `The native scorer has no room: ${message}`, { cause: error });
  if (code === 'unavailable' || code === 'lost')
    return new TriptychError('unavailable', `The native scorer cannot be used: ${message}`, { cause: error });
  return new TriptychError('internal', `The native scorer failed: ${message}`, { cause: error });
}
