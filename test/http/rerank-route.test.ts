import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RelevanceAnswer } from '../../src/domain/relevance.ts';
import { limits } from '../../src/limits.ts';
import { rerankResponseSchema } from '../../src/wire/rerank-response.ts';
import { type FakeTriptych, filmSchema } from '../support/fake-triptych.ts';
import { libraryWords } from '../support/fuzz-client.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

let http: HttpHarness<FakeTriptych>;

beforeAll(async () => {
  http = await startHttp();
});

afterAll(() => http.close());

const texts = ['Carson City is in Nevada.', 'Washington, D.C. is the capital.'];

describe('POST /v1/rerank of ids', () => {
  it('answers in the shape that clients of rerank APIs read', async () => {
    const body = { model: 'any', query: 'robot', ids: ['a', 'b', 'c'], top_n: 2, user: 'u1' };
    const answer = await http.call('POST', '/v1/rerank', body);
    expect(answer.status, answer.text).toBe(200);
    expect(rerankResponseSchema.parse(answer.json)).toMatchObject({
      id: answer.headers.get('x-request-id'),
      model: 'linear',
      results: [
        { index: 0, relevance_score: 1 },
        { index: 1, relevance_score: 0.5 },
      ],
      warnings: [],
      meta: { api_version: { version: '1' }, backend: 'js', degraded: false, warnings: [], dropped: [] },
    });
    expect(answer.json).not.toHaveProperty('usage');
    expect(http.triptych.searches.at(-1)?.request).toMatchObject({
      query: 'robot',
      user: 'u1',
      context: 'default',
      constraints: [],
      timeoutMs: limits.timeoutMsMax,
      profile: 'linear',
    });
  });

  it('says which documents rules have dropped, and by what', async () => {
    const { rerank } = http.triptych;
    http.triptych.rerank = async (...given): Promise<RelevanceAnswer> => ({
      ...(await rerank.apply(http.triptych, given)),
      dropped: [
        {
          index: 2,
          droppedBy: [
            {
              rule: {
                rule: { kind: 'exclude', facet: 'genres', values: ['Horror'] },
                source: 'user',
                index: 1,
              },
              value: ['Horror'],
            },
          ],
        },
      ],
      droppedCount: 7,
    });
    try {
      const answer = await http.call('POST', '/v1/rerank', { query: 'x', ids: ['a', 'b', 'c'] });
      expect(rerankResponseSchema.parse(answer.json).meta).toMatchObject({
        dropped: [
          {
            index: 2,
            dropped_by: [
              { rule: { kind: 'exclude', facet: 'genres', source: 'user', index: 1 }, value: ['Horror'] },
            ],
          },
        ],
        dropped_count: 7,
      });
    } finally {
      http.triptych.rerank = rerank;
    }
  });
});

describe('POST /v1/rerank and /v2/rerank of texts', () => {
  it.each([
    ['/v1/rerank', '1'],
    ['/v2/rerank', '2'],
  ])('%s answers with version %s and needs no catalogue', async (path, version) => {
    http.triptych.live = null;
    try {
      const answer = await http.call('POST', path, { model: 'm', query: ' x ', documents: texts, top_n: 1 });
      expect(answer.status, answer.text).toBe(200);
      expect(rerankResponseSchema.parse(answer.json)).toMatchObject({
        results: [{ index: 0, relevance_score: 1 }],
        usage: { total_tokens: 7 },
        meta: { api_version: { version } },
      });
      expect(answer.at('results.0')).not.toHaveProperty('document');
      expect(answer.at('meta')).not.toHaveProperty('dropped');
      expect(http.triptych.textRequests.at(-1)?.request).toEqual({
        query: 'x',
        texts,
        textCharsMax: limits.textCharsMax,
        topN: 1,
        profile: 'linear',
        timeoutMs: limits.timeoutMsMax,
        partial: true,
      });
      const ids = await http.call('POST', path, { query: 'x', ids: ['a'] });
      expect([ids.status, ids.at('code')]).toEqual([409, 'no_catalogue']);
    } finally {
      http.triptych.live = { schema: filmSchema, generation: 1 };
    }
  });

  it('gives back what was sent, and reads the members that it is told to', async () => {
    const documents = ['plain', { text: 'a', title: 'b' }, { title: 'c', body: 'd' }];
    const given = { query: 'x', documents, rank_fields: ['title', 'body', 'text'], return_documents: true };
    const answer = await http.call('POST', '/v1/rerank', given);
    expect(answer.status, answer.text).toBe(200);
    expect(http.triptych.textRequests.at(-1)?.request.texts).toEqual(['plain', 'b\na', 'c\nd']);
    const { results } = rerankResponseSchema.parse(answer.json);
    expect(results.map(({ document }) => document)).toEqual([
      { text: 'plain' },
      { text: 'a', title: 'b' },
      { text: 'c\nd', title: 'c', body: 'd' },
    ]);
  });

  it.each([
    ['Cohere v1', { max_chunks_per_doc: 10, rank_fields: ['text'], return_documents: false }],
    ['Cohere v2', { max_tokens_per_doc: 4_096, priority: 0 }],
    ['Jina', { return_documents: true, truncation: true }],
    ['Voyage', { top_k: 1, truncation: true }],
    ['both names of one number', { top_k: 1, top_n: 1 }],
  ])('takes what clients send: %s', async (_, more) => {
    const body = { model: 'm', query: 'x', documents: [{ text: 'a' }, { text: 'b' }], ...more };
    const answer = await http.call('POST', '/v1/rerank', body);
    expect(answer.status, answer.text).toBe(200);
    const topN = 'top_k' in more ? 1 : 2;
    expect(rerankResponseSchema.parse(answer.json).results).toHaveLength(topN);
  });

  it('reads as much of a text as the request says', async () => {
    const body = { query: 'x', documents: ['a'], max_tokens_per_doc: 3 };
    expect((await http.call('POST', '/v1/rerank', body)).status).toBe(200);
    expect(http.triptych.textRequests.at(-1)?.request.textCharsMax).toBe(12);
    // One more character says that there is more; the rest is not kept, unless it is to be sent back.
    const longer = { ...body, documents: ['b'.repeat(99), { text: 'c'.repeat(99), title: 'd'.repeat(99) }] };
    const read = async (more: object): Promise<string[]> => {
      const { status } = await http.call('POST', '/v1/rerank', { ...longer, ...more });
      expect(status).toBe(200);
      return [...http.triptych.textRequests.at(-1)!.request.texts];
    };
    const rank_fields = ['text', 'title'];
    expect(await read({ rank_fields })).toEqual(['b'.repeat(13), 'c'.repeat(13)]);
    expect((await read({ rank_fields, return_documents: true })).map(({ length }) => length)).toEqual([
      99, 199,
    ]);
    const long = { ...body, documents: ['a', 'b'.repeat(13)], truncation: false };
    const answer = await http.call('POST', '/v1/rerank', long);
    expect([answer.status, answer.at('fields')]).toEqual([
      400,
      [{ path: 'documents[1]', message: 'must have at most 12 characters' }],
    ]);
  });
});

