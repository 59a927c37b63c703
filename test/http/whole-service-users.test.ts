import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Triptych } from '../../src/ports/triptych.ts';
import { catalogueSchemaToWire } from '../../src/wire/catalogue.ts';
import { explainResponseSchema } from '../../src/wire/explain.ts';
import { exportLineSchema } from '../../src/wire/export.ts';
import { policyResponseSchema } from '../../src/wire/policy.ts';
import { searchEventSchema } from '../../src/wire/search-event.ts';
import { searchResponseSchema, type WireSearchResponse } from '../../src/wire/search-response.ts';
import { tenantRulesResponseSchema } from '../../src/wire/tenant-rules.ts';
import { filmSchema } from '../support/fake-triptych.ts';
import type { HttpHarness } from '../support/http-harness.ts';
import { startWholeService } from '../support/whole-service.ts';

/** Users over HTTP and the real service with its embedded stores: each test goes on where the one before it ended. */

let http: HttpHarness<Triptych>;

const count = 24;
const ratings = ['G', 'PG', 'R'];
const films = Array.from({ length: count }, (_, i) => ({
  id: `f${i}`,
  title: `Film ${i}`,
  text: 'a robot in space',
  embedding: [Math.cos(i / count), Math.sin(i / count), 0, 0],
  facets: { genres: [i % 2 === 0 ? 'Drama' : 'Comedy'] },
  fields: { year: 1980 + i, released: `${1980 + i}-05-01`, ...(i % 4 < 3 && { mpaa: ratings[i % 4]! }) },
  relations: [],
}));

beforeAll(async () => {
  http = await startWholeService();
  await http.call('PUT', '/v1/catalogue', catalogueSchemaToWire(filmSchema));
  const lines = films.map((film) => JSON.stringify(film)).join('\n');
  await http.call('POST', '/v1/documents/bulk?wait=searchable', lines, {
    'content-type': 'application/x-ndjson',
  });
}, 60_000);

afterAll(async () => {
  await http?.close();
});

const question = { query: 'robot', embedding: [1, 0, 0, 0], user: 'ann', k: 5, timeout_ms: 10_000 };

async function search(more: object = {}): Promise<WireSearchResponse> {
  const answer = await http.call('POST', '/v1/search', { ...question, ...more });
  expect(answer.status, answer.text).toBe(200);
  return searchResponseSchema.parse(answer.json);
}

const ids = ({ results }: WireSearchResponse) => results.map(({ id }) => id);

async function explain(document: string, more: object = {}) {
  const answer = await http.call('POST', '/v1/explain', { ...question, ...more, document });
  expect(answer.status, answer.text).toBe(200);
  return explainResponseSchema.parse(answer.json);
}

describe('rules', () => {
  it('declare contexts, which searches then name', async () => {
    const unknown = await http.call('POST', '/v1/search', { ...question, context: 'kids' });
    expect([unknown.status, unknown.at('code')]).toEqual([400, 'unknown_context']);
    const kids = {
      description: 'for children',
      rules: [{ kind: 'maxRating', field: 'mpaa', value: 'PG' }],
      preferences: {},
    };
    const put = await http.call(
      'PUT',
      '/v1/rules',
      { rules: [], contexts: { kids } },
      { 'if-none-match': '*' },
    );
    expect(put.status, put.text).toBe(200);
    expect(tenantRulesResponseSchema.parse(put.json).contexts).toHaveProperty('kids');
    const answer = await search({ context: 'kids', k: 100, include: ['fields'] });
    expect(answer.total.value).toBe(12);
    expect(new Set(answer.results.map(({ fields }) => fields!.mpaa))).toEqual(new Set(['G', 'PG']));
    expect((await explain('f2', { context: 'kids' })).dropped_by).toMatchObject([
      { rule: { kind: 'maxRating', source: 'context', index: 0 }, value: 'R' },
    ]);
  });

  it('are written on the version that was read, or not at all', async () => {
    const read = await http.call('GET', '/v1/rules');
    const { contexts } = read.json as { contexts: object };
    const body = { rules: [{ kind: 'idsExclude', ids: ['f23'] }], contexts };
    const none = await http.call('PUT', '/v1/rules', body, { 'if-none-match': '*' });
    expect([none.status, none.at('code')]).toEqual([412, 'precondition_failed']);
    const etag = read.headers.get('etag')!;
    expect((await http.call('PUT', '/v1/rules', body, { 'if-match': etag })).status).toBe(200);
    expect((await http.call('PUT', '/v1/rules', body, { 'if-match': etag })).status).toBe(412);
    expect((await search()).total.value).toBe(23);
  });
});

