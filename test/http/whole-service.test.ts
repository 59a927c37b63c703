import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Triptych } from '../../src/ports/triptych.ts';
import { catalogueSchemaToWire } from '../../src/wire/catalogue.ts';
import { planStatsSchema } from '../../src/wire/plan-stats.ts';
import { problemSchema } from '../../src/wire/problem.ts';
import { batchResponseSchema, searchResponseSchema } from '../../src/wire/search-response.ts';
import { similarResponseSchema } from '../../src/wire/similar.ts';
import { catalogueStatusSchema } from '../../src/wire/status.ts';
import { filmSchema } from '../support/fake-triptych.ts';
import type { HttpHarness } from '../support/http-harness.ts';
import { mutatedJson } from '../support/mutations.ts';
import { ruleBases } from '../support/rule-bases.ts';
import { startWholeService } from '../support/whole-service.ts';

/** The edge over the real service with its embedded stores: what is sent arrives, and odd input breaks neither. */

let http: HttpHarness<Triptych>;

beforeAll(async () => {
  http = await startWholeService();
});

afterAll(async () => {
  await http?.close();
});

const film = (id: string, embedding: number[], genres: string[], year: number) => ({
  id,
  title: `Film ${id}`,
  text: 'a robot in space',
  embedding,
  facets: { genres },
  fields: { year, released: `${year}-05-01` },
  relations: [],
});

