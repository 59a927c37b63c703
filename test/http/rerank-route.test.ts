import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { rerankResponseSchema } from '../../src/wire/rerank.ts';
import type { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

let http: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  http = await startHttp();
});

afterAll(() => http.close());

describe('POST /v1/rerank', () => {
  it('answers in the shape that clients of rerank APIs read', async () => {
    const body = { model: 'any', query: 'robot', ids: ['a', 'b', 'c'], top_n: 2, user: 'u1' };
    const answer = await http.call('POST', '/v1/rerank', body);
    expect(answer.status, answer.text).toBe(200);
    expect(rerankResponseSchema.parse(answer.json)).toMatchObject({
      id: answer.headers.get('x-request-id'),
      results: [
        { index: 0, relevance_score: 1 },
        { index: 1, relevance_score: 0.5 },
      ],
      meta: { api_version: { version: '2' }, backend: 'js', degraded: false, warnings: [] },
    });
    expect(http.triptych.searches.at(-1)?.request).toMatchObject({
      query: 'robot',
      user: 'u1',
      timeoutMs: limits.timeoutMsMax,
      profile: 'linear',
    });
  });

  it.each([
    ['no query', { ids: ['a'] }, 'query', 'invalid_request'],
    ['no ids', { query: 'x' }, 'ids', 'invalid_request'],
    ['an empty list', { query: 'x', ids: [] }, 'ids', 'invalid_request'],
    ['too many ids', { query: 'x', ids: Array(limits.windowMax + 1).fill('a') }, 'ids', 'invalid_request'],
    ['an id that is none', { query: 'x', ids: ['a', 7] }, 'ids[1]', 'invalid_request'],
    ['top_n below 1', { query: 'x', ids: ['a'], top_n: 0 }, 'top_n', 'invalid_request'],
    [
      'a profile that ranks recalled lists',
      { query: 'x', ids: ['a'], profile: 'rrf' },
      'profile',
      'invalid_request',
    ],
    [
      'a rule about lists',
      { query: 'x', ids: ['a'], constraints: [{ kind: 'pin', id: 'a', rank: 1 }] },
      'constraints[0].kind',
      'invalid_request',
    ],
    ['an unknown profile', { query: 'x', ids: ['a'], profile: 'none' }, 'profile', 'unknown_profile'],
    ['a search member', { query: 'x', ids: ['a'], k: 3 }, 'k', 'invalid_request'],
  ])('refuses %s with the path', async (_, body, path, code) => {
    const answer = await http.call('POST', '/v1/rerank', body);
    expect([answer.status, answer.at('code')]).toEqual([400, code]);
    expect(answer.at('fields')).toEqual(expect.arrayContaining([expect.objectContaining({ path })]));
  });
});
