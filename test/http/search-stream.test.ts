import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { searchEventSchema } from '../../src/wire/search-event.ts';
import type { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { rawClient } from '../support/raw-client.ts';

let http: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  http = await startHttp();
  await http.call('PUT', '/v1/documents/a', { title: 'A', embedding: [1, 0, 0, 0] });
});

afterAll(() => http.close());

beforeEach(() => {
  const calm = async () => {};
  Object.assign(http.triptych, { before: calm, beforeProvisional: calm, cached: false });
  http.logs.length = 0;
  http.triptych.searches.length = 0;
});

/** Polls wait for what must come; how long that takes on a busy machine is not what is tested. */
const patient = { timeout: 20_000 };

const ndjson = 'application/x-ndjson';
const sse = 'text/event-stream';

interface Part {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

function partsOf(type: string, text: string): Part[] {
  const read =
    type === ndjson
      ? text
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as Part)
      : text
          .trimEnd()
          .split('\n\n')
          .map((frame) => {
            const [, event, data] = /^event: (\w+)\ndata: (.+)$/.exec(frame)!;
            return { event: event!, data: JSON.parse(data!) as Record<string, unknown> };
          });
  for (const part of read) searchEventSchema.parse(part);
  return read;
}

const search = (accept: string, body: unknown = { query: 'x' }) =>
  http.call('POST', '/v1/search', body, { accept, 'x-request-id': 'r-1' });

