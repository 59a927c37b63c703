import { connect } from 'node:net';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { Lifecycle } from '../../src/http/lifecycle.ts';
import { limits } from '../../src/limits.ts';
import { bulkOutcomeSchema, type WireBulkOutcome } from '../../src/wire/bulk.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
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

/** A store that refuses writes that have this document in them. */
function refusing(id: string, error: Error): FakeTriptych['beforeWrite'] {
  return async (operations) => {
    if (operations.some((operation) => operation.kind === 'put' && operation.document.id === id)) throw error;
  };
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

  const calls = () => http.triptych.writes.map((write) => [write.operations.length, write.waitSearchable]);

  it.each([
    ['a good one', line('last'), 1],
    ['a bad one', 'not json', 0],
  ])(
    'waits once, at the end, for all that was committed, when the last line is %s',
    async (_, last, more) => {
      const lines = Array.from({ length: limits.ingestBatchRows }, (_, i) => line(`d${i}`));
      const outcomes = await send(`${[...lines, last].join('\n')}\n\n`, '?wait=searchable');
      expect(calls()).toEqual([
        [limits.ingestBatchRows, false],
        ...(more > 0 ? [[more, false]] : []),
        [0, true],
      ]);
      const said = outcomes.map(({ searchable }) => searchable);
      expect(said).toEqual([...lines.map(() => undefined), true]);
    },
  );

  it('waits once after a batch that had to be written one by one', async () => {
    http.triptych.beforeWrite = refusing('bad', new TriptychError('invalid_document', 'no'));
    const outcomes = await send([line('a'), line('bad'), line('c')].join('\n'), '?wait=searchable');
    expect(calls()).toEqual([
      [1, false],
      [1, false],
      [0, true],
    ]);
    expect(outcomes.at(-1)).toMatchObject({ id: 'c', status: 202, searchable: true });
  });

  it('does not wait for what was not asked, or not written', async () => {
    await send(line('a'));
    const outcomes = await send('not json', '?wait=searchable');
    expect(calls()).toEqual([[1, false]]);
    expect(outcomes[0]).not.toHaveProperty('searchable');
  });

  it('keeps what is committed when the wait fails', async () => {
    http.triptych.beforeWrite = async (operations) => {
      if (operations.length === 0) throw new Error('connect ECONNREFUSED 10.0.0.7:5432');
    };
    const outcomes = await send(line('a'), '?wait=searchable');
    expect(outcomes).toEqual([{ line: 1, id: 'a', status: 202, version: 1, searchable: false }]);
    expect(http.logs.some(({ level }) => level === 'error')).toBe(true);
  });

  it('does not let one refused document spoil its batch', async () => {
    http.triptych.beforeWrite = refusing('bad', new TriptychError('invalid_document', 'the store says no'));
    const outcomes = await send([line('a'), line('bad'), line('c')].join('\n'));
    expect(outcomes.map(short)).toEqual([
      [1, 'a', 202],
      [2, 'bad', 'invalid_document'],
      [3, 'c', 202],
    ]);
  });

  it.each(['no_catalogue', 'overloaded'] as const)('does not try each line again after %s', async (code) => {
    let tries = 0;
    http.triptych.beforeWrite = async () => {
      tries++;
      throw new TriptychError(code, 'no');
    };
    const outcomes = await send([line('a'), line('b'), line('c')].join('\n'));
    expect(outcomes.map((outcome) => outcome.error?.code)).toEqual([code, code, code]);
    expect(tries).toBe(1);
  });

  it('speaks of the line where a line is wrong', async () => {
    const long = JSON.stringify({ id: 'long', title: 'y'.repeat(limits.bulkLineBytesMax) });
    const deep = '['.repeat(limits.jsonDepthMax + 1);
    const outcomes = await send(['not json', deep, long].join('\n'));
    for (const { error } of outcomes) expect(error?.detail).toMatch(/^the line /);
    expect(outcomes).toHaveLength(3);
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

  it('takes the rest of a body after an early end, so that the answer can be read', async () => {
    const lifecycle = new Lifecycle();
    const stopping = await startHttp(new FakeTriptych(), undefined, { lifecycle });
    try {
      const lines = `${line('d')}\n`.repeat(limits.ingestBatchRows + 1);
      const rest = `${line('e', { text: 'x'.repeat(1_000) })}\n`.repeat(8_000);
      const client = rawClient(stopping.port);
      client.socket.write(
        `POST /v1/documents/bulk?wait=searchable HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${lines.length + rest.length}\r\n\r\n${lines}`,
      );
      await expect.poll(() => client.text).toContain(`"line":${limits.ingestBatchRows},`);
      lifecycle.startDraining();
      // A second request on the connection is answered only when the first one's body was taken to its end.
      client.socket.write(rest);
      client.socket.write('GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
      await client.closed;
      expect(client.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
      expect(client.text).toMatch(/"code":"not_ready".*"searchable":false\}\n\r\n0\r\n/);
    } finally {
      await stopping.close();
    }
  });

  it('takes the rest of a body that came too late for its answer', async () => {
    const clock = new FakeClock();
    const slow = await startHttp(new FakeTriptych(), clock);
    try {
      const first = `${line('a')}\n`.repeat(limits.ingestBatchRows + 1);
      const rest = `${line('b')}\n`;
      const client = rawClient(slow.port);
      client.socket.write(
        `POST /v1/documents/bulk HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${first.length + rest.length}\r\n\r\n${first}`,
      );
      // The first batch is answered when all of `first` has arrived: from then on the server waits for more.
      await expect.poll(() => client.text).toContain(`"line":${limits.ingestBatchRows},`);
      clock.advance(limits.bulkIdleMsMax);
      await expect.poll(() => client.text).toContain('"code":"request_timeout"');
      client.socket.write(`${rest}GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      await client.closed;
      expect(client.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
      expect([...slow.triptych.stored.keys()]).toEqual(['a']);
    } finally {
      await slow.close();
    }
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