describe('a policy', () => {
  const path = '/v1/users/ann/policy';

  it('is put, patched and refused by its ETag, and the next search goes by it', async () => {
    await search();
    await search();
    expect((await search()).cached).toBe(true);
    const empty = await http.call('GET', path);
    expect(policyResponseSchema.parse(empty.json).version).toBe(0);
    const exclude = { kind: 'exclude', facet: 'genres', values: ['Comedy'] };
    const put = await http.call('PUT', path, { constraints: [exclude] }, { 'if-none-match': '*' });
    expect(put.status, put.text).toBe(200);
    const ruled = await search({ k: 100, include: ['facets'] });
    expect([ruled.cached, ruled.total.value]).toEqual([false, 12]);
    const etag = put.headers.get('etag')!;
    const patch = { preferences: { genres: { Drama: 1 } }, constraints: null };
    const merge = { 'content-type': 'application/merge-patch+json' };
    const patched = await http.call('PATCH', path, patch, { ...merge, 'if-match': etag });
    expect(patched.json).toMatchObject({ preferences: { genres: { Drama: 1 } }, constraints: [] });
    const stale = await http.call('PATCH', path, patch, { ...merge, 'if-match': etag });
    expect([stale.status, stale.at('code')]).toEqual([412, 'precondition_failed']);
    const free = await search({ explain: 'score' });
    expect(free.total.value).toBe(23);
    expect(free.results[0]!.signals!.preference!.value).toBeGreaterThan(0);
    const kids = await http.call('PUT', `${path}?context=kids`, { constraints: [exclude] });
    expect(kids.status).toBe(200);
    expect((await search({ context: 'kids' })).total.value).toBe(6);
  });

  it('is taken away', async () => {
    expect((await http.call('DELETE', `${path}?context=kids`)).status).toBe(204);
    expect((await http.call('DELETE', `${path}?context=kids`)).status).toBe(404);
    expect((await search({ context: 'kids' })).total.value).toBe(12);
  });
});

describe('events', () => {
  const at = '2026-01-01T00:00:00Z';

  it('change the next answer, once', async () => {
    const before = await search({ explain: 'full' });
    expect(before.results[0]!.signals!.taste?.value ?? null).toBeNull();
    const events = [
      { event_id: 'e1', user: 'ann', document: 'f20', type: 'like', at },
      { event_id: 'e2', user: 'ann', document: ids(before)[0]!, type: 'hide', at },
    ];
    const sent = await http.call('POST', '/v1/events', { events });
    expect([sent.status, sent.json]).toMatchObject([202, { accepted: 2, duplicates: 0 }]);
    const again = await http.call('POST', '/v1/events', { events });
    expect(again.json).toMatchObject({ accepted: 0, duplicates: 2 });
    await expect
      .poll(async () => (await search({ explain: 'full' })).results[0]!.signals!.taste?.value ?? null, {
        timeout: 20_000,
      })
      .not.toBeNull();
    const after = await search();
    expect(ids(after)).not.toContain(ids(before)[0]);
    const hidden = await explain(ids(before)[0]!);
    expect(hidden).toMatchObject({ outcome: 'dropped', dropped_by: [{ rule: { source: 'events' } }] });
    expect(ids(await search({ user: 'bob' }))).toContain(ids(before)[0]);
  });

  it('make recommendations for the user alone', async () => {
    const answer = await search({ query: undefined, embedding: undefined, explain: 'full' });
    expect(answer.results.flatMap(({ reasons }) => reasons)).toContain('close to your taste');
  });
});

