import { describe, expect, it } from 'vitest';
import { LruCache } from '../../src/adapters/memory/lru-cache.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { cacheContract } from './cache.contract.ts';

cacheContract('lru', () => {
  const clock = new FakeClock();
  return {
    cache: new LruCache<NonNullable<unknown>>({ entriesMax: 1_000, clock }),
    wait: (ms) => clock.run(clock.sleep(ms)),
    close: async () => {},
  };
});

describe('LruCache', () => {
  it('holds at most entriesMax entries and drops the one that was used longest ago', async () => {
    const cache = new LruCache<number>({ entriesMax: 3, clock: new FakeClock() });
    for (const [value, key] of ['a', 'b', 'c'].entries()) await cache.set(key, value, 1_000);
    await cache.get('a');
    await cache.set('d', 3, 1_000);
    const left = await Promise.all(['a', 'b', 'c', 'd'].map((key) => cache.get(key)));
    expect(left).toEqual([0, undefined, 2, 3]);
  });

  it('lets entries expire that were set when the clock stood at 0', async () => {
    let nowMs = 0;
    const clock = Object.assign(new FakeClock(), { nowMs: () => nowMs });
    const cache = new LruCache<string>({ entriesMax: 3, clock });
    await cache.set('a', 'x', 100);
    nowMs = 99;
    expect(await cache.get('a')).toBe('x');
    nowMs = 102;
    expect(await cache.get('a')).toBeUndefined();
  });
});
