import pg, { type PoolClient } from 'pg';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ConnectionSettings } from './connection-settings.ts';
import { errorOfDriver } from './pg-errors.ts';
import { TransactionFailure } from './transaction.ts';

export interface PoolOptions extends ConnectionSettings {
  /** Shown by the server beside each connection, and in logs. */
  readonly name: string;
  readonly connectionsMax: number;
}

/** Connections that end by themselves when idle or old, each used by one call at a time. */
export class ConnectionPool {
  readonly #options: PoolOptions;
  readonly #logger: Logger;
  readonly #inUse = new Set<PoolClient>();
  #pool: pg.Pool;
  #closed = false;

  constructor(options: PoolOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
    this.#pool = this.#makePool();
  }

  /**
   * Lets a call use a connection; one whose state is not known afterwards is ended.
   * @throws TriptychError overloaded | unavailable | what `task` throws, as an error of the service
   */
  async use<T>(task: (client: PoolClient) => Promise<T>): Promise<T> {
    if (this.#closed) throw new TriptychError('unavailable', 'the document store is closed');
    if (this.#pool.waitingCount >= limits.sqlQueueMax)
      throw new TriptychError('overloaded', `${limits.sqlQueueMax} calls wait for the document store`, {
        retryAfterSeconds: 1,
      });
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw errorOfDriver(error);
    });
    this.#inUse.add(client);
    let reusable = false;
    try {
      const result = await task(client);
      reusable = true;
      return result;
    } catch (error) {
      if (!(error instanceof TransactionFailure)) throw errorOfDriver(error);
      reusable = error.reusable;
      throw errorOfDriver(error.cause);
    } finally {
      this.#inUse.delete(client);
      client.release(!reusable);
    }
  }

  /** New connections in place of all; calls under way fail. For when they hang and nobody waits for them any more. */
  rebuild(): void {
    if (this.#closed) return;
    const old = this.#pool;
    this.#pool = this.#makePool();
    void this.#endAll(old, 0);
  }

  /** Lets what is under way finish, within limits.drainMsMax. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#endAll(this.#pool, limits.drainMsMax);
  }

  async #endAll(pool: pg.Pool, patienceMs: number): Promise<void> {
    const hanging = [...this.#inUse];
    const timer = setTimeout(() => {
      // With a query under way this destroys the connection.
      for (const client of hanging) if (this.#inUse.has(client)) void client.end().catch(() => undefined);
    }, patienceMs);
    await pool.end().catch(() => undefined);
    clearTimeout(timer);
  }

  #makePool(): pg.Pool {
    const { name, connectionsMax, connectionString, ssl } = this.#options;
    const options: pg.PoolConfig & { pipeline: boolean } = {
      connectionString,
      ssl,
      application_name: name,
      max: connectionsMax,
      pipeline: true,
      connectionTimeoutMillis: limits.sqlConnectMsMax,
      idleTimeoutMillis: limits.sqlIdleMsMax,
      maxLifetimeSeconds: limits.sqlConnectionSecondsMax,
      keepAlive: true,
      keepAliveInitialDelayMillis: limits.sqlKeepAliveMs,
      // The process stays alive for what is under way, not for idle connections.
      allowExitOnIdle: true,
    };
    const pool = new pg.Pool(options);
    // Without a listener of its own a lost connection would end the process: idle ones report to the pool, those in use
    // to themselves, where the call that uses it learns it by its failing queries.
    pool.on('error', (error) => this.#lost(error));
    pool.on('connect', (client) => client.on('error', () => undefined));
    return pool;
  }

  #lost(error: Error): void {
    if (!this.#closed)
      this.#logger.info({ store: 'postgres', pool: this.#options.name, error }, 'an idle connection ended');
  }
}
