import { Agent } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bulkOutcomeSchema } from '../../src/wire/bulk.ts';
import { catalogueSchemaToWire } from '../../src/wire/catalogue.ts';
import { rerankResponseSchema } from '../../src/wire/rerank-response.ts';
import { batchResponseSchema, searchResponseSchema } from '../../src/wire/search-response.ts';
import { type FakeTriptych, filmSchema } from '../support/fake-triptych.ts';
import { check, checkProblem, json, send as sendTo } from '../support/fuzz-client.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';
import { damaged, mutatedJson } from '../support/mutations.ts';
import { ruleBases } from '../support/rule-bases.ts';

/**
 * Requests that are nearly right, and requests that are not: never a 5xx, always a problem document with a code of the
 * catalogue and paths, and nothing stored by a refused write. TRIPTYCH_FUZZ_RUNS sets the cases per property.
 */
const numRuns = Number(process.env.TRIPTYCH_FUZZ_RUNS ?? 600);
const timeoutMs = 60_000 + numRuns * 50;

let http: HttpHarness<FakeTriptych>;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

beforeAll(async () => {
  http = await startHttp();
});

afterAll(async () => {
  agent.destroy();
  expect(http.logs.filter(({ level }) => level === 'error')).toEqual([]);
  await http.close();
});

const send = (method: string, path: string, body: string | Buffer, headers: Record<string, string>) =>
  sendTo({ agent, port: http.port }, method, path, body, headers);

const searchBases = [
  { query: 'lonely robot', k: 5, profile: 'linear', timeout_ms: 100, partial: true, min_score: 0.1 },
  { embedding: [0.1, 0.2, 0.3, 0.4], diversity: 0.5, include: ['fields', 'facets', 'facet_counts'] },
  {
    embedding: { b64: 'AACAPwAAAAAAAAAAAAAAAA==' },
    like: ['a', 'b'],
    include_relationships: true,
    explain: 'full',
  },
  {
    filter: {
      and: [
        { facet: 'genres', any: ['Comedy'] },
        { not: { facet: 'tags', all: ['war'] } },
        { field: 'year', gte: 1990, lt: 2000 },
        { field: 'released', gt: '1990-01-01' },
        { or: [{ field: 'mpaa', in: ['PG'] }, { ids: ['7'] }, { field: 'seen', in: [true] }] },
      ],
    },
  },
  { user: 'u1', context: 'kids', constraints: ruleBases, cursor: 'abc', cache: 'skip' },
];

const documentBases = [
  { title: 'Heat' },
  {
    title: 'Heat',
    text: 'A thief and a detective.',
    embedding: [1, 0, 0, 1],
    facets: { genres: ['Crime', 'Drama'], tags: ['heist'] },
    fields: { year: 1995, released: '1995-12-15', mpaa: 'R', seen: true },
    relations: [{ type: 'REMAKE_OF', id: 'la-takedown', strength: 0.9 }],
  },
];

const rerankBases = [
  { query: 'robot', ids: ['heat', 'nobody'], top_n: 1, user: 'u', context: 'default', profile: 'linear' },
  { query: 'robot', ids: ['heat'], constraints: [{ kind: 'exclude', facet: 'genres', values: ['War'] }] },
  {
    model: 'm',
    query: 'robot',
    documents: ['a robot', 'space'],
    top_n: 1,
    max_tokens_per_doc: 8,
    priority: 1,
  },
  {
    query: 'robot',
    documents: [{ text: 'a robot', title: 'b' }, 'c'],
    rank_fields: ['title', 'text'],
    return_documents: true,
    max_chunks_per_doc: 2,
    truncation: true,
    top_k: 2,
  },
];

const lineBases = [...documentBases.map((body) => ({ id: 'heat', ...body })), { delete: 'heat' }];

const options = { numRuns };

describe('search', () => {
  it('holds against bodies that are nearly right', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(mutatedJson(searchBases), async (body) => {
        const answer = await send('POST', '/v1/search', body, json);
        check(answer);
        if (answer.status === 200) searchResponseSchema.parse(JSON.parse(answer.text));
      }),
      options,
    ),
  );

  it('holds against damaged bytes', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(damaged(mutatedJson(searchBases)), async (body) => {
        check(await send('POST', '/v1/search', body, json));
      }),
      options,
    ),
  );

  it('holds in a batch', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(mutatedJson([{ searches: searchBases }]), async (body) => {
        const answer = await send('POST', '/v1/search/batch', body, json);
        check(answer);
        if (answer.status !== 200) return;
        for (const item of batchResponseSchema.parse(JSON.parse(answer.text)).responses)
          if (item.status !== 200) checkProblem(item.body);
      }),
      options,
    ),
  );
});

describe('rerank', () => {
  it.each(['/v1/rerank', '/v2/rerank'])(
    'holds against bodies that are nearly right: %s',
    { timeout: timeoutMs },
    (path) =>
      fc.assert(
        fc.asyncProperty(mutatedJson(rerankBases), async (body) => {
          const answer = await send('POST', path, body, json);
          check(answer);
          if (answer.status === 200) rerankResponseSchema.parse(JSON.parse(answer.text));
        }),
        options,
      ),
  );
});

