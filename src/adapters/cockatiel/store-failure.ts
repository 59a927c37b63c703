import { TriptychError } from '../../errors.ts';
import type { StoreName, StoreOutcome } from '../../ports/store-caller.ts';

/** Codes by which a refusal of our own is told from a store that is ill. */
const failureCodes: ReadonlySet<string> = new Set(['unavailable', 'deadline_exceeded']);

const outcomes: Readonly<Record<string, StoreOutcome>> = {
  deadline_exceeded: 'late',
  unavailable: 'failed',
  store_open: 'open',
  overloaded: 'overloaded',
};

/** How sockets, Postgres (class 08 and the shutdown codes), Neo4j and gRPC name a connection that broke or was refused. */
const connectionCodes: ReadonlySet<unknown> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ENOTCONN', 'EHOSTUNREACH', 'ENETUNREACH'],
  ...['08000', '08001', '08003', '08004', '08006', '57P01', '57P02', '57P03'],
  ...['ServiceUnavailable', 'SessionExpired'],
  14,
]);

/** Those without a code: pg, ioredis. */
const connectionText =
  /^(Connection terminated|Client has encountered a connection error|Connection is closed|Stream isn't writeable)/;

const causesMax = 4;

/** What an attempt threw, as an error of the service: everything but its own errors means that the store failed. */
export function storeError(store: StoreName, error: unknown): TriptychError {
  if (error instanceof TriptychError) return error;
  return new TriptychError('unavailable', `${store} could not answer`, { cause: error });
}

/** Whether an error says that the store is ill. */
export function isStoreFailure(error: unknown): boolean {
  return error instanceof TriptychError && failureCodes.has(error.code);
}

export function outcomeOf(error: unknown): StoreOutcome {
  return error instanceof TriptychError ? (outcomes[error.code] ?? 'refused') : 'refused';
}

/** Whether the connection broke, or there was none: another one may do. */
export function isConnectionFailure(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > causesMax) return false;
  const { code } = error as { code?: unknown };
  if (connectionCodes.has(code) || connectionText.test(error.message)) return true;
  return isConnectionFailure(error.cause, depth + 1);
}
