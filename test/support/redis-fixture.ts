import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { openStoreCaller } from '../../src/adapters/cockatiel/open-store-caller.ts';
import { LruCache } from '../../src/adapters/memory/lru-cache.ts';
import { openRedis, type RedisStoreOptions } from '../../src/adapters/redis/open-redis.ts';
import { OwedDeletions } from '../../src/adapters/redis/owed-deletions.ts';
import { RedisCache, type RedisCacheOptions } from '../../src/adapters/redis/redis-cache.ts';
import { type RedisAddress, RedisConnection } from '../../src/adapters/redis/redis-connection.ts';
import { Seal, type ValueCodec } from '../../src/adapters/redis/sealed-value.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import type { Cache } from '../../src/ports/cache.ts';
import type { StoreCaller } from '../../src/ports/store-caller.ts';
import { RecordingStoreMeter } from './store-caller-fixture.ts';

const patientMs = 10_000;

/** Anything that JSON can hold. */
export const jsonCodec: ValueCodec<NonNullable<unknown>> = {
  encode: (value) => Buffer.from(JSON.stringify(value)),
  decode: (payload) => JSON.parse(payload.toString()),
};

/** Holds nothing. */
export const emptyCache: Cache<NonNullable<unknown>> = {
  get: async () => undefined,
  set: async () => {},
  delete: async () => {},
  deletePrefix: async () => {},
};

export const signingKey = (): Uint8Array => new Uint8Array(32).fill(7);

/** Caller, logger and meter as one process of the service has them. */
export function processParts() {
  const meter = new RecordingStoreMeter();
  const lines: { readonly level: string; readonly fields: object; readonly message: string }[] = [];
  const line = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  const logger = { info: line('info'), warn: line('warn'), error: line('error') };
  const clock = systemClock;
  const caller = openStoreCaller({ store: 'redis' }, { clock, meter, logger });
  const local = <V extends {}>(entriesMax: number) => new LruCache<V>({ entriesMax, clock });
  return { clock, meter, logger, lines, caller, local };
}

/** One cache of any values on a connection of its own, under keys of its own; it waits for a busy machine. */
export function openCache(
  address: RedisAddress,
  options: Partial<RedisCacheOptions<NonNullable<unknown>>> & { readonly signingKey?: () => Uint8Array } = {},
) {
  const parts = processParts();
  const connection = new RedisConnection(address, parts);
  const owed = new OwedDeletions(parts.clock);
  const prefix = options.prefix ?? `test-${randomUUID()}`;
  const local = new LruCache<NonNullable<unknown>>({ entriesMax: 1_000, clock: parts.clock });
  const cache = new RedisCache<NonNullable<unknown>>(
    { kind: 'any', codec: jsonCodec, local, localUse: 'without', readMsMax: patientMs, ...options, prefix },
    { connection, seal: new Seal(options.signingKey ?? signingKey), owed },
  );
  const close = async (): Promise<void> => {
    owed.close();
    connection.close();
  };
  return { ...parts, cache, connection, prefix, local, close };
}

/** The caches of a service, as one of its processes opens them, but for looks: these wait for a busy machine. */
export function openCaches(address: RedisAddress, options: Partial<RedisStoreOptions> = {}) {
  const parts = processParts();
  const caller = patient(parts.caller);
  return { ...parts, caches: openRedis({ ...address, signingKey, ...options }, { ...parts, caller }) };
}

function patient(caller: StoreCaller): StoreCaller {
  return {
    store: caller.store,
    get state() {
      return caller.state;
    },
    call: (call, attempt) =>
      caller.call({ ...call, timeoutMs: Math.max(call.timeoutMs, patientMs) }, attempt),
    onStuck: (rebuild) => caller.onStuck(rebuild),
  };
}

/** Asks until the answer is true: for what happens in the background. */
export async function until(what: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await what())) {
    if (performance.now() > endMs) throw new Error('it did not come to that');
    await sleep(10);
  }
}
