import { afterEach, beforeEach, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { rawClient } from '../support/raw-client.ts';

/** Every place is taken by searches that have no answer yet; the clock stands still. */
let http: HttpHarness<FakeTriptych>;
let clock: FakeClock;
let release: () => void;
let inside: Promise<unknown>;

const poll = { timeout: 20_000 };
const search = (query: string) => http.call('POST', '/v1/search', { query });

async function gauge(name: string): Promise<number> {
  const text = (await http.call('GET', '/metrics')).text;
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

beforeEach(async () => {
  clock = new FakeClock();
  http = await startHttp(new FakeTriptych(), clock);
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  http.triptych.before = () => held;
  inside = Promise.all(Array.from({ length: limits.searchesInFlightMax }, () => search('inside')));
  await expect.poll(() => http.triptych.searches.length, poll).toBe(limits.searchesInFlightMax);
});

afterEach(async () => {
  release();
  await inside;
  await http.close();
});

it('serves who waited when there is room', async () => {
  const waiting: Promise<unknown>[] = [];
  for (const name of ['first', 'second', 'third']) {
    waiting.push(search(name));
    await expect.poll(() => gauge('triptych_requests_waiting'), poll).toBe(waiting.length);
  }
  expect(http.triptych.searches.length).toBe(limits.searchesInFlightMax);
  release();
  await Promise.all(waiting);
  const served = http.triptych.searches.slice(limits.searchesInFlightMax);
  expect(served.map(({ request }) => request.query).sort()).toEqual(['first', 'second', 'third']);
  await expect.poll(() => gauge('triptych_requests_waiting'), poll).toBe(0);
});

it('answers 503 with Retry-After to who waited too long, before anything of the body has come', async () => {
  const client = rawClient(http.port);
  client.socket.write(
    'POST /v1/search HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n',
  );
  await expect.poll(() => gauge('triptych_requests_waiting'), poll).toBe(1);
  clock.advance(limits.admissionWaitMsMax - 1);
  expect(client.text).toBe('');
  clock.advance(1);
  await expect.poll(() => client.text, poll).toContain('"code":"overloaded"');
  expect(client.text).toMatch(/^HTTP\/1\.1 503 /);
  expect(client.text).toMatch(/^retry-after: 1\r$/m);
  client.socket.destroy();
  await client.closed;
});

it('forgets who hung up, and lets health and other work pass', async () => {
  const client = rawClient(http.port);
  client.socket.write(
    'POST /v1/search HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n',
  );
  await expect.poll(() => gauge('triptych_requests_waiting'), poll).toBe(1);
  client.socket.destroy();
  await expect.poll(() => gauge('triptych_requests_waiting'), poll).toBe(0);
  for (const path of ['/livez', '/readyz', '/metrics', '/v1/documents'])
    expect((await http.call('GET', path)).status).toBe(200);
  expect(await gauge('triptych_searches_in_flight')).toBe(limits.searchesInFlightMax);
});
