import pg from 'pg';
import { TriptychError } from '../../errors.ts';
import { errorOfSqlState } from '../sql/sql-errors.ts';

/** An error of the server, for logs: without the details that may quote rows. */
export class SqlStateError extends Error {
  readonly sqlState: string;
  /** As the driver calls it; a broken connection is known by it. */
  readonly code: string;

  constructor(sqlState: string, message: string) {
    super(message);
    this.name = 'SqlStateError';
    this.sqlState = sqlState;
    this.code = sqlState;
  }
}

/** The driver's words where no connection of the pool became free in time. */
const poolExhausted = 'timeout exceeded when trying to connect';

/** The service's error for what the driver threw: the server's own refusals, and everything that a connection can meet. */
export function errorOfDriver(error: unknown): TriptychError {
  if (error instanceof TriptychError) return error;
  if (error instanceof pg.DatabaseError && error.code !== undefined)
    return errorOfSqlState(error.code, new SqlStateError(error.code, error.message));
  if (error instanceof Error && error.message === poolExhausted)
    return new TriptychError('overloaded', 'all connections to the document store are in use', {
      cause: error,
      retryAfterSeconds: 1,
    });
  return new TriptychError('unavailable', 'the document store cannot be reached', { cause: error });
}

/** Whether the connection lives on after the error: only an ERROR of the server leaves it as it was. */
export function leavesConnection(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.severity === 'ERROR';
}

/** SQLSTATE of what a role may not do. */
export const insufficientPrivilege = '42501';

/** SQLSTATE behind an error of the service; null: there is none. */
export function sqlStateOf(error: unknown): string | null {
  const cause = error instanceof TriptychError ? error.cause : error;
  return cause instanceof SqlStateError ? cause.sqlState : null;
}
