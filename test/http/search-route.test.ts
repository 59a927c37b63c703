import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TriptychError } from '../../src/errors.ts';
import { limits } from '../../src/limits.ts';
import { batchResponseSchema, searchResponseSchema } from '../../src/wire/search-response.ts';
import { similarResponseSchema } from '../../src/wire/similar.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

let http: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  http = await startHttp(new FakeTriptych());
  for (const [id, genres] of [
    ['a', ['Drama']],
    ['b', ['Comedy']],
    ['c/ü', ['Drama', 'Comedy']],
  ] as const) {
    const answer = await http.call('PUT', `/v1/documents/${encodeURIComponent(id)}`, {
      title: `Film ${id}`,
      facets: { genres },
      fields: { year: 1999 },
      embedding: [1, 0, 0, 0],
    });
    expect(answer.status).toBe(202);
  }
});

afterAll(() => http.close());

beforeEach(() => {
  http.triptych.before = async () => {};
  http.triptych.searches.length = 0;
});

describe('POST /v1/search', () => {
  it('answers in the shape of the schema, with timing and the request id', async () => {
    const answer = await http.call(
      'POST',
      '/v1/search',
      { query: 'robot', include: ['fields', 'facets'], k: 2 },
      { 'x-request-id': 'my-id.1' },
    );
    expect(answer.status).toBe(200);
    expect(searchResponseSchema.safeParse(answer.json).error).toBeUndefined();
    expect(answer.at('results')).toHaveLength(2);
    expect(answer.at('coverage.vector')).toEqual({ state: 'ok', ms: 1.235, budget_ms: 100, candidates: 3 });
    expect(answer.at('request_id')).toBe('my-id.1');
    expect(answer.headers.get('x-request-id')).toBe('my-id.1');
    expect(answer.headers.get('server-timing')).toMatch(
      /^plan;dur=0\.1, odd_stage;dur=0\.2, total;dur=[\d.]+$/,
    );
    expect(answer.headers.get('x-powered-by')).toBeNull();
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('hands the parsed request to the service', async () => {
    await http.call('POST', '/v1/search', {
      embedding: [3, 0, 4, 0],
      like: ['a', 'a'],
      filter: { facet: 'genres', any: ['Drama'] },
      timeout_ms: 100,
    });
    const { request } = http.triptych.searches[0]!;
    expect([...request.embedding!]).toEqual([3, 0, 4, 0].map((x) => Math.fround(x / 5)));
    expect(request.like).toEqual(['a']);
    expect(request.filter).toEqual({ kind: 'facet', facet: 'genres', match: 'any', values: ['Drama'] });
    expect(request).toMatchObject({
      timeoutMs: 100,
      k: 10,
      profile: 'linear',
      partial: true,
      explain: 'score',
    });
  });

  it('counts the deadline from the last byte of the body', async () => {
    let started = Number.NaN;
    const body = JSON.stringify({ query: 'x' });
    const head = `POST /v1/search HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    const { connect } = await import('node:net');
    const socket = connect(http.port, '127.0.0.1');
    socket.write(head + body.slice(0, 5));
    await new Promise((resolve) => setTimeout(resolve, 60));
    const beforeLastByte = performance.now();
    socket.write(body.slice(5));
    await new Promise((resolve) => socket.resume().on('close', resolve));
    started = http.triptych.searches[0]!.options.startedAtMs;
    expect(started).toBeGreaterThanOrEqual(beforeLastByte);
  });

  it('shows the coverage of a 504 in wire form', async () => {
    http.triptych.before = async () => {
      throw new TriptychError('deadline_exceeded', 'late', {
        members: { coverage: { vector: { state: 'late', ms: 20, budgetMs: 20, candidates: 0 } } },
      });
    };
    const answer = await http.call('POST', '/v1/search', { query: 'x', partial: false });
    expect(answer.status).toBe(504);
    expect(answer.json).toMatchObject({
      code: 'deadline_exceeded',
      retriable: true,
      coverage: { vector: { state: 'late', ms: 20, budget_ms: 20, candidates: 0 } },
    });
  });

  it('says when to come back on 503', async () => {
    http.triptych.before = async () => {
      throw new TriptychError('unavailable', 'no store answers', { retryAfterSeconds: 2.2 });
    };
    const answer = await http.call('POST', '/v1/search', { query: 'x' });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('3');
  });

  it('shows nothing of an unexpected error, and logs it with the request id', async () => {
    http.triptych.before = async () => {
      throw new Error('SELECT secret FROM postgres://user:password@host');
    };
    const answer = await http.call('POST', '/v1/search', { query: 'x' }, { 'x-request-id': 'boom-1' });
    expect(answer.status).toBe(500);
    expect(answer.json).toMatchObject({ code: 'internal', request_id: 'boom-1' });
    expect(answer.text).not.toMatch(/secret|password|at |\.ts/);
    expect(http.logs.some((line) => line.level === 'error' && line.fields.request_id === 'boom-1')).toBe(
      true,
    );
  });

  it('turns away what does not fit, before reading it', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    http.triptych.before = () => held;
    const waiting = Array.from({ length: limits.searchesInFlightMax }, () =>
      http.call('POST', '/v1/search', { query: 'x' }),
    );
    try {
      const all = { timeout: 20_000 };
      await expect.poll(() => http.triptych.searches.length, all).toBe(limits.searchesInFlightMax);
      const refused = await http.call('POST', '/v1/search', 'not even json');
      expect(refused.status).toBe(503);
      expect(refused.at('code')).toBe('overloaded');
      expect(refused.headers.get('retry-after')).toBe('1');
      expect((await http.call('GET', '/livez')).status).toBe(200);
    } finally {
      release();
    }
    expect((await Promise.all(waiting)).every(({ status }) => status === 200)).toBe(true);
    expect((await http.call('POST', '/v1/search', { query: 'x' })).status).toBe(200);
  });
});

describe('POST /v1/search/batch', () => {
  it('answers each search in order, good or bad', async () => {
    const answer = await http.call('POST', '/v1/search/batch', {
      searches: [{ query: 'x', k: 1 }, { nothing: 1 }, { filter: { facet: 'genres', all: ['Drama'] } }],
    });
    expect(answer.status).toBe(200);
    expect(batchResponseSchema.safeParse(answer.json).error).toBeUndefined();
    const { responses } = batchResponseSchema.parse(answer.json);
    expect(responses.map(({ status }) => status)).toEqual([200, 400, 200]);
    expect(answer.at('responses.0.body.results')).toHaveLength(1);
    expect(answer.at('responses.1.body.fields.0.path')).toBe('searches[1].nothing');
    expect(answer.at('responses.2.body.total.value')).toBe(2);
  });

  it('keeps the failure of one search to itself', async () => {
    let calls = 0;
    http.triptych.before = async () => {
      calls++;
      if (calls === 2) throw new TriptychError('embedder_unavailable', 'no');
    };
    const answer = await http.call('POST', '/v1/search/batch', {
      searches: [{ query: 'x' }, { query: 'y' }, { query: 'z' }],
    });
    const { responses } = batchResponseSchema.parse(answer.json);
    expect(responses.map(({ status }) => status)).toEqual([200, 503, 200]);
    expect(answer.at('responses.1.body.code')).toBe('embedder_unavailable');
  });

  it('gives the paths of every failure as they are in the whole body', async () => {
    const message = 'there is no document "x"';
    const failures = [
      new TriptychError('document_not_found', 'None of the documents in `like` exists.', {
        fields: [{ path: 'like[0]', message }],
      }),
      new TriptychError('wrong_dimension', 'embedding: has 3 numbers', {
        fields: [{ path: 'embedding', message: 'has 3 numbers' }],
      }),
      new TriptychError('deadline_exceeded', 'late', {
        members: { coverage: { vector: { state: 'late', ms: 20, budgetMs: 20, candidates: 0 } } },
      }),
    ];
    let calls = 0;
    http.triptych.before = async () => {
      throw failures[calls++]!;
    };
    const answer = await http.call('POST', '/v1/search/batch', {
      searches: [{ nothing: 1 }, { like: ['x'] }, { query: 'y' }, { query: 'z' }],
    });
    expect(answer.at('responses.0.body.fields.0.path')).toBe('searches[0].nothing');
    expect(answer.at('responses.1.body.fields')).toEqual([{ path: 'searches[1].like[0]', message }]);
    expect(answer.at('responses.1.body.detail')).toBe('None of the documents in `like` exists.');
    expect(answer.at('responses.2.body.detail')).toBe('searches[2].embedding: has 3 numbers');
    expect(answer.at('responses.3.body')).toMatchObject({
      status: 504,
      detail: 'late',
      coverage: { vector: { state: 'late', budget_ms: 20 } },
    });
  });

  it.each([
    [{}, 'searches'],
    [{ searches: [] }, 'searches'],
    [{ searches: Array(limits.batchSearchesMax + 1).fill({ query: 'x' }) }, 'searches'],
    [{ searches: [{ query: 'x' }], more: 1 }, 'more'],
  ])('refuses the envelope %#', async (body, path) => {
    const answer = await http.call('POST', '/v1/search/batch', body);
    expect(answer.status).toBe(400);
    expect(answer.at('fields.0.path')).toBe(path);
  });
});

describe('GET /v1/similar/{id}', () => {
  it('answers neighbours', async () => {
    const answer = await http.call('GET', `/v1/similar/${encodeURIComponent('c/ü')}?k=1`);
    expect(answer.status).toBe(200);
    expect(similarResponseSchema.safeParse(answer.json).error).toBeUndefined();
    expect(answer.json).toMatchObject({
      id: 'c/ü',
      results: [{ id: 'a', rank: 1 }],
      coverage: { vector: { state: 'pending' } },
      degraded: false,
    });
  });

  it.each(['k=0', 'k=101', 'k=1.5', 'k=x', 'k=', 'k=1&k=2', 'limit=3', '__proto__=1', 'k[a]=1'])(
    'refuses ?%s',
    async (query) => {
      const answer = await http.call('GET', `/v1/similar/a?${query}`);
      expect(answer.status).toBe(400);
      expect(answer.at('fields.0.path')).toMatch(/^(k|limit|__proto__|\["k\[a\]"\])$/);
    },
  );

  it('knows no unknown document', async () => {
    const answer = await http.call('GET', '/v1/similar/none');
    expect([answer.status, answer.at('code')]).toEqual([404, 'document_not_found']);
  });
});