describe.each([ndjson, sse])('a search as %s', (type) => {
  it('comes as plan, provisional, final, done', async () => {
    const answer = await search(type);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const parts = partsOf(type, answer.text);
    expect(parts.map(({ event }) => event)).toEqual(['plan', 'provisional', 'final', 'done']);
    const [plan, provisional, final, done] = parts.map(({ data }) => data);
    expect(plan).toMatchObject({ strategy: 'VectorOnly', rank_depth: 100, legs: [{ actual_ms: null }] });
    expect(provisional).toMatchObject({ coverage: { vector: { state: 'pending' } }, request_id: 'r-1' });
    expect(final).toMatchObject({ coverage: { vector: { state: 'ok' } }, results: [{ id: 'a' }] });
    expect(done).toEqual({ request_id: 'r-1' });
  });

  it('comes as final and done from the cache', async () => {
    http.triptych.cached = true;
    const parts = partsOf(type, (await search(type)).text);
    expect(parts.map(({ event }) => event)).toEqual(['final', 'done']);
    expect(parts[0]!.data.cached).toBe(true);
  });

  it('is an ordinary problem as long as nothing was sent', async () => {
    for (const body of [{}, { query: 'x', user: '' }, '{"query":']) {
      const answer = await search(type, body);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([
        400,
        'application/problem+json; charset=utf-8',
      ]);
    }
    http.triptych.before = async () => {
      throw new TriptychError('policy_unavailable', 'who knows');
    };
    const answer = await search(type);
    expect([answer.status, answer.at('code')]).toEqual([503, 'policy_unavailable']);
    expect(answer.headers.get('retry-after')).toBe('1');
  });

  it('ends with an error once something was sent, and logs it', async () => {
    http.triptych.beforeProvisional = async () => {
      throw new TriptychError('deadline_exceeded', 'late', {
        members: { coverage: { vector: { state: 'late', ms: 20, budgetMs: 20, candidates: 0 } } },
      });
    };
    const late = partsOf(type, (await search(type)).text);
    expect(late.map(({ event }) => event)).toEqual(['plan', 'error', 'done']);
    expect(late[1]!.data).toMatchObject({
      code: 'deadline_exceeded',
      status: 504,
      coverage: { vector: { state: 'late', budget_ms: 20 } },
      request_id: 'r-1',
    });
    expect(http.logs.filter(({ level }) => level === 'error')).toEqual([]);
    expect(http.logs.at(-1)!.fields).toMatchObject({ status: 200, code: 'deadline_exceeded' });

    http.triptych.beforeProvisional = async () => {
      throw new Error('SELECT secret');
    };
    const odd = await search(type);
    expect(partsOf(type, odd.text)[1]!.data).toMatchObject({ code: 'internal', request_id: 'r-1' });
    expect(odd.text).not.toContain('secret');
    expect(http.logs.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

describe('the media type', () => {
  it.each([
    ['*/*', 'application/json'],
    ['application/json, text/event-stream;q=0.5', 'application/json'],
    ['application/*', 'application/json'],
    ['text/event-stream;q=0.4, application/json;q=0.6', 'application/json'],
    ['text/event-stream, application/json;q=0.6', sse],
    ['text/event-stream, */*;q=0.1', sse],
    ['application/x-ndjson', ndjson],
    ['text/*', sse],
    ['application/json;q=0, application/x-ndjson;q=0.1', ndjson],
  ])('for %s is %s', async (accept, type) => {
    const answer = await search(accept);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`]);
  });

  it('is JSON where nobody asks', async () => {
    const body = '{"query":"x"}';
    const answer = await http.raw(
      `POST /v1/search HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(answer).toMatch(/\r\ncontent-type: application\/json; charset=utf-8\r\n/);
  });

  it('names all that there is where none fits', async () => {
    const answer = await search('text/csv');
    expect([answer.status, answer.at('fields.0.message')]).toEqual([
      406,
      'must allow application/json or application/x-ndjson or text/event-stream',
    ]);
    const batch = await http.call(
      'POST',
      '/v1/search/batch',
      { searches: [{ query: 'x' }] },
      { accept: sse },
    );
    expect(batch.status).toBe(406);
  });
});

describe('a stream', () => {
  it('is sent as it comes', async () => {
    let release = () => {};
    http.triptych.beforeProvisional = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const response = await fetch(`${http.url}/v1/search`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: ndjson },
      body: '{"query":"x"}',
    });
    const reader = response.body!.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    expect(partsOf(ndjson, first).map(({ event }) => event)).toEqual(['plan']);
    release();
    let rest = '';
    for (let next = await reader.read(); !next.done; next = await reader.read())
      rest += new TextDecoder().decode(next.value);
    expect(partsOf(ndjson, rest).map(({ event }) => event)).toEqual(['provisional', 'final', 'done']);
  });

  it('gives its place back when the caller hangs up, and breaks nothing', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    http.triptych.beforeProvisional = () => held;
    const body = '{"query":"x"}';
    const head = `POST /v1/search HTTP/1.1\r\nhost: x\r\naccept: ${sse}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    const client = rawClient(http.port);
    client.socket.write(head + body);
    try {
      await expect.poll(() => client.text, patient).toContain('event: plan');
      client.socket.destroy();
      await client.closed;
      await expect.poll(() => http.logs.map(({ fields }) => fields.status), patient).toContain(499);
    } finally {
      release();
    }
    http.triptych.beforeProvisional = async () => {};
    await expect.poll(async () => (await search(sse)).status, patient).toBe(200);
    expect(http.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is one of a bounded number', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    http.triptych.beforeProvisional = () => held;
    const open = Array.from({ length: limits.streamsInFlightMax }, () => search(ndjson));
    try {
      await expect.poll(() => http.triptych.searches.length, patient).toBe(limits.streamsInFlightMax);
      const refused = await search(ndjson);
      expect([refused.status, refused.at('code')]).toEqual([503, 'overloaded']);
    } finally {
      release();
      // Whatever failed: nothing of this test may still be on its way when the server is closed.
      await Promise.allSettled(open);
    }
    expect((await Promise.all(open)).map(({ status }) => status)).toEqual(open.map(() => 200));
  });

  it('holds no place among the searches while its reader is slow', async () => {
    const title = 'x'.repeat(900);
    for (let i = 0; i < 100; i++)
      await http.triptych.write(
        'default',
        [
          {
            kind: 'put',
            document: {
              id: `slow-${i}`,
              title,
              text: '',
              facets: { tags: Array.from({ length: 900 }, (_, j) => `${j}`.padStart(200, 'x')) },
              fields: {},
              relations: [],
              embedding: null,
            },
          },
        ],
        { waitSearchable: false },
      );
    const body = JSON.stringify({ query: 'x', k: 100, include: ['facets'] });
    const head = `POST /v1/search HTTP/1.1\r\nhost: x\r\naccept: ${ndjson}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    const client = rawClient(http.port);
    client.socket.pause();
    client.socket.write(head + body);
    const gauge = async () => {
      const text = (await http.call('GET', '/metrics')).text;
      return Number(/^triptych_searches_in_flight (\d+)/m.exec(text)?.[1] ?? Number.NaN);
    };
    await expect.poll(() => http.triptych.searches.length, patient).toBe(1);
    await expect.poll(gauge, patient).toBe(0);
    // Two answers of some 18 MB each: more than the sockets hold, so the stream is still open.
    expect(http.logs.some(({ fields }) => fields.route === '/v1/search')).toBe(false);
    client.socket.resume();
    await expect.poll(() => client.text.includes('"event":"done"'), patient).toBe(true);
    client.socket.destroy();
    await client.closed;
  });
});
