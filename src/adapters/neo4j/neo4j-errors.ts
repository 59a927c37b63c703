import { type ErrorCode, TriptychError } from '../../errors.ts';

interface Rule {
  readonly codes: RegExp;
  /** Some failures of the driver have no code of their own (`N/A`), so their words decide. */
  readonly words?: RegExp;
  readonly code: ErrorCode;
  readonly message: string;
}

/** The first that fits counts. Codes: neo4j.com/docs/status-codes, and those that the driver makes itself. */
const rules: readonly Rule[] = [
  {
    codes: /^N\/A$/,
    words: /acquisition timed out/i,
    code: 'unavailable',
    message: 'no connection to Neo4j could be had in time',
  },
  { codes: /^Neo\.ClientError\.Security\./, code: 'unavailable', message: 'Neo4j refused the credentials' },
  {
    codes: /^Neo\.ClientError\.Transaction\.(TransactionTimedOut|LockClientStopped)/,
    code: 'deadline_exceeded',
    message: 'Neo4j did not answer in time',
  },
  {
    codes: /^Neo\.ClientError\.Statement\.(ArgumentError|TypeError|ParameterMissing)$/,
    code: 'invalid_document',
    message: 'Neo4j cannot store a value',
  },
  {
    codes: /./,
    words: /property (value|size).* too large|too large to index/i,
    code: 'invalid_document',
    message: 'a value is too long for an index of Neo4j',
  },
];

/**
 * The service's error for what the driver threw, by its code and, where that says nothing, by its words; the driver's own
 * error is the `cause`, away from callers. What no rule knows may succeed later.
 */
export function errorOfNeo4j(error: unknown): TriptychError {
  if (error instanceof TriptychError) return error;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const [codeText, words] = [String(code ?? 'N/A'), String(message ?? '')];
  const rule = rules.find((one) => one.codes.test(codeText) && (one.words?.test(words) ?? true));
  return new TriptychError(rule?.code ?? 'unavailable', rule?.message ?? 'Neo4j could not answer', {
    cause: error,
  });
}
