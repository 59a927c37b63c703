import type { LegScores } from '../../domain/leg-scores.ts';
import type { RankedList } from '../../domain/ranked-list.ts';
import { limits } from '../../limits.ts';
import type { Cache } from '../../ports/cache.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { StoreCaller } from '../../ports/store-caller.ts';
import { embeddingCodec } from './embedding-codec.ts';
import { legScoresCodec } from './leg-scores-codec.ts';
import { OwedDeletions } from './owed-deletions.ts';
import { rankedListCodec } from './ranked-list-codec.ts';
import { RedisCache, type RedisCacheOptions } from './redis-cache.ts';
import { type RedisAddress, RedisConnection } from './redis-connection.ts';
import { Seal, type ValueCodec } from './sealed-value.ts';

export interface RedisStoreOptions extends RedisAddress {
  /**
   * Gives 32 bytes of the service, the same on all replicas: values are signed with a key made from them. May throw while
   * they are not known; nothing is shared until then.
   */
  readonly signingKey: () => Uint8Array;
  /** Begins all keys; default `triptych`. Services with other signing keys cannot read each other's values anyway. */
  readonly prefix?: string;
}

export interface RedisParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly caller: StoreCaller;
  /** Makes the caches of this process that stand beside the shared ones. */
  readonly local: <V extends {}>(entriesMax: number) => Cache<V>;
}

/** The caches that the processes of a service share. */
export interface RedisCaches {
  readonly lists: Cache<RankedList>;
  readonly legs: Cache<LegScores>;
  readonly embeddings: Cache<Float32Array>;
  /** @throws TriptychError if Redis does not answer */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens at once whether or not Redis can be reached; connects in the background. */
export function openRedis(options: RedisStoreOptions, parts: RedisParts): RedisCaches {
  const connection = new RedisConnection(options, parts);
  const owed = new OwedDeletions(parts.clock);
  const seal = new Seal(options.signingKey);
  const { prefix = 'triptych' } = options;
  const cache = <V extends {}>(
    kind: string,
    codec: ValueCodec<V>,
    entriesMax: number,
    localUse: RedisCacheOptions<V>['localUse'],
  ): Cache<V> => {
    const local = parts.local<V>(entriesMax);
    return new RedisCache({ prefix, kind, codec, local, localUse }, { connection, seal, owed });
  };
  return {
    lists: cache('list', rankedListCodec(parts.clock), limits.rankedCacheEntries, 'without'),
    legs: cache('leg', legScoresCodec, limits.sharedLegEntries, 'first'),
    embeddings: cache('embedding', embeddingCodec, limits.embeddingCacheEntries, 'first'),
    ping: async (timeoutMs) => {
      await connection.call('ping', timeoutMs, (client) => client.ping());
    },
    close: async () => {
      owed.close();
      connection.close();
    },
  };
}
