import { setTimeout } from 'node:timers/promises';
import type { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { TriptychError } from '../../errors.ts';
import { limits } from '../../limits.ts';
import { clientSettings, type MilvusServer } from './client-settings.ts';
import { failureOf, MilvusFailure } from './milvus-answer.ts';

export interface ConnectionParts {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Told when the client was replaced because calls got no answer. */
  readonly onReplaced?: (reason: string) => void;
}

/**
 * The SDK's client: loaded and made by the first call, and made again, with connections of its own, when calls in a row
 * got no answer. A client that is given up ends with its last call, which its deadline ends.
 */
export class MilvusConnection {
  readonly #server: MilvusServer;
  readonly #parts: ConnectionParts;
  #client: Promise<MilvusClient> | null = null;
  /** How many clients there were: an answer to one that was replaced says nothing about its successor. */
  #generation = 0;
  #silentCalls = 0;
  #silentSinceMs = 0;
  #closed = false;

  constructor(server: MilvusServer, parts: ConnectionParts) {
    this.#server = server;
    this.#parts = parts;
  }

  /** Changes when the client is replaced: what was remembered about it is gone then. */
  get generation(): number {
    return this.#generation;
  }

  /** @throws MilvusFailure; TriptychError overloaded | unavailable (closed) */
  async call<T>(use: (client: MilvusClient) => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError();
    const client = this.#connected();
    const generation = this.#generation;
    try {
      const answer = await use(await client);
      if (generation === this.#generation) this.#silentCalls = 0;
      return answer;
    } catch (thrown) {
      const failure = failureOf(thrown);
      if (generation === this.#generation) this.#heed(failure);
      throw this.#closed ? closedError(failure) : failure;
    }
  }

  /** Loads the package and makes the client, which asks nothing yet: seconds on a busy machine. */
  async load(): Promise<void> {
    if (this.#closed) throw closedError();
    await this.#connected();
  }

  #connected(): Promise<MilvusClient> {
    this.#client ??= this.#kept(makeClient(this.#server));
    return this.#client;
  }

  /** Where it cannot be made the next call tries again. */
  #kept(made: Promise<MilvusClient>): Promise<MilvusClient> {
    const client = made.catch((error: unknown) => {
      if (this.#client === client) this.#client = null;
      throw error;
    });
    return client;
  }

  /** Waits for calls under way, but not for ever. */
  async close(): Promise<void> {
    this.#closed = true;
    const client = this.#client;
    this.#client = null;
    await end(client);
  }

  /** A server that is slow for a moment is no reason: the row has to last for a while. */
  #heed(failure: Error): void {
    if (!(failure instanceof MilvusFailure && failure.silent)) {
      this.#silentCalls = 0;
      return;
    }
    const nowMs = this.#parts.nowMs();
    if (this.#silentCalls++ === 0) this.#silentSinceMs = nowMs;
    if (this.#silentCalls < limits.milvusSilentCallsMax) return;
    if (nowMs - this.#silentSinceMs < limits.milvusSilentMsMax) return;
    this.replace(failure.message);
  }

  /** Gives the client up for another, which connects with its first call. */
  replace(reason: string): void {
    this.#silentCalls = 0;
    this.#generation++;
    const old = this.#client;
    this.#client = old === null ? null : this.#kept(old.then(successorOf));
    // Whoever calls next hears of it.
    this.#client?.catch(() => {});
    void end(old);
    this.#parts.onReplaced?.(reason);
  }
}

/** The package is loaded when it is needed: it is large, and most installations have no Milvus. */
async function makeClient(server: MilvusServer): Promise<MilvusClient> {
  const { MilvusClient: Client } = await import('@zilliz/milvus2-sdk-node');
  const client = new Client(clientSettings(server));
  // The last interceptor is the SDK's retries: it writes every request as JSON for a log that nobody reads (0.4 s for
  // 1,000 rows), and turns calls that an older server does not know into empty successes.
  (client as unknown as { channelOptions: { interceptors: unknown[] } }).channelOptions.interceptors.pop();
  return client;
}

/**
 * A client with connections of its own and everything else of the old one. Another instance would read all definitions of
 * messages again, and translate them again with its first calls: up to 0.3 s in which the process does nothing else.
 */
function successorOf(old: MilvusClient): MilvusClient {
  const next: MilvusClient = Object.assign(Object.create(Object.getPrototypeOf(old)), old);
  const { channelPool } = next;
  const made = next as unknown as { createChannelPool(): typeof channelPool };
  next.channelPool = made.createChannelPool();
  return next;
}

async function end(client: Promise<MilvusClient> | null): Promise<void> {
  const closed = (async () => (await client)?.closeConnection())();
  // It was given up; there is nothing more to do for it.
  const settled = closed.then(
    () => {},
    () => {},
  );
  await Promise.race([settled, setTimeout(limits.milvusCloseMs, undefined, { ref: false })]);
}

function closedError(cause?: unknown): TriptychError {
  return new TriptychError('unavailable', 'Milvus is closed', cause === undefined ? {} : { cause });
}