describe('writes', () => {
  /** A refused write must leave the store as it was. */
  async function checkWrite(method: string, path: string, body: string | Buffer): Promise<void> {
    const writes = http.triptych.writes.length;
    const answer = await send(method, path, body, json);
    check(answer);
    if (answer.status >= 400) expect(http.triptych.writes).toHaveLength(writes);
    else expect(http.triptych.writes).toHaveLength(writes + 1);
  }

  it('hold against documents that are nearly right', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(mutatedJson(documentBases), (body) => checkWrite('PUT', '/v1/documents/fuzz', body)),
      options,
    ),
  );

  it('hold against damaged bytes', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(damaged(mutatedJson(documentBases)), (body) =>
        checkWrite('PUT', '/v1/documents/fuzz', body),
      ),
      options,
    ),
  );

  it('hold against bulk lines, one outcome per line', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(mutatedJson(lineBases), fc.string({ unit: 'binary', maxLength: 30 })), {
          maxLength: 8,
        }),
        async (lines) => {
          const before = http.triptych.writes.length;
          const body = lines.join('\n');
          const answer = await send('POST', '/v1/documents/bulk', body, {
            'content-type': 'application/x-ndjson',
          });
          check(answer);
          expect(answer.status).toBe(200);
          const outcomes = answer.text
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => bulkOutcomeSchema.parse(JSON.parse(line)));
          const expected = body.split('\n').filter((line) => line.trim() !== '').length;
          expect(outcomes).toHaveLength(expected);
          for (const { error } of outcomes) if (error !== undefined) checkProblem(error);
          const written = http.triptych.writes.slice(before).flatMap(({ operations }) => operations);
          const accepted = outcomes.filter(
            ({ error }) => error === undefined || error.code === 'document_not_found',
          );
          expect(written).toHaveLength(accepted.length);
        },
      ),
      options,
    ),
  );

  it('hold against schemas that are nearly right', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(mutatedJson([catalogueSchemaToWire(filmSchema)]), async (body) => {
        const answer = await send('PUT', '/v1/catalogue', body, json);
        check(answer);
        expect(http.triptych.live?.schema).toEqual(filmSchema);
      }),
      options,
    ),
  );
});

describe('paths, parameters and headers', () => {
  const part = fc.oneof(
    fc.webSegment(),
    fc.constantFrom(
      'v1',
      'documents',
      'bulk',
      'search',
      'similar',
      'users',
      'policy',
      'export',
      'rules',
      '%',
      '%00',
      '%ff',
      '%2e%2e',
      '..',
      '__proto__',
      '%2F',
    ),
  );
  const path = fc
    .tuple(fc.array(part, { maxLength: 5 }), fc.option(fc.webQueryParameters({ size: 'small' }), { nil: '' }))
    .map(([parts, query]) => `/${parts.join('/')}${query === '' ? '' : `?${query}`}`);
  const odd = fc.oneof(
    path,
    fc
      .tuple(
        fc.constantFrom(
          '/v1/users/u/policy?',
          '/v1/documents?',
          '/v1/similar/a?',
          '/v1/documents/a?',
          '/metrics?',
          '/v1/profiles?',
        ),
        fc.constantFrom('cursor', 'context', 'limit', 'k', 'include', 'wait', '__proto__', 'limit[]'),
        fc.oneof(fc.webQueryParameters(), fc.constantFrom('', '-1', '1e3', '%ff', '%00', '0x1', '٣')),
      )
      .map(
        ([route, name, value]) =>
          encodeURI(`${route}${name}=`) + encodeURIComponent(value).replaceAll('%25', '%'),
      ),
  );

  it('hold', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'),
        odd,
        fc.record({
          'content-type': fc.constantFrom(
            'application/json',
            'text/plain',
            'application/json;charset=x',
            ';',
          ),
          accept: fc.constantFrom('*/*', 'application/json', 'text/*', 'x', ''),
          'if-match': fc.constantFrom('*', '"0"', 'x'),
          'x-request-id': fc.stringMatching(/^[ -~]{0,140}$/),
          traceparent: fc.stringMatching(/^[ -~]{0,60}$/),
        }),
        async (method, target, headers) => {
          const answer = await send(
            method,
            target,
            method === 'GET' || method === 'HEAD' ? '' : '{}',
            headers,
          );
          expect(answer.status).toBeLessThan(500);
          // Browsers are told in a text that the page was not built, which it is not for this server.
          const isPage = answer.status === 404 && answer.text.includes('without its playground');
          if (method !== 'HEAD' && !isPage) check(answer);
        },
      ),
      options,
    ),
  );

  it('hold against bytes that are hardly HTTP', { timeout: timeoutMs }, () =>
    fc.assert(
      fc.asyncProperty(
        damaged(
          fc.constantFrom(
            'GET /livez HTTP/1.1\r\nhost: x\r\n\r\n',
            'POST /v1/search HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"query":"x"}',
            'POST /v1/search HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{"query":"x"}\r\n0\r\n\r\n',
          ),
        ),
        async (bytes) => {
          const text = await http.rawThenEnd(bytes);
          // Nothing at all is right where the request never became whole.
          if (text !== '') expect(text).toMatch(/^HTTP\/1\.1 [124]\d\d /);
        },
      ),
      options,
    ),
  );
});
