import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import {
  type FaultKind,
  type FaultyStores,
  faultKinds,
  startFaultyStores,
} from '../support/faults/faulty-stores.ts';
import { emptyCache, openCache, until } from '../support/redis-fixture.ts';

/** What may come on top of a look's bound: far less than any of the faults adds. */
const slackMs = 300;

let stores: FaultyStores;
type Opened = ReturnType<typeof openCache>;
const open: Opened[] = [];

beforeAll(async () => {
  stores = await startFaultyStores(['redis'], (line) => process.stderr.write(`${line}\n`));
});
afterEach(async () => {
  for (const { close } of open.splice(0)) await close();
});
afterAll(() => stores?.close());

/** A cache as a service has it, with its bounds. */
function opened(options: Parameters<typeof openCache>[1] = {}): Opened {
  const address = {
    url: stores.env.TRIPTYCH_REDIS_URL!,
    password: stores.env.TRIPTYCH_REDIS_PASSWORD!,
    ca: null,
  };
  const cache = openCache(address, { readMsMax: limits.redisReadMsMax, ...options });
  open.push(cache);
  return cache;
}

async function works({ cache }: Opened): Promise<boolean> {
  await cache.set('works', 'yes', 60_000);
  return (await cache.get('works')) === 'yes';
}

/** A timer for later than a look may take. Where the event loop stands still both are late, and a look comes first. */
async function tooLate(): Promise<'too late'> {
  await sleep(limits.redisReadMsMax + slackMs);
  // A look whose own timer was held up is let some more turns.
  await sleep(10);
  return 'too late';
}

/** Looks up and keeps for a while: every answer that is not the right one. */
async function wrongAnswers({ cache }: Opened): Promise<string[]> {
  const wrong: string[] = [];
  for (let i = 0; i < 20; i++) {
    const looks = Promise.all([cache.get('known'), cache.get(`unknown${i}`)]);
    if ((await Promise.race([looks, tooLate()])) === 'too late') wrong.push('a look took too long');
    const [known, unknown] = await looks;
    if (known !== undefined && known !== 'before') wrong.push(`known: ${JSON.stringify(known)}`);
    if (unknown !== undefined) wrong.push(`unknown: ${JSON.stringify(unknown)}`);
    void cache.set(`during${i}`, i, 60_000);
    await sleep(10);
  }
  return wrong;
}

describe.each(faultKinds)('Redis with %s', (kind: FaultKind) => {
  it('costs a bounded moment, answers nothing wrong, and is used again by itself', async () => {
    const shared = opened({ local: emptyCache });
    await until(async () => {
      await shared.cache.set('known', 'before', 600_000);
      return (await shared.cache.get('known')) === 'before';
    });
    const fault = stores.fault('redis', kind);
    await fault.begin();
    try {
      expect(await wrongAnswers(shared)).toEqual([]);
      expect(await works(shared)).toBe(false);
    } finally {
      await fault.end();
    }
    // Longer than the pause of a breaker that has opened a few times.
    await until(() => works(shared), 45_000);
    expect(await wrongAnswers(shared)).toEqual([]);
  });
});

describe('without Redis', () => {
  it('starts, goes on with what the process keeps, and uses it when it comes', async () => {
    const fault = stores.fault('redis', 'refused');
    await fault.begin();
    const alone = opened();
    try {
      await until(() => alone.lines.length > 0);
      await alone.cache.set('own', { is: 'here' }, 60_000);
      expect(await alone.cache.get('own')).toEqual({ is: 'here' });
      expect(alone.lines).toMatchObject([{ level: 'warn', fields: { code: 'ECONNREFUSED' } }]);
    } finally {
      await fault.end();
    }
    const other = opened({ prefix: alone.prefix, local: emptyCache });
    await until(() => works(other));
    await until(async () => {
      await alone.cache.set('shared', 1, 60_000);
      return (await other.cache.get('shared')) === 1;
    });
    expect(alone.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('owes deletions, gives nothing out of what is to be deleted, and makes them later', async () => {
    const a = opened();
    // It sees what Redis has, however busy the machine is.
    const other = opened({ prefix: a.prefix, local: emptyCache, readMsMax: 10_000 });
    const keys = ['ann\0one', 'ann\0two', 'bob\0one'];
    const left = () => Promise.all(keys.map((key) => other.cache.get(key)));
    const keep = async () => {
      for (const key of keys) await a.cache.set(key, key, 600_000);
      return left();
    };
    await expect.poll(keep).toEqual(keys);
    const fault = stores.fault('redis', 'blackhole');
    await fault.begin();
    await a.cache.deletePrefix('ann\0');
    expect(await a.cache.get('ann\0one')).toBeUndefined();
    await a.cache.set('ann\0new', 1, 60_000);
    expect(await a.cache.get('ann\0new')).toBeUndefined();
    expect(await a.cache.get('bob\0one')).toBe('bob\0one');
    await fault.end();
    // Redis still has it, and this process gives it out no more.
    expect(await a.cache.get('ann\0two')).toBeUndefined();
    await expect.poll(left, { timeout: 45_000 }).toEqual([undefined, undefined, 'bob\0one']);
    await until(async () => {
      await a.cache.set('ann\0new', 2, 60_000);
      return (await other.cache.get('ann\0new')) === 2;
    }, 45_000);
  });
});
