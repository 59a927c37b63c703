import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { problemSchema } from '../../src/wire/problem.ts';
import { type FakeTriptych, filmSchema } from '../support/fake-triptych.ts';
import { libraryWords } from '../support/fuzz-client.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

/** What a hostile or careless client sends: each is a 4xx with a code and a path, and nothing is stored. */

let http: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  http = await startHttp();
});

afterAll(async () => {
  expect(http.triptych.writes).toEqual([]);
  expect(http.triptych.live?.schema).toBe(filmSchema);
  expect(http.logs.filter(({ level }) => level === 'error')).toEqual([]);
  await http.close();
});

const film = '"title":"x"';
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const nested = (depth: number): unknown => (depth === 0 ? { ids: ['a'] } : { not: nested(depth - 1) });

/** body, code, path */
const searches: readonly [string, string, string, string][] = [
  ['an empty body', '', 'invalid_json', '$'],
  ['no opening', '{}', 'invalid_request', '$'],
  ['an array', '[]', 'invalid_request', '$'],
  ['a string', '"query"', 'invalid_request', '$'],
  ['null', 'null', 'invalid_request', '$'],
  ['truncated JSON', '{"query":"rob', 'invalid_json', '$'],
  ['two values', '{"query":"x"}{}', 'invalid_json', '$'],
  ['NaN', '{"query":"x","min_score":NaN}', 'invalid_json', '$'],
  ['Infinity', '{"embedding":[Infinity,0,0,0]}', 'invalid_json', '$'],
  ['1e999', '{"embedding":[0,1e999,0,0]}', 'invalid_request', 'embedding[1]'],
  ['1e999 as k', '{"query":"x","k":1e999}', 'invalid_request', 'k'],
  ['1e39, which is no f32', '{"embedding":[0,0,1e39,0]}', 'invalid_request', 'embedding[2]'],
  ['the zero vector', '{"embedding":[0,0,0,0]}', 'invalid_request', 'embedding'],
  ['a vector that vanishes as f32', '{"embedding":[1e-60,0,0,0]}', 'invalid_request', 'embedding'],
  ['the wrong dimension', '{"embedding":[1,0,0]}', 'wrong_dimension', 'embedding'],
  ['an embedding of text', '{"embedding":[1,"0",0,0]}', 'invalid_request', 'embedding[1]'],
  ['bad base64', '{"embedding":{"b64":"*"}}', 'invalid_request', 'embedding.b64'],
  ['base64 of NaN', '{"embedding":{"b64":"AADAfwAAAAAAAAAAAAAAAA=="}}', 'invalid_request', 'embedding.b64'],
  ['NUL', '{"query":"a\\u0000b"}', 'invalid_request', 'query'],
  ['NUL in a member name', '{"query":"a","b\\u0000":1}', 'invalid_request', '["b\\u0000"]'],
  ['a lone surrogate', '{"query":"a\\ud83d"}', 'invalid_request', 'query'],
  ['a lone surrogate in an id', '{"like":["a","\\udc00b"]}', 'invalid_request', 'like[1]'],
  ['__proto__', '{"query":"x","__proto__":{"k":3}}', 'invalid_request', '__proto__'],
  ['__proto__ below', '{"filter":{"ids":["a"],"__proto__":{}}}', 'invalid_request', 'filter.__proto__'],
  ['constructor', '{"query":"x","constructor":{}}', 'invalid_request', 'constructor'],
  ['an unknown member', '{"query":"x","q":"y"}', 'invalid_request', 'q'],
  ['a member twice', '{"query":"x","k":3,"query":"y"}', 'invalid_request', 'query'],
  ['a member twice below', '{"filter":{"ids":["a"],"ids":[]}}', 'invalid_request', 'filter.ids'],
  ['a blank query', '{"query":" \\t "}', 'invalid_request', 'query'],
  [
    'a long query',
    JSON.stringify({ query: 'x'.repeat(limits.queryCharsMax + 1) }),
    'invalid_request',
    'query',
  ],
  ['k of 0', '{"query":"x","k":0}', 'invalid_request', 'k'],
  ['k of 1.5', '{"query":"x","k":1.5}', 'invalid_request', 'k'],
  ['k as text', '{"query":"x","k":"10"}', 'invalid_request', 'k'],
  ['an unknown profile', '{"query":"x","profile":"best"}', 'unknown_profile', 'profile'],
  ['a profile named __proto__', '{"query":"x","profile":"__proto__"}', 'unknown_profile', 'profile'],
  ['a short deadline', '{"query":"x","timeout_ms":19}', 'invalid_request', 'timeout_ms'],
  ['diversity of 2', '{"query":"x","diversity":2}', 'invalid_request', 'diversity'],
  ['no seeds', '{"like":[]}', 'invalid_request', 'like'],
  ['too many seeds', JSON.stringify({ like: Array(51).fill('a') }), 'invalid_request', 'like'],
  ['an unknown include', '{"query":"x","include":["all"]}', 'invalid_request', 'include[0]'],
  ['deep nesting', deep(limits.jsonDepthMax + 1), 'invalid_request', '$'],
  ['very deep nesting', deep(200_000), 'invalid_request', '$'],
  ['deep nesting that never closes', '{"a":'.repeat(100_000), 'invalid_request', '$'],
  [
    'a deep filter',
    JSON.stringify({ filter: nested(limits.predicateDepthMax) }),
    'invalid_request',
    `filter${'.not'.repeat(limits.predicateDepthMax)}`,
  ],
  [
    'many terms',
    JSON.stringify({ filter: { and: [0, 1].map(() => ({ or: Array(51).fill({ ids: ['a'] }) })) } }),
    'invalid_request',
    'filter',
  ],
  [
    'an unknown facet',
    '{"filter":{"and":[{"facet":"mood","any":["x"]}]}}',
    'unknown_field',
    'filter.and[0].facet',
  ],
  ['a facet of Object', '{"filter":{"facet":"toString","any":["x"]}}', 'unknown_field', 'filter.facet'],
  ['an unknown field', '{"filter":{"not":{"field":"age","gte":3}}}', 'unknown_field', 'filter.not.field'],
  ['a field of Object', '{"filter":{"field":"constructor","in":["x"]}}', 'unknown_field', 'filter.field'],
  ['a number as text', '{"filter":{"field":"year","gte":"1990"}}', 'invalid_request', 'filter.gte'],
  ['a date as number', '{"filter":{"field":"released","lt":1990}}', 'invalid_request', 'filter.lt'],
  ['a day that is none', '{"filter":{"field":"released","lt":"2001-02-29"}}', 'invalid_request', 'filter.lt'],
  [
    'a time without zone',
    '{"filter":{"field":"released","lt":"2001-02-03T10:00"}}',
    'invalid_request',
    'filter.lt',
  ],
  ['a range of keywords', '{"filter":{"field":"mpaa","lte":"R"}}', 'invalid_request', 'filter.field'],
  ['a flag as text', '{"filter":{"field":"seen","in":[true,"no"]}}', 'invalid_request', 'filter.in[1]'],
  ['a field without a test', '{"filter":{"field":"year"}}', 'invalid_request', 'filter'],
  ['any and all', '{"filter":{"facet":"tags","any":["a"],"all":["b"]}}', 'invalid_request', 'filter'],
  ['an empty filter', '{"filter":{}}', 'invalid_request', 'filter'],
  ['two tests in one', '{"filter":{"ids":["a"],"not":{"ids":["b"]}}}', 'invalid_request', 'filter.not'],
  ['an empty and', '{"filter":{"and":[]}}', 'invalid_request', 'filter.and'],
];

