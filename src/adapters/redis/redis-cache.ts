import { limits } from '../../limits.ts';
import type { Cache } from '../../ports/cache.ts';
import type { Deletion, OwedDeletions } from './owed-deletions.ts';
import type { RedisConnection } from './redis-connection.ts';
import { formatVersion, type Seal, type ValueCodec } from './sealed-value.ts';

export interface RedisCacheOptions<V> {
  /** Begins all keys: what is one service's own. */
  readonly prefix: string;
  /** Part of the key: what kind of value this is. */
  readonly kind: string;
  readonly codec: ValueCodec<V>;
  /** The same entries in this process. */
  readonly local: Cache<V>;
  /**
   * `first`: looked into before Redis, for what never has to be taken back. `without`: looked into only where Redis does
   * not answer, so that an entry which another process deletes is gone here too.
   */
  readonly localUse: 'first' | 'without';
  /** How long a look may take; `limits.redisReadMsMax` unless given. */
  readonly readMsMax?: number;
}

interface RedisCacheParts {
  readonly connection: RedisConnection;
  readonly seal: Seal;
  readonly owed: OwedDeletions;
}

/**
 * A cache that processes share. Redis may hang, fail or vanish: a look then costs a bounded moment and finds what this
 * process has kept, a write is left out, and an entry that cannot be deleted is not given out here and deleted later.
 */
export class RedisCache<V> implements Cache<V> {
  readonly #options: RedisCacheOptions<V>;
  readonly #parts: RedisCacheParts;
  readonly #begin: string;
  #writes = 0;

  constructor(options: RedisCacheOptions<V>, parts: RedisCacheParts) {
    this.#options = options;
    this.#parts = parts;
    this.#begin = `${options.prefix}:${formatVersion}:${options.kind}:`;
  }

  async get(key: string): Promise<V | undefined> {
    const { local, localUse } = this.#options;
    const name = this.#nameOf(key);
    if (name === null) return undefined;
    if (localUse === 'first') {
      const own = await local.get(key);
      if (own !== undefined) return own;
    }
    try {
      const found = await this.#read(name);
      if (found === null) return undefined;
      if (localUse === 'first' && found.leftMs > 0) await local.set(key, found.value, found.leftMs);
      return found.value;
    } catch {
      return localUse === 'without' ? local.get(key) : undefined;
    }
  }

  async set(key: string, value: V, ttlMs: number): Promise<void> {
    if (!(ttlMs > 0)) return this.delete(key);
    const name = this.#nameOf(key);
    if (name === null) return;
    await Promise.all([this.#options.local.set(key, value, ttlMs), this.#share(name, value, ttlMs)]);
  }

  /** In this turn, so that a deletion which is asked for later comes later. */
  async #share(name: string, value: V, ttlMs: number): Promise<void> {
    if (this.#writes >= limits.redisWritesMax) return;
    this.#writes++;
    try {
      await this.#write(name, value, ttlMs);
    } catch {
      // That it could not be kept costs speed alone.
    } finally {
      this.#writes--;
    }
  }

  async delete(key: string): Promise<void> {
    await this.#options.local.delete(key);
    const name = `${this.#begin}${key}`;
    await this.#made({ name, all: false, make: () => this.#unlink([Buffer.from(name)]) });
  }

  async deletePrefix(prefix: string): Promise<void> {
    await this.#options.local.deletePrefix(prefix);
    const name = `${this.#begin}${prefix}`;
    await this.#made({ name, all: true, make: () => this.#sweep(name) });
  }

  async #made(deletion: Deletion): Promise<void> {
    try {
      await deletion.make();
    } catch {
      this.#parts.owed.add(deletion);
    }
  }

  /** null where nothing is kept under the key: it is too long, or what it names is to be deleted. */
  #nameOf(key: string): string | null {
    const name = `${this.#begin}${key}`;
    return Buffer.byteLength(name) > limits.redisKeyBytesMax || this.#parts.owed.covers(name) ? null : name;
  }

  /** No more is read than a value may have, whatever lies under the name. */
  async #read(name: string): Promise<{ readonly value: V; readonly leftMs: number } | null> {
    const { connection, seal } = this.#parts;
    const { localUse, readMsMax = limits.redisReadMsMax } = this.#options;
    const timed = localUse === 'first';
    const [bytes, leftMs] = await connection.call('get', readMsMax, (client) =>
      Promise.all([client.getrangeBuffer(name, 0, limits.redisValueBytesMax), timed ? client.pttl(name) : 0]),
    );
    if (bytes.length > limits.redisValueBytesMax) return null;
    const payload = seal.open(name, bytes);
    const value = payload === null ? null : this.#decoded(payload);
    return value === null ? null : { value, leftMs };
  }

  #decoded(payload: Buffer): V | null {
    try {
      return this.#options.codec.decode(payload);
    } catch {
      return null;
    }
  }

  async #write(name: string, value: V, ttlMs: number): Promise<void> {
    const { connection, seal } = this.#parts;
    const bytes = seal.close(name, this.#options.codec.encode(value));
    const livesMs = Math.ceil(ttlMs * (1 + limits.redisTtlJitter * Math.random()));
    // What was there before is not the value of this name any more, also where the new one is too large.
    if (bytes.length > limits.redisValueBytesMax) await this.#unlink([Buffer.from(name)]);
    else
      await connection.call('set', limits.redisWriteMsMax, (client) =>
        client.set(name, bytes, 'PX', livesMs),
      );
  }

  /** Goes through all keys in steps, because the server holds everybody else up during each. */
  async #sweep(begin: string): Promise<void> {
    const { connection } = this.#parts;
    const pattern = `${begin.replace(/[\\*?[\]^-]/g, '\\$&')}*`;
    const beginBytes = Buffer.from(begin);
    let cursor = '0';
    for (let steps = 0; steps < limits.redisSweepStepsMax; steps++) {
      const [next, keys] = await connection.call('scan', limits.redisSweepStepMsMax, (client) =>
        client.scanBuffer(cursor, 'MATCH', pattern, 'COUNT', limits.redisSweepKeys),
      );
      const found = keys.filter((key) => key.subarray(0, beginBytes.length).equals(beginBytes));
      if (found.length > 0) await this.#unlink(found);
      cursor = String(next);
      if (cursor === '0') return;
    }
    throw new RangeError('there are too many keys to go through');
  }

  async #unlink(names: Buffer[]): Promise<void> {
    const { connection } = this.#parts;
    await connection.call('unlink', limits.redisWriteMsMax, (client) => client.unlink(names));
  }
}
