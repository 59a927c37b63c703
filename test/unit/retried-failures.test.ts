import { Neo4jError } from 'neo4j-driver';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { failureOf, refusalOf } from '../../src/adapters/milvus/milvus-answer.ts';
import { errorOfNeo4j } from '../../src/adapters/neo4j/neo4j-errors.ts';
import { errorOfDriver } from '../../src/adapters/postgres/pg-errors.ts';
import type { StoreName } from '../../src/ports/store-caller.ts';
import { openCaller } from '../support/store-caller-fixture.ts';

/** What the clients throw, as the adapters pass it on: which of it is worth a second attempt. */

type Failure = readonly [what: string, store: StoreName, error: unknown];

function ofPostgres(sqlState: string): Failure {
  const thrown = Object.assign(new pg.DatabaseError('words of the server', 19, 'error'), { code: sqlState });
  return [`Postgres ${sqlState}`, 'postgres', errorOfDriver(thrown)];
}

function ofSocket(store: StoreName, code: string): Failure {
  const thrown = Object.assign(new Error(`connect ${code}`), { code });
  return [`${store} ${code}`, store, store === 'postgres' ? errorOfDriver(thrown) : thrown];
}

function ofNeo4j(code: string): Failure {
  const thrown = new Neo4jError('words of the driver', code, '', '');
  return [`Neo4j ${code}`, 'neo4j', errorOfNeo4j(thrown)];
}

/** @param answer what the SDK threw, or a status that it took for an answer */
function ofMilvus(answer: object, what: string): Failure {
  return [`Milvus ${what}`, 'milvus', refusalOf(failureOf(answer))];
}

const grpcError = (code: number) =>
  ofMilvus(Object.assign(new Error(`${code} words of the server`), { code }), `gRPC ${code}`);
const status = (code: number) =>
  ofMilvus({ status: { error_code: 'UnexpectedError', code, reason: '' } }, `status ${code}`);

/** Attempts that were made of a repeatable call that always fails like this. */
async function attempts(store: StoreName, error: unknown, repeatable = true): Promise<number> {
  const { caller, meter } = openCaller({ store });
  let made = 0;
  const call = caller.call({ operation: 'ask', timeoutMs: 200, repeatable }, () => {
    made++;
    return Promise.reject(error);
  });
  await expect(call).rejects.toBeInstanceOf(Error);
  expect(meter.retries).toBe(made - 1);
  return made;
}

describe('a connection that broke or was refused', () => {
  const failures: readonly Failure[] = [
    // The server goes down, was killed, or comes up.
    ...['57P01', '57P02', '57P03'].map(ofPostgres),
    ...['08000', '08001', '08003', '08004', '08006'].map(ofPostgres),
    ['Postgres: a connection that ended', 'postgres', errorOfDriver(new Error('Connection terminated'))],
    [
      'Postgres: a connection that ended in between',
      'postgres',
      errorOfDriver(new Error('Connection terminated unexpectedly')),
    ],
    ...['ServiceUnavailable', 'SessionExpired'].map(ofNeo4j),
    grpcError(14),
    ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE'].map((code) => ofSocket('postgres', code)),
    ...['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH'].map((code) => ofSocket('redis', code)),
    ['Redis: a closed connection', 'redis', new Error('Connection is closed.')],
  ];

  it.each(failures)('is tried again once: %s', async (_, store, error) => {
    expect(await attempts(store, error)).toBe(2);
  });

  it.each(failures)(
    'is not tried again where the call may not be made twice: %s',
    async (_, store, error) => {
      expect(await attempts(store, error, false)).toBe(1);
    },
  );
});

describe('a server that answered, or was silent', () => {
  it.each([
    // Ended by its own timeout, a deadlock, too many connections, a wrong password, no such table, a syntax error.
    ...['57014', '40P01', '40001', '53300', '28P01', '42P01', '42601', '22021'].map(ofPostgres),
    [
      'Postgres: no free connection',
      'postgres',
      errorOfDriver(new Error('timeout exceeded when trying to connect')),
    ] as const,
    ...[
      'Neo.ClientError.Transaction.TransactionTimedOut',
      'Neo.ClientError.Security.Unauthorized',
      'Neo.ClientError.Statement.SyntaxError',
      'Neo.TransientError.Transaction.DeadlockDetected',
      'Neo.TransientError.General.MemoryPoolOutOfMemoryError',
      'N/A',
    ].map(ofNeo4j),
    // Cancelled, late, unknown to the server, not allowed.
    ...[1, 4, 12, 16].map(grpcError),
    ...[8, 100, 101, 1_100].map(status),
    ofSocket('redis', 'ETIMEDOUT'),
    ['Redis: it was late', 'redis', new Error('Command timed out')] as const,
  ])('is not asked again: %s', async (_, store, error) => {
    expect(await attempts(store, error)).toBe(1);
  });
});
