import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatVersion } from '../../src/adapters/redis/sealed-value.ts';
import { limits } from '../../src/limits.ts';
import { cacheContract } from '../contract/cache.contract.ts';
import { describeWithEngines } from '../support/engines.ts';
import { emptyCache, openCache, signingKey, until } from '../support/redis-fixture.ts';

describeWithEngines(['redis'], 'Redis', ({ redis }) => {
  const address = { url: redis.url, password: redis.password, ca: null };
  type Opened = ReturnType<typeof openCache>;

  const connected = async (options: Parameters<typeof openCache>[1] = {}): Promise<Opened> => {
    const opened = openCache(address, options);
    await until(() =>
      opened.connection
        .call('ping', 1_000, (client) => client.ping())
        .then(
          () => true,
          () => false,
        ),
    );
    return opened;
  };

  for (const localUse of ['without', 'first'] as const)
    cacheContract(`redis, local entries ${localUse}`, async () => {
      // What Redis does must show, so nothing may stand in for it.
      const { cache, close } = await connected({
        localUse,
        ...(localUse === 'without' && { local: emptyCache }),
      });
      return { cache, wait: (ms) => sleep(ms), close };
    });

  let raw: Redis;
  let a: Opened;
  let b: Opened;
  beforeAll(async () => {
    raw = new Redis(redis.url, { password: redis.password });
    a = await connected({ local: emptyCache });
    b = await connected({ prefix: a.prefix, local: emptyCache });
  });
  afterAll(async () => {
    raw.disconnect();
    await Promise.all([a.close(), b.close()]);
  });

  it('is shared between processes', async () => {
    await a.cache.set('k', { list: [1, 2] }, 60_000);
    expect(await b.cache.get('k')).toEqual({ list: [1, 2] });
    await b.cache.deletePrefix('k');
    expect(await a.cache.get('k')).toBeUndefined();
  });

  it('keeps an entry a little longer than asked, not shorter, and never for ever', async () => {
    const left = [];
    for (let i = 0; i < 20; i++) {
      await a.cache.set(`ttl${i}`, i, 100_000);
      left.push(await raw.pttl(`${a.prefix}:${formatVersion}:any:ttl${i}`));
    }
    expect(Math.min(...left)).toBeGreaterThan(90_000);
    expect(Math.max(...left)).toBeLessThanOrEqual(110_000);
    expect(new Set(left.map((ms) => Math.round(ms / 500))).size).toBeGreaterThan(3);
  });

  it('forgets in this process what another one has deleted, where that is asked for', async () => {
    const first = await connected({ prefix: a.prefix, localUse: 'first' });
    await first.cache.set('x', 1, 60_000);
    await b.cache.delete('x');
    expect(await first.cache.get('x')).toBe(1);
    await a.cache.set('y', 1, 60_000);
    await b.cache.delete('y');
    expect(await a.cache.get('y')).toBeUndefined();
    await first.close();
  });

  it('takes an entry into this process for as long as it has left to live', async () => {
    const first = await connected({ prefix: a.prefix, localUse: 'first' });
    await a.cache.set('short', 'here', 3_000);
    expect(await first.cache.get('short')).toBe('here');
    expect(await first.local.get('short')).toBe('here');
    await sleep(3_500);
    expect(await first.local.get('short')).toBeUndefined();
    await first.close();
  });

  it('takes what is foreign, cut short, changed, moved or of another kind for nothing', async () => {
    const name = `${a.prefix}:${formatVersion}:any:h`;
    await a.cache.set('h', { is: 'whole' }, 60_000);
    const bytes = await raw.getBuffer(name);
    expect(await b.cache.get('h')).toEqual({ is: 'whole' });
    for (let length = 0; length < bytes!.length; length++) {
      await raw.set(name, bytes!.subarray(0, length));
      expect(await b.cache.get('h')).toBeUndefined();
    }
    for (let at = 0; at < bytes!.length; at++) {
      const changed = Buffer.from(bytes!);
      changed[at]! ^= 1;
      await raw.set(name, changed);
      expect(await b.cache.get('h')).toBeUndefined();
    }
    await raw.set(`${a.prefix}:${formatVersion}:any:moved`, bytes!);
    expect(await b.cache.get('moved')).toBeUndefined();
    await raw.set(name, Buffer.alloc(limits.redisValueBytesMax + 1));
    expect(await b.cache.get('h')).toBeUndefined();
    await raw.del(name);
    await raw.lpush(name, 'a list');
    expect(await b.cache.get('h')).toBeUndefined();
    await b.cache.set('h', 'again', 60_000);
    expect(await a.cache.get('h')).toBe('again');
    expect(b.caller.state).toBe('closed');
  });

  it('does not read what a service with another key has written', async () => {
    let known = false;
    const stranger = await connected({
      prefix: a.prefix,
      local: emptyCache,
      signingKey: () => {
        if (!known) throw new Error('not known yet');
        return signingKey().map((byte) => byte + 1);
      },
    });
    await stranger.cache.set('secret', 'mine', 60_000);
    expect(await stranger.cache.get('secret')).toBeUndefined();
    known = true;
    await stranger.cache.set('secret', 'mine', 60_000);
    expect(await stranger.cache.get('secret')).toBe('mine');
    expect(await a.cache.get('secret')).toBeUndefined();
    await stranger.close();
  });

  it('does not share what is too large, and forgets what was there', async () => {
    await a.cache.set('large', 'small', 60_000);
    await a.cache.set('large', 'x'.repeat(limits.redisValueBytesMax), 60_000);
    expect(await b.cache.get('large')).toBeUndefined();
    await a.cache.set('k'.repeat(limits.redisKeyBytesMax), 1, 60_000);
    expect(await a.cache.get('k'.repeat(limits.redisKeyBytesMax))).toBeUndefined();
  });

  it('deletes by prefix in steps, and nothing else', async () => {
    const many = raw.pipeline();
    const names = Array.from(
      { length: 3 * limits.redisSweepKeys },
      (_, i) => `${a.prefix}:${formatVersion}:any:u${i % 2}\0${i}`,
    );
    for (const name of names) many.set(name, 'x', 'EX', 60);
    await many.exec();
    await a.cache.deletePrefix('u1\0');
    const left = await raw.keys(`${a.prefix}:${formatVersion}:any:u?\0*`);
    expect(left).toHaveLength(names.length / 2);
    expect(left.every((name) => name.includes(':u0\0'))).toBe(true);
    await a.cache.deletePrefix('u0\0');
  });

  it('works as a user of the server that may do only what it needs', async () => {
    await raw.call(
      'ACL',
      'SETUSER',
      'cache',
      'on',
      '>pass',
      `~${a.prefix}:*`,
      '-@all',
      '+getrange',
      '+pttl',
      '+set',
      '+unlink',
      '+scan',
      '+ping',
      '+hello',
      '+info',
      '+client',
    );
    const url = redis.url.replace('redis://', 'redis://cache@');
    const limited = openCache({ url, password: 'pass', ca: null }, { prefix: a.prefix });
    await until(async () => {
      await limited.cache.set('acl', 1, 60_000);
      return (await b.cache.get('acl')) === 1;
    });
    await limited.cache.deletePrefix('acl');
    expect(await b.cache.get('acl')).toBeUndefined();
    await limited.close();
    await raw.call('ACL', 'DELUSER', 'cache');
  });

  it('goes on without a server that does not know its password, and says so once, without it', async () => {
    const refused = openCache({ ...address, password: 'wrong-canary' });
    await until(() => refused.lines.length > 0);
    await refused.cache.set('k', 1, 60_000);
    expect(await refused.cache.get('k')).toBe(1);
    await sleep(500);
    expect(refused.lines).toMatchObject([{ level: 'warn', fields: { store: 'redis', code: 'WRONGPASS' } }]);
    expect(JSON.stringify(refused.lines)).not.toContain('wrong-canary');
    await refused.close();
  });
});