const many = Array(limits.windowMax + 1).fill('a');

it.each([
  ['no query', { ids: ['a'] }, 'query', 'invalid_request'],
  ['neither ids nor documents', { query: 'x' }, 'documents', 'invalid_request'],
  ['both', { query: 'x', ids: ['a'], documents: ['a'] }, 'ids', 'invalid_request'],
  ['no ids', { query: 'x', ids: [] }, 'ids', 'invalid_request'],
  ['too many ids', { query: 'x', ids: many }, 'ids', 'invalid_request'],
  ['an id that is none', { query: 'x', ids: ['a', 7] }, 'ids[1]', 'invalid_request'],
  ['top_n below 1', { query: 'x', ids: ['a'], top_n: 0 }, 'top_n', 'invalid_request'],
  [
    'two numbers of results',
    { query: 'x', documents: ['a'], top_n: 1, top_k: 2 },
    'top_k',
    'invalid_request',
  ],
  [
    'a profile that ranks recalled lists',
    { query: 'x', ids: ['a'], profile: 'rrf' },
    'profile',
    'invalid_request',
  ],
  ['the same with texts', { query: 'x', documents: ['a'], profile: 'rrf' }, 'profile', 'invalid_request'],
  [
    'a rule about lists',
    { query: 'x', ids: ['a'], constraints: [{ kind: 'pin', id: 'a', rank: 1 }] },
    'constraints[0].kind',
    'invalid_request',
  ],
  ['an unknown profile', { query: 'x', ids: ['a'], profile: 'none' }, 'profile', 'unknown_profile'],
  ['the same with texts', { query: 'x', documents: ['a'], profile: 'none' }, 'profile', 'unknown_profile'],
  ['a search member', { query: 'x', ids: ['a'], k: 3 }, 'k', 'invalid_request'],
  ['an unknown member', { query: 'x', documents: ['a'], input: 'y' }, 'input', 'invalid_request'],
  ['no documents', { query: 'x', documents: [] }, 'documents', 'invalid_request'],
  ['too many documents', { query: 'x', documents: many }, 'documents', 'invalid_request'],
  ['a document that is none', { query: 'x', documents: ['a', 7] }, 'documents[1]', 'invalid_request'],
  [
    'an object without text',
    { query: 'x', documents: [{ title: 'a' }] },
    'documents[0].text',
    'invalid_request',
  ],
  ['a text that is none', { query: 'x', documents: [{ text: 7 }] }, 'documents[0].text', 'invalid_request'],
  [
    'an object without a ranked member',
    { query: 'x', documents: ['a', { text: 'a' }], rank_fields: ['title'] },
    'documents[1]',
    'invalid_request',
  ],
  [
    'a ranked member that is named twice',
    { query: 'x', documents: [{ text: 'a' }], rank_fields: ['text', 'text'] },
    'rank_fields',
    'invalid_request',
  ],
  ['a user with texts', { query: 'x', documents: ['a'], user: 'u1' }, 'user', 'invalid_request'],
  ['a context with texts', { query: 'x', documents: ['a'], context: 'kids' }, 'context', 'invalid_request'],
  ['rules with texts', { query: 'x', documents: ['a'], constraints: [] }, 'constraints', 'invalid_request'],
  [
    'a vector with texts',
    { query: 'x', documents: ['a'], embedding: [1, 0] },
    'embedding',
    'invalid_request',
  ],
  [
    'texts back from ids',
    { query: 'x', ids: ['a'], return_documents: true },
    'return_documents',
    'invalid_request',
  ],
  [
    'more texts than are embedded, where nothing may be missing',
    { query: 'x', documents: Array(limits.rerankEmbeddedTextsMax + 1).fill('a'), partial: false },
    'documents',
    'invalid_request',
  ],
])('/v1/rerank and /v2/rerank refuse %s with the path', async (_, body, path, code) => {
  for (const route of ['/v1/rerank', '/v2/rerank']) {
    const answer = await http.call('POST', route, body);
    expect([answer.status, answer.at('code')]).toEqual([400, code]);
    expect(answer.at('fields')).toEqual(expect.arrayContaining([expect.objectContaining({ path })]));
    expect(answer.text).not.toMatch(libraryWords);
  }
});
