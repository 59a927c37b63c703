import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { bearer, type TestKey, testKey, withKeys } from '../support/keys.ts';
import { rawClient } from '../support/raw-client.ts';

/** So slow that no test sees a second window. */
const slow = { rate_per_second: 1 / limits.keyRateSecondsMax };
const keys = {
  one: testKey('one', { ...slow, burst: 0 }),
  other: testKey('other', { ...slow, burst: 0 }),
  burst: testKey('burst', { ...slow, burst: 5 }),
  unread: testKey('unread', { ...slow, burst: 0 }),
  batch: testKey('batch', { rate_per_second: 4, burst: 0 }),
  small: testKey('small', { rate_per_second: 2, burst: 4 }),
};

let http: HttpHarness<FakeTriptych>;
beforeAll(async () => {
  http = await startHttp(new FakeTriptych(), undefined, withKeys(...Object.values(keys)));
});
afterAll(() => http.close());

const search = (key: TestKey) => http.call('POST', '/v1/search', { query: 'x' }, bearer(key));

it('answers 429 with Retry-After beyond the rate, key by key', async () => {
  expect((await search(keys.one)).status).toBe(200);
  const refused = await search(keys.one);
  expect([refused.status, refused.at('code'), refused.at('retriable')]).toEqual([429, 'rate_limited', true]);
  const seconds = Number(refused.headers.get('retry-after'));
  expect(Number.isInteger(seconds)).toBe(true);
  expect(seconds).toBeGreaterThan(limits.keyRateSecondsMax - 1_000);
  expect(seconds).toBeLessThanOrEqual(limits.keyRateSecondsMax);
  expect((await search(keys.other)).status).toBe(200);
});

it('counts health and unmatched requests as they are: not at all, and as any other', async () => {
  for (let i = 0; i < 5; i++)
    expect((await http.call('GET', '/livez', undefined, bearer(keys.one))).status).toBe(200);
  expect((await http.call('GET', '/nothing', undefined, bearer(keys.one))).status).toBe(429);
});

it('lets a burst through', async () => {
  const answers = [];
  for (let i = 0; i < 6; i++) answers.push((await search(keys.burst)).status);
  expect(answers).toEqual([200, 200, 200, 200, 200, 200]);
  // Not more, unless the window of the burst has ended: a machine may be slow.
  const more = await Promise.all(Array.from({ length: 20 }, () => search(keys.burst)));
  const refused = more.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThanOrEqual(more.length - 5);
  for (const { headers } of refused)
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(limits.keyBurstWindowMs / 1_000);
});

it('says so before anything of the body has come', async () => {
  expect((await search(keys.unread)).status).toBe(200);
  const before = http.triptych.searches.length;
  const client = rawClient(http.port);
  client.socket.write(
    `POST /v1/search HTTP/1.1\r\nhost: x\r\nx-api-key: ${keys.unread.secret}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`,
  );
  await expect.poll(() => client.text, { timeout: 20_000 }).toContain('rate_limited');
  expect(client.text).toMatch(/^HTTP\/1\.1 429 /);
  expect(client.text).toMatch(/^retry-after: \d+\r$/m);
  client.socket.destroy();
  await client.closed;
  expect(http.triptych.searches.length).toBe(before);
});

it('counts each search of a batch, and says when a batch can never fit', async () => {
  const batch = (key: TestKey, count: number) =>
    http.call('POST', '/v1/search/batch', { searches: Array(count).fill({ query: 'x' }) }, bearer(key));
  const tooLarge = await batch(keys.batch, 5);
  expect([tooLarge.status, tooLarge.at('code')]).toEqual([403, 'forbidden']);
  expect(tooLarge.at('detail')).toContain('counts as 5');
  // Five fit: one from the rate, four from the burst.
  expect((await batch(keys.small, 5)).status).toBe(200);
  expect((await batch(keys.small, 5)).status).toBe(429);
});
