import { type ErrorCode, TriptychError } from '../../errors.ts';

/**
 * SQLSTATE classes (Postgres documentation, appendix A) that say more than "internal". An entry of five characters
 * goes before its class of two.
 */
const codes: Readonly<Record<string, ErrorCode>> = {
  '08': 'unavailable',
  '22': 'invalid_request',
  // Transactions that the server ended (waited too long for the next statement), or that a standby does not take.
  '25': 'unavailable',
  // A login, or a database, that is not there any more.
  '28': 'unavailable',
  '3D': 'unavailable',
  '40': 'unavailable',
  '53': 'unavailable',
  // Program limits: a key or value that is too long for the engine.
  '54': 'invalid_request',
  // A lock that did not become free in time.
  '55P03': 'unavailable',
  '57': 'unavailable',
  '58': 'unavailable',
};

const messages: Readonly<Partial<Record<ErrorCode, string>>> = {
  invalid_request: 'a value cannot be stored: a NUL character, an unpaired surrogate, or too large',
  unavailable: 'the document store could not finish the operation',
  internal: 'the document store refused a statement',
};

/** The service's error for an engine's SQLSTATE; the engine's own words stay in `cause`, away from callers. */
export function errorOfSqlState(sqlState: string, cause: unknown): TriptychError {
  const code = codes[sqlState] ?? codes[sqlState.slice(0, 2)] ?? 'internal';
  return new TriptychError(code, messages[code] ?? 'the document store failed', { cause });
}

/** SQLSTATE of a text that holds what the encoding has no place for. */
export const characterNotInRepertoire = '22021';

/** SQLSTATE of a second row with the same key. */
export const uniqueViolation = '23505';
