import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { explainResponseSchema } from '../../src/wire/explain.ts';
import { searchResponseSchema } from '../../src/wire/search-response.ts';
import type { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

let http: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  http = await startHttp();
  for (const id of ['a', 'b'])
    await http.call('PUT', `/v1/documents/${id}`, {
      title: id,
      facets: { genres: ['Drama'] },
      embedding: [1, 0, 0, 0],
    });
});

afterAll(() => http.close());

const rule = { kind: 'range', field: 'released', gte: '1990-01-01', missing: 'drop' };

describe('POST /v1/explain', () => {
  it('says what became of a document, and names rules with their source', async () => {
    const body = { query: 'x', constraints: [rule], filter: { ids: ['b'] }, document: 'a' };
    const dropped = await http.call('POST', '/v1/explain', body);
    expect(dropped.status, dropped.text).toBe(200);
    expect(explainResponseSchema.parse(dropped.json)).toMatchObject({
      id: 'a',
      outcome: 'dropped',
      in_window: false,
      floor: null,
      dropped_by: [{ rule: { ...rule, source: 'request', index: 0 }, value: ['Drama'] }],
      pushed_by: [],
      ranks: null,
      coverage: { vector: { state: 'pending', budget_ms: 100 } },
      took_ms: 1.235,
    });
    expect(dropped.headers.get('server-timing')).toMatch(/^total;dur=/);
    const ranked = await http.call('POST', '/v1/explain', { ...body, document: 'b' });
    expect(explainResponseSchema.parse(ranked.json)).toMatchObject({
      outcome: 'ranked',
      floor: 0.1,
      pushed_by: [{ stage: 'rules', ranks: 2, rule: { kind: 'range', source: 'request' } }],
      ranks: { fused: 1, diverse: 1, final: 3 },
    });
    expect(JSON.stringify([dropped.json, ranked.json])).not.toMatch(/"[a-z]+[A-Z][a-zA-Z]*":/);
  });

  it('says of a filter that it has no rule', async () => {
    const answer = await http.call('POST', '/v1/explain', { filter: { ids: ['b'] }, document: 'a' });
    expect(answer.at('dropped_by')).toEqual([{ rule: null, value: ['Drama'] }]);
  });

  it.each([
    [{ document: 'a' }, 400, 'invalid_request', '$'],
    [{ query: 'x' }, 400, 'invalid_request', 'document'],
    [{ query: 'x', document: '' }, 400, 'invalid_request', 'document'],
    [{ query: 'x', document: 'a', documents: ['a'] }, 400, 'invalid_request', 'documents'],
    [{ query: 'x', document: 'a', profile: 'best' }, 400, 'unknown_profile', 'profile'],
    [{ query: 'x', document: 'none' }, 404, 'document_not_found', undefined],
  ])('refuses %j', async (body, status, code, path) => {
    const answer = await http.call('POST', '/v1/explain', body);
    expect([answer.status, answer.at('code'), answer.at('fields.0.path')]).toEqual([status, code, path]);
  });
});

describe('POST /v1/search', () => {
  it('hands on who is asking, and names the rule of a warning', async () => {
    const answer = await http.call('POST', '/v1/search', {
      user: 'u1',
      context: 'kids',
      cursor: 'page-2',
      cache: 'skip',
      constraints: [{ kind: 'hideSeen' }, { kind: 'pin', id: 'gone', rank: 3 }],
    });
    expect(answer.status, answer.text).toBe(200);
    expect(searchResponseSchema.parse(answer.json)).toMatchObject({
      warnings: [
        {
          code: 'pin_dropped',
          rule: { kind: 'pin', id: 'gone', rank: 3, source: 'request', index: 1 },
        },
      ],
      cursor: 'page-2',
    });
    expect(http.triptych.searches.at(-1)!.request).toMatchObject({
      user: 'u1',
      context: 'kids',
      cursor: 'page-2',
      cache: 'skip',
    });
  });
});
