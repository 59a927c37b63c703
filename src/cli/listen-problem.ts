import { TriptychError } from '../errors.ts';

const reasons: ReadonlyMap<string, string> = new Map([
  ['EADDRINUSE', 'is in use by another process'],
  ['EACCES', 'may not be listened on by this user'],
  ['EADDRNOTAVAIL', 'is not an address of this machine'],
]);

/** What to say of an address that cannot be listened on; other errors stay as they are. */
export function listenProblem(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = reasons.get(code);
  if (reason === undefined) return error;
  return new TriptychError('unavailable', `${host}:${port} ${reason}; choose another with --port or --host`, {
    cause: error,
  });
}