describe('pages', () => {
  it('go on through cursors, beside what the user does, and end', async () => {
    const whole = await search({ k: 100 });
    const found: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 10; page++) {
      const answer = await search({ k: 5 + page, cursor });
      found.push(...ids(answer));
      if (answer.cursor === null) break;
      cursor = answer.cursor;
      const events = [{ event_id: `p${page}`, user: 'ann', document: 'f1', type: 'click' }];
      await http.call('POST', '/v1/events', { events });
    }
    expect(found).toEqual(ids(whole));
  });

  it('are refused to another body, and to a cursor that was tampered with', async () => {
    const { cursor } = await search();
    for (const body of [
      { ...question, query: 'space', cursor },
      { ...question, user: 'bob', cursor },
      { ...question, cursor: `${cursor!.slice(0, -1)}${cursor!.endsWith('A') ? 'B' : 'A'}` },
      { ...question, cursor: 'x' },
    ]) {
      const answer = await http.call('POST', '/v1/search', body);
      expect([answer.status, answer.at('code'), answer.at('fields.0.path')]).toEqual([
        400,
        'cursor_mismatch',
        'cursor',
      ]);
    }
  });
});

describe('a stream', () => {
  it('ends with the very answer, and says which it is', async () => {
    const body = { ...question, user: 'bob', query: 'robot space' };
    const headers = { accept: 'application/x-ndjson' };
    const read = async () =>
      (await http.call('POST', '/v1/search', body, headers)).text
        .trimEnd()
        .split('\n')
        .map((line) => searchEventSchema.parse(JSON.parse(line)));
    const computed = await read();
    const names = computed.map(({ event }) => event);
    expect(names.filter((name) => name !== 'provisional')).toEqual(['plan', 'final', 'done']);
    const kept = await read();
    expect(kept.map(({ event }) => event)).toEqual(['final', 'done']);
    const at = (events: typeof kept) =>
      events.find(({ event }) => event === 'final')!.data as WireSearchResponse;
    expect(ids(at(kept))).toEqual(ids(at(computed)));
    expect(at(kept).cached).toBe(true);
  });
});

describe('a user', () => {
  it('gets all that is known, line by line, and can have it erased', async () => {
    const exported = await http.call('GET', '/v1/users/ann/export');
    expect(exported.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = exported.text
      .trimEnd()
      .split('\n')
      .map((line) => exportLineSchema.parse(JSON.parse(line)));
    const kinds = lines.map(({ kind }) => kind);
    expect(kinds.slice(0, 2)).toEqual(['policy', 'state']);
    expect(kinds.slice(2).every((kind) => kind === 'event')).toBe(true);
    expect(lines).toContainEqual(expect.objectContaining({ kind: 'event', event_id: 'e1', document: 'f20' }));
    const { cursor } = await search();

    expect((await http.call('DELETE', '/v1/users/ann')).status).toBe(204);
    expect((await http.call('DELETE', '/v1/users/ann')).at('code')).toBe('user_not_found');
    expect((await http.call('GET', '/v1/users/ann/export')).at('code')).toBe('user_not_found');
    expect(ids(await search({ k: 100 }))).toEqual(ids(await search({ k: 100, user: 'nobody yet' })));
    // The list is gone with the user, and would come out differently now.
    const page = await http.call('POST', '/v1/search', { ...question, cursor });
    expect([page.status, page.at('code')]).toEqual([410, 'cursor_expired']);
  });

  it('leaves no unexpected error in the log', () => {
    expect(http.logs.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
