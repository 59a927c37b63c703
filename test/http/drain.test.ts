import { afterEach, beforeEach, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { rawClient } from '../support/raw-client.ts';

let http: HttpHarness<FakeTriptych>;
let clock: FakeClock;
let release: () => void;

beforeEach(async () => {
  clock = new FakeClock();
  http = await startHttp(new FakeTriptych(), clock);
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  http.triptych.before = () => held;
});

afterEach(() => http.close());

it('finishes what is in flight, refuses the rest and closes', async () => {
  const running = http.call('POST', '/v1/search', { query: 'x' });
  await expect.poll(() => http.triptych.searches.length, { timeout: 20_000 }).toBe(1);
  // A connection that was open before: its next requests still get answers.
  const client = rawClient(http.port);
  client.socket.write('GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n');
  await expect.poll(() => client.text, { timeout: 20_000 }).toContain('200 OK');
  client.text = '';
  client.socket.write('GET /livez HTTP/1.1\r\n');
  const drained = http.http.drain();
  expect(http.http.drain()).toBe(drained);
  client.socket.write('host: x\r\n\r\n');
  await expect(fetch(`${http.url}/livez`)).rejects.toThrow();
  release();
  expect((await running).status).toBe(200);
  client.socket.destroy();
  expect(await drained).toBe(true);
});

it('answers open connections with not_ready while it drains', async () => {
  const client = rawClient(http.port);
  // The request has begun, so the connection is not idle and is kept.
  client.socket.write('GET /v1/profiles HTTP/1.1\r\nhost: x\r\n');
  await http.call('GET', '/livez');
  const drained = http.http.drain();
  client.socket.write('\r\n');
  await client.closed;
  expect(client.text).toMatch(/^HTTP\/1\.1 503 /);
  expect(client.text).toContain('"code":"not_ready"');
  expect(client.text).toMatch(/^connection: close\r$/im);
  expect(client.text).toMatch(/^retry-after: 1\r$/im);
  release();
  expect(await drained).toBe(true);
});

it('cuts what does not finish in time', async () => {
  const running = http.call('POST', '/v1/search', { query: 'x' }).catch(() => 'cut');
  await expect.poll(() => http.triptych.searches.length, { timeout: 20_000 }).toBe(1);
  const drained = http.http.drain();
  clock.advance(limits.drainMsMax);
  expect(await drained).toBe(false);
  expect(await running).toBe('cut');
  release();
});

it('says not_ready until the service is', async () => {
  http.triptych.ready = { ready: false, parts: { embedder: { ok: false, reason: 'loading' } } };
  const answer = await http.call('GET', '/readyz');
  expect([answer.status, answer.at('code')]).toEqual([503, 'not_ready']);
  expect(answer.at('parts')).toEqual({ embedder: { ok: false, reason: 'loading' } });
  http.triptych.ready = { ready: true, parts: {} };
  expect((await http.call('GET', '/readyz')).status).toBe(200);
});

it('ends a bulk write with what has arrived, and says so', async () => {
  release();
  const client = rawClient(http.port);
  client.socket.write(
    'POST /v1/documents/bulk HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: 1000\r\n\r\n{"id":"a","title":"x"}\n',
  );
  await expect.poll(() => clock.waiting, { timeout: 20_000 }).toBe(1);
  const drained = http.http.drain();
  client.socket.write('{"id":"b","title":"x"}\n');
  await expect.poll(() => client.text, { timeout: 20_000 }).toContain('not_ready');
  expect(client.text).toContain('{"line":1,"id":"a","status":202,"version":1}');
  expect(client.text).toContain('{"line":2,"status":503,');
  expect([...http.triptych.stored.keys()]).toEqual(['a']);
  clock.advance(limits.lingerMsMax);
  await client.closed;
  expect(await drained).toBe(true);
});
