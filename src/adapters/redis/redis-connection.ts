import { Redis, type RedisOptions } from 'ioredis';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import type { Logger } from '../../ports/logger.ts';
import type { StoreCaller } from '../../ports/store-caller.ts';

export interface RedisAddress {
  /** `redis://user@host:port/database` or `rediss:`, without a password. */
  readonly url: string;
  readonly password: string | null;
  /** PEM of the authorities to trust for `rediss:`; null: those of the system. */
  readonly ca: string | null;
}

interface ConnectionParts {
  readonly caller: StoreCaller;
  readonly logger: Logger;
}

/** Replies by which the server says that it cannot work now; all others are about the command. */
const illReplies = /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNKILLABLE|NOAUTH|WRONGPASS)\b/;

/**
 * One connection that is kept up in the background, from the start on and for ever: while there is none, calls fail at
 * once. Nothing is queued, repeated or sent again by the client.
 */
export class RedisConnection {
  readonly #address: RedisAddress;
  readonly #parts: ConnectionParts;
  #client: Redis;
  /** Whether the last that was said is that it is gone. */
  #saidGone = false;
  #saidRefusals = new Set<string>();

  constructor(address: RedisAddress, parts: ConnectionParts) {
    this.#address = address;
    this.#parts = parts;
    this.#client = this.#connect();
    parts.caller.onStuck(() => {
      const old = this.#client;
      this.#client = this.#connect();
      old.disconnect();
    });
  }

  /**
   * @throws what the caller throws; `not_ready` without a connection; `internal` where the server refuses the command:
   * neither says that it is ill
   */
  call<T>(operation: string, timeoutMs: number, command: (client: Redis) => Promise<T>): Promise<T> {
    return this.#parts.caller.call({ operation, timeoutMs }, async () => {
      if (this.#client.status !== 'ready') throw new TriptychError('not_ready', 'redis is not connected');
      try {
        return await command(this.#client);
      } catch (error) {
        throw this.#refusal(error) ?? error;
      }
    });
  }

  close(): void {
    this.#client.disconnect();
  }

  #connect(): Redis {
    const client = new Redis(settingsOf(this.#address));
    client.on('error', (error: unknown) => this.#noteGone(client, error));
    client.on('ready', () => this.#noteReady(client));
    client.connect().catch(() => {});
    return client;
  }

  /** The driver's words hold addresses: its codes are enough. */
  #noteGone(client: Redis, error: unknown): void {
    if (client !== this.#client || this.#saidGone) return;
    this.#saidGone = true;
    const code = codeOf(error);
    this.#parts.logger.warn(
      { store: 'redis', code },
      'the shared cache cannot be reached: searches go on without it',
    );
  }

  #noteReady(client: Redis): void {
    if (client !== this.#client || !this.#saidGone) return;
    this.#saidGone = false;
    this.#parts.logger.info({ store: 'redis' }, 'the shared cache is reached again');
  }

  /** The server's refusal of a command as an error of its own, or null. Each kind is said once: it will come again. */
  #refusal(error: unknown): TriptychError | null {
    if (!(error instanceof Error) || error.name !== 'ReplyError' || illReplies.test(error.message))
      return null;
    const code = codeOf(error);
    if (!this.#saidRefusals.has(code) && this.#saidRefusals.size < 16) {
      this.#saidRefusals.add(code);
      this.#parts.logger.warn({ store: 'redis', code }, 'the shared cache refuses commands');
    }
    return new TriptychError('internal', 'redis refuses the command', { cause: error });
  }
}

/** Given one by one: the client takes a URL with a user, and no password in it, for one with an empty password. */
function settingsOf({ url, password, ca }: RedisAddress): RedisOptions & { replyMapping: 'legacy' } {
  const { protocol, hostname, port, username, pathname } = new URL(url);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? 6_379 : Number(port),
    db: Number(pathname.slice(1)),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== null && { password }),
    ...(protocol === 'rediss:' && { tls: ca === null ? {} : { ca } }),
    lazyConnect: true,
    replyMapping: 'legacy',
    connectTimeout: limits.redisConnectMsMax,
    commandTimeout: limits.redisCommandMsMax,
    socketTimeout: 2 * limits.redisCommandMsMax,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    retryStrategy: pauseMs,
  };
}

/** Before the next attempt to connect: twice as long each time up to the bound, half of it by chance. */
function pauseMs(attempts: number): number {
  const ms = Math.min(limits.redisReconnectMsMax, 50 * 2 ** Math.min(attempts, 10));
  return (ms / 2) * (1 + Math.random());
}

/** A code of the system or of TLS, or the first word of the server's reply. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return code;
  return error.name === 'ReplyError' ? (/^[A-Z]+/.exec(error.message)?.[0] ?? 'ERR') : error.name;
}