describe('POST /v1/search refuses', () => {
  it.each(searches)('%s', async (_name, body, code, path) => {
    const answer = await http.call('POST', '/v1/search', body, { 'content-type': 'application/json' });
    expect(problemSchema.safeParse(answer.json).error).toBeUndefined();
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect([answer.status, answer.at('code'), answer.at('fields.0.path')]).toEqual([400, code, path]);
    expect(answer.at('request_id')).toBe(answer.headers.get('x-request-id'));
    expect(answer.at('fields.0.message')).not.toMatch(libraryWords);
    expect(http.triptych.searches).toEqual([]);
  });

  it('a body that is not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"query":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    const answer = await http.raw([
      `POST /v1/search HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${bytes.length}\r\n\r\n`,
      bytes,
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('invalid_json');
  });
});

describe('routes with a JSON body refuse', () => {
  const routes = [
    ['POST', '/v1/search', '{"query":"x"}', limits.searchBodyBytesMax],
    ['POST', '/v1/search/batch', '{"searches":[{"query":"x"}]}', limits.batchBodyBytesMax],
    ['PUT', '/v1/documents/a', `{${film}}`, limits.documentBodyBytesMax],
    ['PUT', '/v1/catalogue', '{}', limits.documentBodyBytesMax],
    ['POST', '/v1/explain', '{"query":"x","document":"a"}', limits.searchBodyBytesMax],
    ['POST', '/v1/rerank', '{"query":"x","ids":["a"]}', limits.rerankBodyBytesMax],
    ['POST', '/v2/rerank', '{"query":"x","documents":["a"]}', limits.rerankBodyBytesMax],
    ['PUT', '/v1/users/u/policy', '{}', limits.policyBodyBytesMax],
    ['PATCH', '/v1/users/u/policy', '{}', limits.policyBodyBytesMax],
    ['PUT', '/v1/rules', '{}', limits.policyBodyBytesMax],
    ['POST', '/v1/events', '{"events":[]}', limits.eventBodyBytesMax],
  ] as const;

  it.each(routes)('%s %s: other media types', async (method, path, body) => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
      '',
    ]) {
      const answer = await http.call(method, path, body, { 'content-type': type });
      expect([answer.status, answer.at('code')]).toEqual([415, 'unsupported_media_type']);
      expect(answer.at('fields.0.path')).toBe('header.content-type');
    }
  });

  it.each(routes)('%s %s: compressed bodies', async (method, path, body) => {
    const response = await fetch(`${http.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(body),
    });
    expect(response.status).toBe(415);
    expect(await response.text()).toContain('header.content-encoding');
  });

  it.each(routes)('%s %s: large bodies, announced or not', async (method, path, _body, bytesMax) => {
    const announced = await http.call(method, path, ' '.repeat(bytesMax + 1));
    expect([announced.status, announced.at('code')]).toEqual([413, 'body_too_large']);
    const chunk = Buffer.alloc(1 << 16, 0x20);
    const head = `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
    const chunks = Array.from({ length: bytesMax / chunk.length + 1 }, () => [
      `${chunk.length.toString(16)}\r\n`,
      chunk,
      '\r\n',
    ]);
    const streamed = await http.raw([head, ...chunks.flat(), '0\r\n\r\n']);
    expect(streamed).toMatch(/^HTTP\/1\.1 413 /);
    expect(streamed).toContain('body_too_large');
  });

  it.each(routes)('%s %s: answers in another media type', async (method, path, body) => {
    const answer = await http.call(method, path, body, { accept: 'text/csv' });
    expect([answer.status, answer.at('code')]).toEqual([406, 'not_acceptable']);
  });
});

