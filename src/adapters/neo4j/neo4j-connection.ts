import neo4j, { type Driver, type Session, type Transaction } from 'neo4j-driver';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Clock } from '../../ports/clock.ts';
import { AuthorityFile } from './authority-file.ts';
import { errorOfNeo4j } from './neo4j-errors.ts';
import type { Neo4jOptions } from './neo4j-options.ts';

/** Values of a query; whole numbers that Cypher has to see as integers are made by `integer`. */
export type Parameters = Readonly<Record<string, unknown>>;
export type Row = Readonly<Record<string, unknown>>;

/** Statements of one transaction. */
export interface Statements {
  run<R extends Row>(cypher: string, parameters: Parameters): Promise<readonly R[]>;
}

/** What the adapter's parts ask of Neo4j: one statement that reads, or a transaction that writes. */
export interface Bolt {
  /** One RUN, never repeated here. @throws TriptychError */
  read<R extends Row>(cypher: string, parameters: Parameters, timeoutMs: number): Promise<readonly R[]>;
  /** All of it or nothing, never repeated here. @throws TriptychError, or what `work` throws */
  write<T>(timeoutMs: number, work: (statements: Statements) => Promise<T>): Promise<T>;
  /** A statement that may not be part of a transaction with others, such as one about the schema. */
  writeAlone(cypher: string, parameters: Parameters, timeoutMs: number): Promise<readonly Row[]>;
  /** Ends what is under way; later calls fail. */
  close(): void;
}

export interface ConnectionOptions extends Neo4jOptions {
  /** Of the pool. */
  readonly connectionsMax: number;
}

/** JavaScript has one kind of number, which the driver sends as a float. */
export function integer(value: number): unknown {
  return neo4j.int(value);
}

/**
 * The driver with its pool. It is built at the first call, so nothing needs to be up before; `rebuild` replaces it. The
 * driver has no timeout for an answer: whoever calls must not wait for it longer than it likes (StoreCaller); what is given
 * here ends the statement at the server and gives the connection back.
 */
export class Neo4jConnection implements Bolt {
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  readonly #authority: AuthorityFile | null;
  #driver: Driver | null = null;
  #closed = false;

  /** @throws TriptychError invalid_settings when the URI cannot be used */
  constructor(options: ConnectionOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    const secure = uriOf(options.uri).secure;
    this.#authority = secure && options.ca !== null ? new AuthorityFile(options.ca) : null;
  }

  read<R extends Row>(cypher: string, parameters: Parameters, timeoutMs: number): Promise<readonly R[]> {
    return this.#alone(neo4j.session.READ, cypher, parameters, timeoutMs) as Promise<readonly R[]>;
  }

  writeAlone(cypher: string, parameters: Parameters, timeoutMs: number): Promise<readonly Row[]> {
    return this.#alone(neo4j.session.WRITE, cypher, parameters, timeoutMs);
  }

  write<T>(timeoutMs: number, work: (statements: Statements) => Promise<T>): Promise<T> {
    return this.#inSession(neo4j.session.WRITE, timeoutMs, async (session) => {
      const transaction = await session.beginTransaction({ timeout: Math.ceil(timeoutMs) });
      try {
        const result = await work(statementsOf(transaction));
        await transaction.commit();
        return result;
      } catch (error) {
        // The session's end rolls back as well, so a connection that is gone has nothing to say here.
        await transaction.rollback().catch(() => {});
        throw error;
      }
    });
  }

  /** Leaves the present driver to its calls under way, which end with it, and builds another one for the next. */
  rebuild(): void {
    const old = this.#driver;
    this.#driver = null;
    if (old !== null) endDriver(old);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.rebuild();
    this.#authority?.remove();
  }

  #alone(
    mode: 'READ' | 'WRITE',
    cypher: string,
    parameters: Parameters,
    timeoutMs: number,
  ): Promise<readonly Row[]> {
    return this.#inSession(mode, timeoutMs, async (session) => {
      // Not executeRead: that repeats, and waits in between.
      const { records } = await session.run(cypher, parameters, { timeout: Math.ceil(timeoutMs) });
      return records.map((record) => record.toObject() as Row);
    });
  }

  async #inSession<T>(
    mode: 'READ' | 'WRITE',
    timeoutMs: number,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    const database = this.#options.database ?? undefined;
    const session = this.#present().session({ defaultAccessMode: mode, ...(database && { database }) });
    // Closing the session makes a server that is well end the statement.
    const cancel = this.#clock.after(timeoutMs, () => endSession(session));
    try {
      return await work(session);
    } catch (error) {
      throw errorOfNeo4j(error);
    } finally {
      cancel();
      endSession(session);
    }
  }

  #present(): Driver {
    if (this.#closed) throw new TriptychError('unavailable', 'the connection to Neo4j is closed');
    this.#driver ??= this.#build();
    return this.#driver;
  }

  #build(): Driver {
    const { uri, user, password, connectionsMax } = this.#options;
    const trust =
      this.#authority === null
        ? { url: uri }
        : {
            // The driver takes `+s` or authorities of one's own, not both.
            url: uriOf(uri).plain,
            encrypted: 'ENCRYPTION_ON' as const,
            trust: 'TRUST_CUSTOM_CA_SIGNED_CERTIFICATES' as const,
            trustedCertificates: [this.#authority.path],
          };
    const { url, ...encryption } = trust;
    return neo4j.driver(url, neo4j.auth.basic(user, password), {
      ...encryption,
      disableLosslessIntegers: true,
      disableAutoCommitRetries: true,
      maxTransactionRetryTime: 0,
      maxConnectionPoolSize: connectionsMax,
      connectionAcquisitionTimeout: limits.neo4jAcquireMsMax,
      connectionTimeout: limits.neo4jConnectMsMax,
      maxConnectionLifetime: limits.neo4jConnectionLifetimeMs,
      connectionLivenessCheckTimeout: limits.neo4jLivenessCheckMs,
      fetchSize: limits.neo4jFetchRows,
      telemetryDisabled: true,
      userAgent: 'triptych',
    });
  }
}

/** Without waiting: at a server that hangs it takes as long as the server does. */
function endSession(session: Session): void {
  session.close().catch(() => {});
}

function endDriver(driver: Driver): void {
  driver.close().catch(() => {});
}

function statementsOf(transaction: Transaction): Statements {
  return {
    run: async <R extends Row>(cypher: string, parameters: Parameters) => {
      const { records } = await transaction.run(cypher, parameters);
      return records.map((record) => record.toObject() as R);
    },
  };
}

const schemes = /^(bolt|neo4j)(\+s)?:\/\//;

function uriOf(uri: string): { readonly secure: boolean; readonly plain: string } {
  const scheme = schemes.exec(uri);
  if (scheme === null)
    throw new TriptychError('invalid_settings', 'Neo4j needs a bolt, neo4j, bolt+s or neo4j+s URI');
  return { secure: scheme[2] !== undefined, plain: uri.replace(schemes, `${scheme[1]}://`) };
}
