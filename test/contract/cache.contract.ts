import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cache } from '../../src/ports/cache.ts';

export interface CacheSubject {
  readonly cache: Cache<unknown>;
  /** Lets time pass. */
  wait(ms: number): Promise<void>;
  close(): Promise<void>;
}

let keys = 0;

/** A life, and a wait beyond its end; both long beside what a call to a server may take. */
const shortMs = 3_000;
const pastShortMs = 3_500;

/** What every cache must do. Values survive as JSON does. */
export function cacheContract(name: string, open: () => CacheSubject | Promise<CacheSubject>): void {
  describe(`Cache contract: ${name}`, () => {
    let subject: CacheSubject;
    beforeAll(async () => {
      subject = await open();
    });
    afterAll(() => subject.close());
    const newKey = () => `key-${process.pid}-${keys++}`;

    it.each([['text'], [0], [false], [{ list: [1, 'two', null], nested: { ok: true } }], [[]]])(
      'gives %j back',
      async (value) => {
        const key = newKey();
        await subject.cache.set(key, value, 60_000);
        expect(await subject.cache.get(key)).toEqual(value);
      },
    );

    it('does not know what was never set', async () => {
      expect(await subject.cache.get(newKey())).toBeUndefined();
    });

    it('replaces, and starts the time of the entry again', async () => {
      const key = newKey();
      await subject.cache.set(key, 'old', shortMs);
      await subject.cache.set(key, 'new', 60_000);
      await subject.wait(pastShortMs);
      expect(await subject.cache.get(key)).toBe('new');
    });

    it('forgets an entry after its time, and others not', async () => {
      const [short, long] = [newKey(), newKey()];
      await subject.cache.set(short, 1, shortMs);
      await subject.cache.set(long, 2, 60_000);
      expect(await subject.cache.get(short)).toBe(1);
      await subject.wait(pastShortMs);
      expect(await subject.cache.get(short)).toBeUndefined();
      expect(await subject.cache.get(long)).toBe(2);
    });

    it('keeps nothing for no time, and drops what was there', async () => {
      const key = newKey();
      await subject.cache.set(key, 1, 60_000);
      await subject.cache.set(key, 2, 0);
      expect(await subject.cache.get(key)).toBeUndefined();
      await subject.cache.set(key, 3, -5);
      expect(await subject.cache.get(key)).toBeUndefined();
    });

    it('deletes, also what is not there', async () => {
      const key = newKey();
      await subject.cache.set(key, 1, 60_000);
      await subject.cache.delete(key);
      await subject.cache.delete(key);
      expect(await subject.cache.get(key)).toBeUndefined();
    });

    it.each(['', 'a*', '[a]', 'a\\', '\u0000'])(
      'deletes what begins alike, and nothing else: %j',
      async (end) => {
        const prefix = newKey() + end;
        const [first, second, other] = [`${prefix}1`, `${prefix}2`, `${newKey()}${end}`];
        for (const key of [first, second, other]) await subject.cache.set(key, key, 60_000);
        await subject.cache.deletePrefix(prefix);
        expect(await subject.cache.get(first)).toBeUndefined();
        expect(await subject.cache.get(second)).toBeUndefined();
        expect(await subject.cache.get(other)).toBe(other);
      },
    );

    it.each(['', '__proto__', 'constructor', 'a b\n\u0000', 'é\u{1F600}', 'x'.repeat(500)])(
      'takes any key: %j',
      async (suffix) => {
        const key = newKey() + suffix;
        await subject.cache.set(key, 'here', 60_000);
        expect(await subject.cache.get(key)).toBe('here');
        expect(await subject.cache.get(`${key}!`)).toBeUndefined();
      },
    );
  });
}