describe('paths and methods', () => {
  it.each([
    ['GET', '/nothing', 404, 'not_found', null],
    ['GET', '/v1/search/', 404, 'not_found', null],
    ['GET', '/V1/search', 404, 'not_found', null],
    ['GET', '/v1/search', 405, 'method_not_allowed', 'OPTIONS, POST'],
    ['POST', '/v1/users/u/policy', 405, 'method_not_allowed', 'DELETE, GET, HEAD, OPTIONS, PATCH, PUT'],
    ['PATCH', '/v1/rules', 405, 'method_not_allowed', 'GET, HEAD, OPTIONS, PUT'],
    ['GET', '/v1/users', 404, 'not_found', null],
    ['DELETE', '/v1/catalogue', 405, 'method_not_allowed', 'GET, HEAD, OPTIONS, PUT'],
    ['PATCH', '/v1/documents/a', 405, 'method_not_allowed', 'DELETE, GET, HEAD, OPTIONS, PUT'],
    ['PATCH', '/v1/documents/bulk', 405, 'method_not_allowed', 'DELETE, GET, HEAD, OPTIONS, POST, PUT'],
    ['POST', '/', 405, 'method_not_allowed', 'GET, HEAD, OPTIONS'],
    ['TRACE', '/livez', 405, 'method_not_allowed', 'GET, HEAD, OPTIONS'],
  ])('%s %s is %i', async (method, path, status, code, allow) => {
    const answer = await http.raw(`${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain(`"code":"${code}"`);
    if (allow !== null) expect(answer).toMatch(new RegExp(`^allow: ${allow}\\r$`, 'im'));
  });

  it('answers OPTIONS with what is allowed', async () => {
    const answer = await http.call('OPTIONS', '/v1/search');
    expect([answer.status, answer.headers.get('allow'), answer.text]).toEqual([204, 'OPTIONS, POST', '']);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('refuses unknown parameters on every route', async () => {
    for (const path of ['/v1/profiles', '/livez', '/v1/documents/a', '/v1/catalogue', '/']) {
      const answer = await http.call('GET', `${path}?debug=1`);
      expect([answer.status, answer.at('fields.0.path')]).toEqual([400, 'debug']);
    }
  });
});
