import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../src/limits.ts';
import { storedDocumentSchema, writeAckSchema } from '../../src/wire/document.ts';
import type { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

let http: HttpHarness<FakeTriptych>;

beforeEach(async () => {
  await http?.close();
  http = await startHttp();
});

afterAll(() => http.close());

const film = { title: 'Heat', facets: { genres: ['Crime'] }, fields: { year: 1995, released: '1995-12-15' } };

describe('/v1/documents/{id}', () => {
  it('writes, reads and deletes', async () => {
    const put = await http.call('PUT', '/v1/documents/heat', { ...film, embedding: [0, 2, 0, 0] });
    expect(put.status).toBe(202);
    expect(writeAckSchema.parse(put.json)).toMatchObject({ id: 'heat', version: 1, searchable: false });
    const got = await http.call('GET', '/v1/documents/heat');
    expect(storedDocumentSchema.parse(got.json)).toMatchObject({ id: 'heat', version: 1, ...film });
    expect(got.at('embedding')).toBeUndefined();
    const deleted = await http.call('DELETE', '/v1/documents/heat');
    expect([deleted.status, deleted.at('version')]).toEqual([202, 2]);
    expect((await http.call('GET', '/v1/documents/heat')).at('code')).toBe('document_not_found');
    expect((await http.call('DELETE', '/v1/documents/heat')).at('code')).toBe('document_not_found');
  });

  it('gives the embedding in a form that can be put back', async () => {
    await http.call('PUT', '/v1/documents/heat', { ...film, embedding: [0, 3, 4, 0] });
    const got = await http.call('GET', '/v1/documents/heat?include=embedding');
    const again = await http.call('PUT', '/v1/documents/twin', { ...film, embedding: got.at('embedding') });
    expect(again.status).toBe(202);
    expect(http.triptych.stored.get('twin')?.embedding).toEqual(Float32Array.of(0, 0.6, 0.8, 0));
  });

  it('passes ?wait=searchable on and refuses another value', async () => {
    const put = await http.call('PUT', '/v1/documents/a?wait=searchable', film);
    expect(put.at('searchable')).toBe(true);
    expect(http.triptych.writes.at(-1)?.waitSearchable).toBe(true);
    const refused = await http.call('PUT', '/v1/documents/a?wait=yes', film);
    expect([refused.status, refused.at('fields.0.path')]).toEqual([400, 'wait']);
  });

  it('answers HEAD without a body', async () => {
    await http.call('PUT', '/v1/documents/a', film);
    const head = await http.call('HEAD', '/v1/documents/a');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(50);
  });

  it.each([
    ['%00', 'id'],
    ['a%0Ab', 'id'],
    ['a%C2%85b', 'id'],
    ['x'.repeat(limits.idCharsMax + 1), 'id'],
    ['%ff', 'path'],
    ['%zz', 'path'],
    ['%', 'path'],
  ])('refuses the id %s', async (id, path) => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const answer = await http.raw(
        `${method} /v1/documents/${id} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('application/problem+json');
      expect(answer).toContain(`"path":"${path}"`);
    }
    expect(http.triptych.writes).toEqual([]);
  });

  it.each<[unknown, string, string]>([
    [{}, 'invalid_document', 'title'],
    [{ ...film, title: ' ' }, 'invalid_document', 'title'],
    [{ ...film, colour: 'red' }, 'invalid_document', 'colour'],
    [{ ...film, facets: { moods: ['dark'] } }, 'unknown_field', 'facets.moods'],
    [{ ...film, facets: { 'odd name': ['x'] } }, 'unknown_field', 'facets["odd name"]'],
    [{ ...film, fields: { rating: 3 } }, 'unknown_field', 'fields.rating'],
    [{ ...film, fields: { year: '1995' } }, 'invalid_document', 'fields.year'],
    [{ ...film, fields: { released: '1995-02-30' } }, 'invalid_document', 'fields.released'],
    [{ ...film, fields: { seen: 1 } }, 'invalid_document', 'fields.seen'],
    [{ ...film, facets: { genres: ['a', 3] } }, 'invalid_document', 'facets.genres[1]'],
    [{ ...film, embedding: [1, 2] }, 'wrong_dimension', 'embedding'],
    [{ ...film, embedding: [0, 0, 0, 0] }, 'invalid_request', 'embedding'],
    [{ ...film, embedding: [0, 0, 1e39, 0] }, 'invalid_request', 'embedding[2]'],
    [{ ...film, embedding: { b64: 'AAAA' } }, 'invalid_request', 'embedding.b64'],
    [
      { ...film, relations: [{ type: 'X', id: 'a', strength: 2 }] },
      'invalid_document',
      'relations[0].strength',
    ],
    [{ ...film, relations: [{ type: 'X', id: 'heat' }] }, 'invalid_document', 'relations[0].id'],
    [
      {
        ...film,
        relations: [
          { type: 'X', id: 'a' },
          { type: 'X', id: 'a' },
        ],
      },
      'invalid_document',
      'relations[1]',
    ],
    [{ ...film, relations: [{ type: 'SIMILAR_TO', id: 'a' }] }, 'invalid_document', 'relations[0].type'],
    [[], 'invalid_document', '$'],
    [null, 'invalid_document', '$'],
  ])('refuses the document %j', async (body, code, path) => {
    const answer = await http.call('PUT', '/v1/documents/heat', body);
    expect([answer.status, answer.at('code'), answer.at('fields.0.path')]).toEqual([400, code, path]);
    expect(http.triptych.writes).toEqual([]);
  });

  it('names each thing that is wrong once', async () => {
    const relation = { type: 'SIMILAR_TO', id: 'heat' };
    const answer = await http.call('PUT', '/v1/documents/heat', { ...film, relations: [relation, relation] });
    expect((answer.at('fields') as { path: string }[]).map(({ path }) => path)).toEqual([
      'relations[0].type',
      'relations[0].id',
      'relations[1].type',
      'relations[1].id',
      'relations[1]',
    ]);
  });

  it('needs a catalogue', async () => {
    http.triptych.live = null;
    for (const [method, body] of [['GET'], ['DELETE'], ['PUT', film]] as const) {
      const answer = await http.call(method, '/v1/documents/a', body);
      expect([answer.status, answer.at('code')]).toEqual([409, 'no_catalogue']);
    }
  });
});

describe('GET /v1/documents', () => {
  const ids = ['a', 'b', 'c', 'd', 'ü', '\u{1f600}', '\uff5e'];

  async function walk(limit: number): Promise<string[]> {
    const seen: string[] = [];
    let cursor: unknown = null;
    for (let pages = 0; pages < 50; pages++) {
      const from = cursor === null ? '' : `&cursor=${String(cursor)}`;
      const page = await http.call('GET', `/v1/documents?limit=${limit}${from}`);
      expect(page.status).toBe(200);
      const documents = page.at('documents') as { id: string }[];
      expect(documents.length).toBeLessThanOrEqual(limit);
      seen.push(...documents.map(({ id }) => id));
      cursor = page.at('cursor');
      if (cursor === null) return seen;
    }
    throw new Error('the pages do not end');
  }

  it.each([1, 2, 3, 7, 100])('walks all documents once, %d at a time', async (limit) => {
    for (const id of ids) await http.call('PUT', `/v1/documents/${encodeURIComponent(id)}`, film);
    expect(await walk(limit)).toEqual(['a', 'b', 'c', 'd', 'ü', '\uff5e', '\u{1f600}']);
  });

  it('ends a page early when its documents are large', async () => {
    const text = 'x'.repeat(limits.textCharsMax);
    const count = Math.ceil(limits.listPageBytesMax / limits.textCharsMax) + 20;
    const operations = Array.from({ length: count }, (_, i) => ({
      kind: 'put' as const,
      document: { id: `d${i}`, title: 't', text, facets: {}, fields: {}, relations: [], embedding: null },
    }));
    await http.triptych.write('default', operations, { waitSearchable: false });
    const page = await http.call('GET', '/v1/documents?limit=1000');
    expect(page.text.length).toBeLessThan(limits.listPageBytesMax + 10_000);
    expect(page.at('cursor')).not.toBeNull();
    expect(new Set(await walk(1000)).size).toBe(count);
  });

  it.each([
    'cursor=%20',
    'cursor=YQ%3D%3D',
    'cursor=AA',
    'cursor=',
    'limit=0',
    'limit=1001',
    'limit=ten',
    'offset=3',
  ])('refuses ?%s', async (query) => {
    const answer = await http.call('GET', `/v1/documents?${query}`);
    expect([answer.status, answer.at('code')]).toEqual([400, 'invalid_request']);
    expect(answer.at('fields.0.path')).toBe(query.split('=')[0]);
  });
});