describe('the whole service over HTTP', () => {
  it('takes a schema and documents, and finds them', { timeout: 60_000 }, async () => {
    expect((await http.call('POST', '/v1/search', { query: 'x' })).at('code')).toBe('no_catalogue');
    const put = await http.call('PUT', '/v1/catalogue', catalogueSchemaToWire(filmSchema));
    expect(put.status, put.text).toBe(200);
    const lines = [
      film('a', [1, 0, 0, 0], ['Drama'], 1990),
      film('b', [0.9, 0.1, 0, 0], ['Comedy'], 1995),
      film('c', [0, 1, 0, 0], ['Comedy', 'Drama'], 2000),
      { id: 'bad', title: 'x', fields: { year: 'late' } },
    ];
    const bulk = await http.call(
      'POST',
      '/v1/documents/bulk?wait=searchable',
      lines.map((line) => JSON.stringify(line)).join('\n'),
      { 'content-type': 'application/x-ndjson' },
    );
    const outcomes = bulk.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(outcomes.map(({ status }) => status)).toEqual([202, 202, 202, 400]);
    expect(outcomes.map(({ searchable }) => searchable)).toEqual([undefined, undefined, undefined, true]);

    const found = await http.call('POST', '/v1/search', {
      embedding: [2, 0, 0, 0],
      query: 'robot',
      filter: {
        and: [
          { facet: 'genres', any: ['Comedy'] },
          { field: 'released', lt: '1999-01-01' },
        ],
      },
      include: ['fields', 'facets', 'facet_counts'],
      include_relationships: true,
      explain: 'full',
      timeout_ms: 5_000,
    });
    expect(found.status, found.text).toBe(200);
    const response = searchResponseSchema.parse(found.json);
    expect(response.results.map(({ id }) => id)).toEqual(['b']);
    expect(response.total).toEqual({ value: 1, relation: 'eq' });
    expect(response.plan).toBeDefined();
    expect(found.headers.get('server-timing')).toContain('total;dur=');
  });

  it('answers every other route in its shape', async () => {
    const batch = await http.call('POST', '/v1/search/batch', {
      searches: [
        { like: ['a'], timeout_ms: 5_000 },
        { k: 0 },
        { filter: { ids: ['a', 'c'] }, timeout_ms: 5_000 },
      ],
    });
    const { responses } = batchResponseSchema.parse(batch.json);
    expect(responses.map(({ status }) => status)).toEqual([200, 400, 200]);
    // Its deadline is the default one, which a busy machine may miss.
    const near = async () => similarResponseSchema.parse((await http.call('GET', '/v1/similar/a')).json);
    await expect.poll(async () => (await near()).degraded).toBe(false);
    const status = catalogueStatusSchema.parse((await http.call('GET', '/v1/catalogue')).json);
    expect(status.documents).toBe(3);
    planStatsSchema.parse((await http.call('GET', '/v1/plan/stats')).json);
    const removed = await http.call('DELETE', '/v1/documents/c?wait=searchable');
    expect([removed.status, removed.at('searchable')]).toEqual([202, true]);
    const gone = await http.call('POST', '/v1/search', { filter: { ids: ['a', 'c'] }, timeout_ms: 5_000 });
    expect(searchResponseSchema.parse(gone.json).results.map(({ id }) => id)).toEqual(['a']);
    expect((await http.call('GET', '/v1/documents/c')).at('code')).toBe('document_not_found');
  });

  it('loses none of twenty changes of one policy at once, and refuses none', {
    timeout: 60_000,
  }, async () => {
    for (const facet of ['genres', 'tags']) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          http.call('PATCH', '/v1/users/busy/policy', { preferences: { [facet]: { [`v${i}`]: 0.5 } } }),
        ),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    }
    const stored = await http.call('GET', '/v1/users/busy/policy');
    for (const facet of ['genres', 'tags'])
      expect(Object.keys(stored.at(`preferences.${facet}`) as object)).toHaveLength(20);
  });

  const numRuns = Number(process.env.TRIPTYCH_FUZZ_RUNS ?? 600) / 3;

  it('answers odd searches with a result or a problem', { timeout: 60_000 + numRuns * 100 }, () =>
    fc.assert(
      fc.asyncProperty(
        mutatedJson([
          { query: 'robot', k: 5, min_score: 0.1, timeout_ms: 5_000 },
          { embedding: [0.1, 0.2, 0.3, 0.4], diversity: 0.5, include: ['facet_counts'], timeout_ms: 5_000 },
          { like: ['a', 'nobody'], explain: 'full', include_relationships: true, timeout_ms: 5_000 },
          { query: 'robot', user: 'u1', constraints: ruleBases, cache: 'skip', timeout_ms: 5_000 },
          { filter: { not: { or: [{ field: 'year', gt: 1990 }, { ids: ['a'] }] } }, timeout_ms: 5_000 },
        ]),
        async (body) => {
          const answer = await http.call('POST', '/v1/search', body, { 'content-type': 'application/json' });
          if (answer.status === 200) searchResponseSchema.parse(answer.json);
          // Without an embedder a query alone may find no leg; a short deadline may pass. Neither is the input's fault.
          else if (answer.status >= 500) expect([503, 504], answer.text).toContain(answer.status);
          else problemSchema.parse(answer.json);
        },
      ),
      { numRuns },
    ),
  );

  it(
    'stores odd documents or refuses them, and serves what it stored',
    { timeout: 60_000 + numRuns * 100 },
    () =>
      fc.assert(
        fc.asyncProperty(
          mutatedJson([{ ...film('x', [1, 0, 0, 1], ['Drama'], 1990), id: undefined }]),
          async (body) => {
            const put = await http.call('PUT', '/v1/documents/odd', body, {
              'content-type': 'application/json',
            });
            expect(put.status === 503 || put.status < 500, put.text).toBe(true);
            if (put.status !== 202) return;
            const got = await http.call('GET', '/v1/documents/odd?include=embedding');
            expect([got.status, got.at('version')]).toEqual([200, put.at('version')]);
          },
        ),
        { numRuns },
      ),
  );

  it.each([
    ['PUT', '/v1/users/u/policy', { constraints: [{ kind: 'spacing', facet: 'mood', gap: 1 }] }, 400],
    ['PATCH', '/v1/users/u/policy', { learned: {} }, 400],
    ['DELETE', '/v1/users/u/policy?context=a%20b', undefined, 400],
    ['GET', '/v1/users/u/policy?user=v', undefined, 400],
    ['PUT', '/v1/rules', { rules: [{ kind: 'pin', id: 'a', rank: 101 }] }, 400],
    ['POST', '/v1/events', { events: [{ event_id: 'e', user: 'u', document: 'a', type: 'rate' }] }, 400],
    ['POST', '/v1/explain', { query: 'robot' }, 400],
    ['POST', '/v1/users/u', {}, 405],
  ])('%s %s refuses %j', async (method, path, body, status) => {
    const answer = await http.call(method, path, body);
    expect(answer.status, answer.text).toBe(status);
    problemSchema.parse(answer.json);
  });

  it('logged no unexpected error', () => {
    expect(http.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
