import { TriptychError } from '../../errors.ts';

/** A call that Milvus, or the way there, failed. The SDK resolves most failures and throws objects that are no errors. */
export class MilvusFailure extends Error {
  /** Milvus' own code (100: no such collection), or null where the call did not get an answer. */
  readonly status: number | null;
  /** gRPC's code where the call did not get an answer (4: late, 14: unreachable), else null. */
  readonly code: number | null;

  constructor(message: string, codes: { status: number | null; code: number | null }, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'MilvusFailure';
    this.status = codes.status;
    this.code = codes.code;
  }

  /** Nobody answered: the connection or the server may be gone. */
  get silent(): boolean {
    return (
      this.code === grpc.deadlineExceeded || this.code === grpc.unavailable || this.code === grpc.cancelled
    );
  }
}

export const grpc = { cancelled: 1, deadlineExceeded: 4, unimplemented: 12, unavailable: 14 } as const;

/** What Milvus says by number. */
export const milvusStatus = {
  collectionNotFound: 100,
  collectionNotLoaded: 101,
  indexNotFound: 700,
  invalidParameter: 1_100,
  aliasNotFound: 1_600,
  aliasExists: 1_602,
} as const;

interface Status {
  readonly error_code?: unknown;
  readonly code?: unknown;
  readonly reason?: unknown;
}

/** Passes an answer on that says it succeeded. @throws MilvusFailure */
export function successful<T>(answer: T): T {
  const status = statusOf(answer);
  if (status === null) throw new MilvusFailure('an answer without a status', { status: null, code: null });
  const code = Number(status.code ?? 0);
  if ((status.error_code === 'Success' || status.error_code === 0) && code === 0) return answer;
  // Older servers have names alone for some failures.
  const known = code !== 0 ? code : (statusOfName[String(status.error_code)] ?? code);
  throw new MilvusFailure(`${String(status.error_code)}: ${String(status.reason)}`, {
    status: known,
    code: null,
  });
}

const statusOfName: Readonly<Record<string, number>> = {
  CollectionNotExists: milvusStatus.collectionNotFound,
  IndexNotExist: milvusStatus.indexNotFound,
};

function statusOf(answer: unknown): Status | null {
  if (typeof answer !== 'object' || answer === null) return null;
  const status = 'status' in answer ? answer.status : answer;
  return typeof status === 'object' && status !== null && 'error_code' in status ? status : null;
}

/** Whatever the SDK threw, as a failure. */
export function failureOf(thrown: unknown): Error {
  if (thrown instanceof MilvusFailure || thrown instanceof TriptychError) return thrown;
  const status = statusOf(thrown);
  if (status !== null) {
    try {
      successful(thrown);
    } catch (failure) {
      return failure as MilvusFailure;
    }
  }
  if (!(thrown instanceof Error))
    return new MilvusFailure('the client failed', { status: null, code: null }, thrown);
  const { code } = thrown as Error & { code?: unknown };
  if (typeof code === 'number') return new MilvusFailure(thrown.message, { status: null, code }, thrown);
  // generic-pool: no place within milvusAcquireMs, or too many waiting for one.
  if (thrown.name === 'TimeoutError' || thrown.message === 'max waitingClients count exceeded')
    return new TriptychError('overloaded', 'all connections to Milvus are in use', { cause: thrown });
  return new MilvusFailure(thrown.message, { status: null, code: null }, thrown);
}

/** Whether Milvus said so, in the error or behind it. */
export function hasStatus(error: unknown, status: number): boolean {
  if (error instanceof MilvusFailure) return error.status === status;
  return error instanceof TriptychError && error.cause !== undefined && hasStatus(error.cause, status);
}

/** Codes by which Milvus speaks of what it was asked about: collections and partitions, indexes, parameters, aliases. */
const refusals = [
  [100, 299],
  [700, 799],
  [1_100, 1_199],
  [1_600, 1_799],
] as const;

/** A failure of which the server says that it lies in what it was asked for: that says nothing about how the server is. */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof MilvusFailure) || error.status === null) return error;
  const { status } = error;
  if (!refusals.some(([from, to]) => from <= status && status <= to)) return error;
  return new TriptychError('not_ready', 'Milvus cannot do it as things are', { cause: error });
}
