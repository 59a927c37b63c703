import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { StoreCaller } from '../../ports/store-caller.ts';
import { schemaStateStatement } from '../sql/migrate.ts';
import type { SqlClient, SqlRow, SqlScope, SqlStatement } from '../sql/sql-client.ts';
import { characterNotInRepertoire, errorOfSqlState } from '../sql/sql-errors.ts';
import { isStorable } from '../sql/storable.ts';
import {
  assertDatabase,
  assertRole,
  assertSchema,
  lookStatement,
  servingRole,
  tooOld,
  workingRole,
} from './boot-check.ts';
import { BootGate } from './boot-gate.ts';
import { ConnectionPool } from './connection-pool.ts';
import { connectionSettings } from './connection-settings.ts';
import { insufficientPrivilege, SqlStateError, sqlStateOf } from './pg-errors.ts';
import { runTransaction, type TransactionBounds } from './transaction.ts';
import { Turns } from './turns.ts';

export interface PgClientOptions {
  /** Of a member of triptych_app. */
  readonly url: string;
  /** Of a member of triptych_worker, at the same database. */
  readonly workerUrl: string;
  /** PEM of the authority to trust; null: those of the system, where the URL asks for TLS. */
  readonly ca: string | null;
}

export interface PgClientParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** `serve`: calls for one tenant; `work`: those for all. */
  readonly callers: { readonly serve: StoreCaller; readonly work: StoreCaller };
}

/** Connections of one role, and how calls over them are made. */
interface Side {
  readonly pool: ConnectionPool;
  readonly caller: StoreCaller;
  /** Writers of one catalogue wait for each other, and would leave no connection to readers. */
  readonly writes: Turns;
  readonly timeoutMs: number;
}

const serveBounds = {
  connectionsMax: limits.sqlServeConnectionsMax,
  writesMax: limits.sqlServeWritesMax,
  timeoutMs: limits.sqlServeMsMax,
};
const workBounds = {
  connectionsMax: limits.sqlWorkConnectionsMax,
  writesMax: limits.sqlWorkWritesMax,
  timeoutMs: limits.sqlWorkMsMax,
};

/**
 * A Postgres server: calls for a tenant over connections of the app role, those for all tenants over connections of the
 * worker role. It need not be there when this is made; until it was found fit, every call is refused with the reason.
 */
export class PgClient implements SqlClient {
  readonly #clock: Clock;
  readonly #serve: Side;
  readonly #work: Side;
  readonly #gate: BootGate;

  /** @throws TriptychError invalid_settings */
  constructor({ url, workerUrl, ca }: PgClientOptions, { clock, logger, callers }: PgClientParts) {
    const side = (
      name: 'serve' | 'work',
      address: string,
      bounds: typeof serveBounds | typeof workBounds,
    ): Side => {
      const { connectionsMax, writesMax, timeoutMs } = bounds;
      const options = { ...connectionSettings(address, ca), name: `triptych ${name}`, connectionsMax };
      const pool = new ConnectionPool(options, logger);
      callers[name].onStuck(() => pool.rebuild());
      return { pool, caller: callers[name], writes: new Turns(writesMax, clock), timeoutMs };
    };
    this.#clock = clock;
    this.#serve = side('serve', url, serveBounds);
    this.#work = side('work', workerUrl, workBounds);
    this.#gate = new BootGate(() => this.#check(), clock, logger);
  }

