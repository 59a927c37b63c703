import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { rawClient } from '../support/raw-client.ts';

let http: HttpHarness<FakeTriptych>;

beforeEach(async () => {
  http = await startHttp();
});

afterEach(() => http.close());

const head = (path: string, ...headers: string[]) =>
  `POST ${path} HTTP/1.1\r\n${['host: x', 'content-type: application/json', ...headers].join('\r\n')}\r\n\r\n`;

function expectProblem(answer: string, status: number, code: string): void {
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toContain('content-type: application/problem+json');
  expect(answer).toContain(`"code":"${code}"`);
  expect(answer).not.toMatch(/HPE_|\bat .*\.(ts|js)|Parse Error/);
}

describe('bytes that are no request', () => {
  it.each([
    ['text', 'hello\r\n\r\n', 400, 'invalid_http'],
    ['TLS', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0x0d, 0x0a]), 400, 'invalid_http'],
    ['an unknown method', 'FROB / HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'invalid_http'],
    ['a bad header', 'GET / HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n', 400, 'invalid_http'],
    ['two lengths', head('/v1/search', 'content-length: 2', 'content-length: 3'), 400, 'invalid_http'],
    [
      'length and chunks',
      head('/v1/search', 'content-length: 2', 'transfer-encoding: chunked'),
      400,
      'invalid_http',
    ],
    [
      'two hosts',
      'GET /livez HTTP/1.1\r\nhost: x\r\nHost: x\r\nconnection: close\r\n\r\n',
      400,
      'invalid_http',
    ],
    ['no host', 'GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n', 400, 'invalid_http'],
    [
      'large headers',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    ['a large path', `GET /${'y'.repeat(40_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 431, 'headers_too_large'],
  ])('%s', async (_name, bytes, status, code) => {
    expectProblem(await http.raw(bytes), status, code);
  });

  it('chunked garbage', async () => {
    const answer = await http.raw([head('/v1/search', 'transfer-encoding: chunked'), 'zz\r\ngarbage\r\n']);
    expectProblem(answer, 400, 'invalid_http');
    expect(http.triptych.searches).toEqual([]);
  });

  it('chunked garbage in the middle of a bulk write ends the connection, and the service lives on', async () => {
    const line = `${JSON.stringify({ id: 'a', title: 'x' })}\n`.repeat(limits.ingestBatchRows + 1);
    const bulk =
      'POST /v1/documents/bulk HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n';
    const client = rawClient(http.port);
    client.socket.on('data', () => {
      if (client.text.includes('"line":1,')) client.socket.write('zz\r\n');
    });
    client.socket.write(`${bulk}${line.length.toString(16)}\r\n${line}\r\n`);
    await client.closed;
    expect(client.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect((await http.call('GET', '/livez')).status).toBe(200);
  });
});

describe('connections', () => {
  it('answers a large body it did not read and can be used again', async () => {
    const body = 'x'.repeat(300_000);
    const answer = await http.raw([
      `PUT /v1/documents/a HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: ${body.length}\r\n\r\n`,
      body,
      'GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    ]);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 415', 'HTTP/1.1 200']);
  });

  it('ignores expectations it does not know, and honours 100-continue', async () => {
    const strange = await http.raw(
      'GET /livez HTTP/1.1\r\nhost: x\r\nexpect: magic\r\nconnection: close\r\n\r\n',
    );
    expect(strange).toMatch(/^HTTP\/1\.1 200 /);
    const body = '{"query":"x"}';
    const polite = await http.raw([
      head('/v1/search', 'expect: 100-continue', 'connection: close', `content-length: ${body.length}`),
      body,
    ]);
    expect(polite).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('answers only under its own names where they are given', async () => {
    const hosts = ['localhost', '127.0.0.1', '[::1]'];
    const local = await startHttp(new FakeTriptych(), undefined, { hosts });
    try {
      for (const host of ['localhost:8080', 'LOCALHOST', '127.0.0.1', '[::1]:1'])
        expect(await local.raw(`GET /livez HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`)).toMatch(
          /^HTTP\/1\.1 200 /,
        );
      for (const host of ['evil.example', 'localhost.evil.example:8080', '', '[::1', 'a@localhost'])
        expectProblem(
          await local.raw(`GET /livez HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`),
          400,
          'invalid_http',
        );
    } finally {
      await local.close();
    }
  });

  it('keeps valid trace contexts and ids, and makes new ids for bad ones', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const good = await http.call('GET', '/livez', undefined, { traceparent, 'x-request-id': 'a/b:1' });
    expect(good.headers.get('traceparent')).toBe(traceparent);
    expect(good.headers.get('x-request-id')).toBe('a/b:1');
    await expect
      .poll(() => http.logs.find(({ fields }) => fields.request_id === 'a/b:1')?.fields)
      .toMatchObject({
        trace_id: '0af7651916cd43dd8448eb211c80319c',
        parent_span_id: 'b7ad6b7169203331',
        route: '/livez',
        method: 'GET',
        status: 200,
      });
    const bad = await http.call('GET', '/livez', undefined, {
      traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      'x-request-id': 'a b',
    });
    expect(bad.headers.get('traceparent')).toBeNull();
    expect(bad.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  });
});

describe('a connection whose request was answered early', () => {
  it.each([
    ['before anything was read', 'PUT /v1/documents/a', 'text/plain', 415, 0],
    ['in the middle of the body', 'POST /v1/search', 'application/json', 413, limits.searchBodyBytesMax],
  ])('stays, once the rest of its body has come: %s', async (_, line, type, status, first) => {
    const clock = new FakeClock();
    const early = await startHttp(new FakeTriptych(), clock);
    try {
      const client = rawClient(early.port);
      client.socket.write(
        `${line} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`,
      );
      if (first > 0) client.socket.write(`${(first + 1).toString(16)}\r\n${'x'.repeat(first + 1)}\r\n`);
      await expect.poll(() => client.text, { timeout: 20_000 }).toContain(`HTTP/1.1 ${status} `);
      await expect.poll(() => clock.waiting, { timeout: 20_000 }).toBe(1);
      client.socket.write('1\r\nx\r\n0\r\n\r\n');
      await expect.poll(() => clock.waiting, { timeout: 20_000 }).toBe(0);
      clock.advance(limits.lingerMsMax);
      client.text = '';
      client.socket.write('GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      await client.closed;
      expect(client.text).toContain('HTTP/1.1 200 ');
    } finally {
      await early.close();
    }
  });
});

describe('slow clients', () => {
  it('are told when a body takes too long, and cut when they do not stop', async () => {
    const clock = new FakeClock();
    const triptych = new FakeTriptych();
    const slow = await startHttp(triptych, clock);
    try {
      const client = rawClient(slow.port);
      client.socket.write(`${head('/v1/search', 'content-length: 100')}{"que`);
      await expect.poll(() => clock.waiting, { timeout: 20_000 }).toBe(1);
      clock.advance(limits.requestTimeoutMs);
      await expect.poll(() => client.text, { timeout: 20_000 }).toContain('request_timeout');
      expectProblem(client.text, 408, 'request_timeout');
      clock.advance(limits.lingerMsMax);
      await client.closed;
      expect(triptych.searches).toEqual([]);
    } finally {
      await slow.close();
    }
  });

  it('are told when a bulk write falls silent, after what had arrived was written', async () => {
    const clock = new FakeClock();
    const triptych = new FakeTriptych();
    const slow = await startHttp(triptych, clock);
    try {
      const client = rawClient(slow.port);
      client.socket.write(
        'POST /v1/documents/bulk HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: 1000\r\n\r\n{"id":"a","title":"x"}\n{"id":"b","ti',
      );
      await expect.poll(() => clock.waiting, { timeout: 20_000 }).toBe(1);
      clock.advance(limits.bulkIdleMsMax);
      await expect.poll(() => client.text, { timeout: 20_000 }).toContain('request_timeout');
      expect(client.text).toContain('{"line":1,"id":"a","status":202,"version":1}');
      expect(client.text).toContain('{"line":2,"status":408,');
      expect([...triptych.stored.keys()]).toEqual(['a']);
      client.socket.destroy();
    } finally {
      await slow.close();
    }
  });
});
