import { connect } from 'node:net';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { bulkOutcomeSchema, type WireBulkOutcome } from '../../src/wire/bulk.ts';
import type { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { rawClient } from '../support/raw-client.ts';

let http: HttpHarness<FakeTriptych>;

beforeEach(async () => {
  await http?.close();
  http = await startHttp();
});

afterAll(() => http.close());

const line = (id: string, more: object = {}) => JSON.stringify({ id, title: `Film ${id}`, ...more });

async function send(body: string | Buffer, query = ''): Promise<WireBulkOutcome[]> {
  const response = await fetch(`${http.url}/v1/documents/bulk${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body,
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('application/x-ndjson');
  return parseLines(await response.text());
}

function parseLines(text: string): WireBulkOutcome[] {
  const lines = text.split('\n').filter((part) => part !== '');
  return lines.map((part) => bulkOutcomeSchema.parse(JSON.parse(part)));
}

const short = (outcome: WireBulkOutcome) => [outcome.line, outcome.id, outcome.error?.code ?? outcome.status];

describe('POST /v1/documents/bulk', () => {
  it('reports every line in order, writes the good ones and goes on after bad ones', async () => {
    const outcomes = await send(
      [
        line('a'),
        '',
        'not json',
        line('b', { colour: 'red' }),
        line('c', { facets: { moods: ['x'] } }),
        '{"delete":"a"}',
        '{"delete":"never"}',
        line('d', { embedding: [1] }),
        '[]',
        '{"id":"e\\u0000","title":"x"}',
        '{"id":"f","title":"\\ud800"}',
        '{"id":"g","title":"x","facets":{"__proto__":["x"]}}',
        line('h'),
      ].join('\r\n'),
    );
    expect(outcomes.map(short)).toEqual([
      [1, 'a', 202],
      [3, undefined, 'invalid_json'],
      [4, 'b', 'invalid_document'],
      [5, 'c', 'unknown_field'],
      [6, 'a', 202],
      [7, 'never', 'document_not_found'],
      [8, 'd', 'wrong_dimension'],
      [9, undefined, 'invalid_document'],
      [10, undefined, 'invalid_request'],
      [11, undefined, 'invalid_request'],
      [12, undefined, 'invalid_request'],
      [13, 'h', 202],
    ]);
    expect(outcomes[2]!.error?.fields?.[0]?.path).toBe('colour');
    expect(outcomes[10]!.error?.fields?.[0]?.path).toBe('facets.__proto__');
    expect([...http.triptych.stored.keys()]).toEqual(['h']);
  });

  it('writes limits.ingestBatchRows at a time', async () => {
    const count = limits.ingestBatchRows * 2 + 5;
    const outcomes = await send(Array.from({ length: count }, (_, i) => line(`d${i}`)).join('\n'));
    expect(outcomes).toHaveLength(count);
    expect(http.triptych.writes.map(({ operations }) => operations.length)).toEqual([
      limits.ingestBatchRows,
      limits.ingestBatchRows,
      5,
    ]);
  });

  it('waits for the last batch only, which is never empty', async () => {
    const lines = Array.from({ length: limits.ingestBatchRows }, (_, i) => line(`d${i}`));
    const outcomes = await send(`${[...lines, line('last')].join('\n')}\n`, '?wait=searchable');
    expect(http.triptych.writes.map(({ waitSearchable }) => waitSearchable)).toEqual([false, true]);
    expect(outcomes.at(-1)).toMatchObject({ id: 'last', searchable: true });
    expect(outcomes[0]!.searchable).toBeUndefined();
  });

  it('does not let one refused document spoil its batch', async () => {
    http.triptych.beforeWrite = async (operations) => {
      if (operations.some((operation) => operation.kind === 'put' && operation.document.id === 'bad'))
        throw new TriptychError('invalid_document', 'the store says no');
    };
    const outcomes = await send([line('a'), line('bad'), line('c')].join('\n'));
    expect(outcomes.map(short)).toEqual([
      [1, 'a', 202],
      [2, 'bad', 'invalid_document'],
      [3, 'c', 202],
    ]);
  });

  it('reports a store that is down on each line, and hides what it said', async () => {
    http.triptych.beforeWrite = async () => {
      throw new Error('connect ECONNREFUSED 10.0.0.7:5432');
    };
    const outcomes = await send([line('a'), line('b')].join('\n'));
    expect(outcomes.map(short)).toEqual([
      [1, 'a', 'internal'],
      [2, 'b', 'internal'],
    ]);
    expect(JSON.stringify(outcomes)).not.toContain('10.0.0.7');
    expect(http.logs.some(({ level }) => level === 'error')).toBe(true);
  });

  it('bounds a line and goes on behind it', async () => {
    const long = JSON.stringify({ id: 'long', title: 'x', text: 'y'.repeat(limits.bulkLineBytesMax) });
    const outcomes = await send([line('a'), long, line('b')].join('\n'));
    expect(outcomes.map(short)).toEqual([
      [1, 'a', 202],
      [2, undefined, 'body_too_large'],
      [3, 'b', 202],
    ]);
  });

  it('reports a line that is not UTF-8', async () => {
    const outcomes = await send(
      Buffer.concat([Buffer.from('{"id":"'), Buffer.from([0xff]), Buffer.from(`"}\n${line('b')}`)]),
    );
    expect(outcomes.map(short)).toEqual([
      [1, undefined, 'invalid_json'],
      [2, 'b', 202],
    ]);
  });

  it('answers nothing with nothing', async () => {
    expect(await send('\n\n\n')).toEqual([]);
    expect(http.triptych.writes).toEqual([]);
  });

  it.each([
    [{ 'content-type': 'application/json' }, 'unsupported_media_type'],
    [{ 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' }, 'unsupported_media_type'],
  ])('refuses %j', async (headers, code) => {
    const answer = await http.call('POST', '/v1/documents/bulk', line('a'), headers);
    expect(answer.at('code')).toBe(code);
    expect(http.triptych.writes).toEqual([]);
  });

  it('refuses a body that announces too much', async () => {
    const answer = await http.raw(
      `POST /v1/documents/bulk HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${limits.bulkBodyBytesMax + 1}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('stops when the caller leaves: what was not committed stays unwritten', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let writing = 0;
    http.triptych.beforeWrite = () => {
      writing++;
      return held;
    };
    const socket = connect(http.port, '127.0.0.1').on('error', () => {});
    socket.write(
      'POST /v1/documents/bulk HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: 10000000\r\n\r\n',
    );
    const lines = Array.from({ length: limits.ingestBatchRows * 3 }, (_, i) => line(`d${i}`));
    socket.write(`${lines.join('\n')}\n`);
    await expect.poll(() => writing, { timeout: 20_000 }).toBe(1);
    const gone = new Promise((resolve) => http.http.server.once('connection', resolve));
    socket.destroy();
    // The server has seen the first connection close by the time that a later one is answered.
    await http.call('GET', '/livez');
    await gone;
    release();
    await expect
      .poll(() =>
        http.logs.some(({ fields }) => fields.route === '/v1/documents/bulk' && fields.status === 499),
      )
      .toBe(true);
    expect(http.triptych.writes).toHaveLength(1);
  });

  it('reads no further while a write is waiting', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    http.triptych.beforeWrite = () => held;
    const client = rawClient(http.port);
    const row = line('d', { text: 'x'.repeat(30_000) });
    const body = Buffer.from(`${row}\n`.repeat(1_500));
    client.socket.write(
      `POST /v1/documents/bulk HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    client.socket.write(body);
    await new Promise((resolve) => setTimeout(resolve, 300));
    // 45 MB were offered; what was taken is one batch and what the sockets hold.
    expect(client.socket.writableLength).toBeGreaterThan(body.length / 2);
    release();
    await client.closed;
    expect(client.text.match(/"status":202/g)).toHaveLength(1_500);
  });

  it('writes no further while its answers are not read', { timeout: 60_000 }, async () => {
    const batches = 600;
    const bad = 'x\n'.repeat(limits.ingestBatchRows - 1);
    const body = Array.from({ length: batches }, (_, i) => `${line(`d${i}`)}\n${bad}`).join('');
    const socket = connect(http.port, '127.0.0.1').pause();
    socket.write(
      `POST /v1/documents/bulk HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    // Still when two looks in a row find the same: the answers fill what the sockets hold and no more.
    let seen = -1;
    await expect
      .poll(
        () => {
          const before = seen;
          seen = http.triptych.writes.length;
          return seen > 0 && seen === before;
        },
        { interval: 500, timeout: 50_000 },
      )
      .toBe(true);
    expect(seen).toBeLessThan(batches);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.resume();
    await closed;
    expect(http.triptych.writes).toHaveLength(batches);
  });
});
