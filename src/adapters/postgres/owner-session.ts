import pg from 'pg';
import { limits } from '../../limits.ts';
import type { SqlClient, SqlRow, SqlStatement } from '../sql/sql-client.ts';
import { connectionSettings } from './connection-settings.ts';
import { errorOfDriver } from './pg-errors.ts';
import { runTransaction, TransactionFailure } from './transaction.ts';

export interface OwnerOptions {
  /** Of a member of triptych_owner, or of one who may make the roles. */
  readonly url: string;
  readonly ca: string | null;
}

/** One connection for changing the tables. To the server itself, not through a pooler that shares connections. */
export class OwnerSession implements SqlClient {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** @throws TriptychError invalid_settings | unavailable */
  static async open({ url, ca }: OwnerOptions): Promise<OwnerSession> {
    const config: pg.ClientConfig & { pipeline: boolean } = {
      ...connectionSettings(url, ca),
      application_name: 'triptych db migrate',
      connectionTimeoutMillis: limits.sqlConnectMsMax,
      keepAlive: true,
      pipeline: true,
    };
    const client = new pg.Client(config);
    // What becomes of the connection is learned by the next statement.
    client.on('error', () => undefined);
    await client.connect().catch((error: unknown) => {
      throw errorOfDriver(error);
    });
    return new OwnerSession(client);
  }

  async run(statements: readonly SqlStatement[]): Promise<readonly (readonly SqlRow[])[]> {
    const bounds = {
      statementMs: limits.engineLengthyAnswerMsMax,
      // Whoever waits for a lock holds up all who come behind.
      lockMs: limits.migrationLockMsMax,
      answerMs: limits.engineLengthyAnswerMsMax + limits.migrationLockMsMax,
    };
    try {
      return await runTransaction(this.#client, '', statements, bounds);
    } catch (error) {
      throw errorOfDriver(error instanceof TransactionFailure ? error.cause : error);
    }
  }

  /** Runs a statement outside of any transaction, however long it takes. */
  async runAlone(text: string): Promise<void> {
    await this.#client.query(text).catch((error: unknown) => {
      throw errorOfDriver(error);
    });
  }

  async close(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }
}