  async run(statements: readonly SqlStatement[], scope: SqlScope): Promise<readonly (readonly SqlRow[])[]> {
    if (scope === 'owner')
      throw new TriptychError('internal', 'the tables are changed by `triptych db migrate` alone');
    const { tenant, timeoutMs } = scope === 'all' ? { tenant: '' } : scope;
    if (!isStorable(tenant, statements))
      throw errorOfSqlState(
        characterNotInRepertoire,
        new SqlStateError(characterNotInRepertoire, 'NUL or unpaired surrogate'),
      );
    await this.#gate.pass();
    return this.#call(
      scope === 'all' ? this.#work : this.#serve,
      tenant,
      statements,
      operationOf(statements),
      timeoutMs,
    );
  }

  /** Looks at the server now. @throws TriptychError why it may not be asked: unavailable | invalid_settings | data_too_* */
  check(): Promise<void> {
    return this.#gate.check();
  }

  /** Resolves once the server was found fit, however long that takes. */
  opened(): Promise<void> {
    return this.#gate.opened();
  }

  /** Resolves when both kinds of connections answer. */
  async ping(): Promise<void> {
    await this.#gate.pass();
    const one: SqlStatement = { text: 'SELECT 1', parameters: [] };
    await Promise.all([this.#serve, this.#work].map((side) => this.#call(side, '', [one], 'ping')));
  }

  async close(): Promise<void> {
    this.#gate.close();
    await Promise.all([this.#serve.pool.close(), this.#work.pool.close()]);
  }

  #call(
    { pool, caller, writes, timeoutMs }: Side,
    tenant: string,
    statements: readonly SqlStatement[],
    operation: string,
    atMostMs = Number.POSITIVE_INFINITY,
  ): Promise<SqlRow[][]> {
    const repeatable = statements.every(({ text }) => readOnly.test(text));
    const call = { operation, timeoutMs: Math.min(timeouts[operation] ?? timeoutMs, atMostMs), repeatable };
    return caller.call(call, (leftMs) => {
      const endMs = this.#clock.nowMs() + leftMs;
      const attempt = () =>
        pool.use((client) =>
          runTransaction(client, tenant, statements, boundsOf(endMs - this.#clock.nowMs())),
        );
      return repeatable ? attempt() : writes.take(leftMs, attempt);
    });
  }

  async #check(): Promise<void> {
    const sides = [
      [this.#serve, servingRole],
      [this.#work, workingRole],
    ] as const;
    for (const [side, role] of sides) {
      const [look] = await this.#call(side, '', [lookStatement], 'check').catch((error: unknown) => {
        throw refusedLogin(error, role.setting);
      });
      if (look?.[0] === undefined)
        throw new TriptychError('unavailable', 'the document store gave no answer');
      assertRole(look[0], role);
      const [schema] = await this.#call(side, '', [schemaStateStatement], 'check').catch((error: unknown) => {
        // Steps of before gave nobody the right to read it.
        throw sqlStateOf(error) === insufficientPrivilege ? tooOld('an older schema') : error;
      });
      assertSchema(schema![0]!);
      assertDatabase(look[0]);
    }
  }
}

const readOnly = /^\s*SELECT\b/;

/** A label of measurements. */
function operationOf(statements: readonly SqlStatement[]): string {
  if (statements.some(({ lengthy }) => lengthy === true)) return 'lengthy';
  if (statements.every(({ text, prepared }) => prepared === true && readOnly.test(text))) return 'read';
  return statements.length === 1 ? 'statement' : 'transaction';
}

/** How long calls may take that are not like most. */
const timeouts: Readonly<Record<string, number>> = {
  // By keys: one that takes longer does not come any more, and says early that the server is not well.
  read: limits.sqlReadMsMax,
  ping: limits.sqlReadMsMax,
  lengthy: limits.engineLengthyAnswerMsMax,
};

/** The server gives a statement up before this side does, and waits for locks for a part of that only. */
function boundsOf(leftMs: number): TransactionBounds {
  return { statementMs: leftMs * 0.8, lockMs: leftMs * 0.5, answerMs: Math.max(1, leftMs) };
}

/** A login that is refused is a wrong setting, not a server that is ill. */
function refusedLogin(error: unknown, setting: string): unknown {
  const cause = error instanceof TriptychError ? error.cause : error;
  if (!(cause instanceof SqlStateError) || !/^(28|3D)/.test(cause.sqlState)) return error;
  return new TriptychError('invalid_settings', `${setting} is refused by the server: ${cause.message}`, {
    cause,
  });
}
