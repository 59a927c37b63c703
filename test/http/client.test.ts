import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TriptychClient, TriptychRequestError } from '../../src/client/index.ts';
import type { Triptych } from '../../src/ports/triptych.ts';
import { catalogueSchemaToWire } from '../../src/wire/catalogue.ts';
import { exportLineSchema } from '../../src/wire/export.ts';
import { planStatsSchema } from '../../src/wire/plan-stats.ts';
import { policyResponseSchema } from '../../src/wire/policy.ts';
import { searchResponseSchema } from '../../src/wire/search-response.ts';
import { all } from '../support/client-calls.ts';
import { filmSchema } from '../support/fake-triptych.ts';
import type { HttpHarness } from '../support/http-harness.ts';
import { startWholeService } from '../support/whole-service.ts';

/** The client against the whole service behind the real server. */

let http: HttpHarness<Triptych>;
let client: TriptychClient;

beforeAll(async () => {
  http = await startWholeService();
  client = new TriptychClient({ url: http.url });
});

afterAll(() => http?.close());

const film = (index: number) => ({
  id: `film ${index}/ü`,
  title: `Film ${index}`,
  text: 'a robot in space',
  embedding: [1, index / 10, 0, 0],
  facets: { genres: [index % 2 === 0 ? 'Drama' : 'Comedy'] },
  fields: { year: 1990 + index },
});

const failed = (error: unknown): TriptychRequestError => {
  expect(error).toBeInstanceOf(TriptychRequestError);
  return error as TriptychRequestError;
};

describe('the client over the whole service', { timeout: 60_000 }, () => {
  it('begins a catalogue and writes it, document by document and in bulk', async () => {
    const early = failed(await client.search({ query: 'x' }).catch((error: unknown) => error));
    expect([early.status, early.code, early.retriable]).toEqual([409, 'no_catalogue', false]);
    expect((await client.putCatalogue(catalogueSchemaToWire(filmSchema))).generation).toBe(1);
    const films = Array.from({ length: 2_100 }, (_, i) => film(i));
    async function* lines() {
      yield* films;
      yield { id: 'bad', title: 'Bad', fields: { year: 'late' } };
      yield { delete: 'nobody' };
      yield film(3);
    }
    const outcomes = await all(client.bulk(lines(), { wait: 'searchable' }));
    expect(outcomes.map(({ line }) => line)).toEqual(Array.from({ length: 2_103 }, (_, i) => i + 1));
    expect(outcomes.filter(({ status }) => status === 202)).toHaveLength(2_101);
    expect(outcomes.slice(-3).map(({ status, searchable }) => [status, searchable])).toEqual([
      [400, undefined],
      [404, undefined],
      [202, true],
    ]);
    const { id, ...body } = film(7);
    const ack = await client.putDocument(id, { ...body, title: 'Seven' }, { wait: 'searchable' });
    expect(ack).toMatchObject({ id, version: 2, searchable: true });
    expect((await client.document(id)).title).toBe('Seven');
    const { embedding } = await client.document(id, { include: 'embedding' });
    expect(embedding?.b64.length).toBe(24);
    expect((await client.catalogue()).documents).toBe(2_100);
  });

  it('pages through all documents', async () => {
    const page = await client.documents({ limit: 2 });
    expect(page.documents.map(({ id }) => id)).toEqual(['film 0/ü', 'film 1/ü']);
    expect(page.cursor).not.toBeNull();
    const ids = (await all(client.allDocuments({ limit: 1_000 }))).map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([2_100, 2_100]);
  });

  it('searches at once, in parts, in batches, and explains', async () => {
    const body = { query: 'robot', embedding: [1, 0, 0, 0], k: 3, timeout_ms: 5_000 };
    const answer = searchResponseSchema.parse(await client.search(body, { requestId: 'mine-1' }));
    expect([answer.results.length, answer.request_id]).toEqual([3, 'mine-1']);
    const events = await all(client.searchStream({ ...body, cache: 'skip' }));
    expect(events[0]!.event).toBe('plan');
    expect(events.slice(-2).map(({ event }) => event)).toEqual(['final', 'done']);
    const final = events.find(({ event }) => event === 'final');
    expect(final?.event === 'final' && final.data.results.map(({ id }) => id)).toEqual(
      answer.results.map(({ id }) => id),
    );
    const { responses } = await client.searchBatch({ searches: [body, { ...body, k: 1, profile: 'nope' }] });
    expect(responses.map(({ status }) => status)).toEqual([200, 400]);
    const why = await client.explain({ ...body, document: 'film 0/ü' });
    expect(why.outcome).toBe('ranked');
    // Its deadline is the default one, which a busy machine may miss.
    await expect.poll(async () => (await client.similar('film 0/ü', { k: 2 })).results.length).toBe(2);
    const { results } = await client.rerank({ ...{ query: 'robot', ids: ['film 1/ü', 'film 0/ü'] } });
    expect(results.map(({ index }) => index).sort()).toEqual([0, 1]);
  });

  it('writes policies and rules under conditions', async () => {
    const put = policyResponseSchema.parse(
      await client.putPolicy('an/n', { preferences: { genres: { Drama: 1 } } }, { ifMatch: 0 }),
    );
    expect(put.version).toBeGreaterThan(0);
    const clash = failed(await client.putPolicy('an/n', {}, { ifMatch: 0 }).catch((error: unknown) => error));
    expect([clash.status, clash.code]).toEqual([412, 'precondition_failed']);
    const patched = await client.patchPolicy(
      'an/n',
      { constraints: [{ kind: 'exclude', facet: 'genres', values: ['Comedy'] }] },
      { ifMatch: put.version },
    );
    expect(patched.version).toBeGreaterThan(put.version);
    expect((await client.policy('an/n')).constraints).toHaveLength(1);
    const rules = await client.putRules({ contexts: { kids: { description: 'children' } } }, { ifMatch: 0 });
    expect(Object.keys((await client.rules()).contexts)).toEqual(['kids']);
    await client.putRules({}, { ifMatch: rules.version });
    await client.deletePolicy('an/n', { ifMatch: '*' });
    expect((await client.policy('an/n')).version).toBe(0);
  });

  it('records events, exports a user and erases it', async () => {
    const event = { event_id: 'e1', user: 'bo', document: 'film 0/ü', type: 'like' as const };
    expect(await client.events({ events: [event] })).toMatchObject({ accepted: 1, duplicates: 0 });
    expect(await client.events({ events: [event] })).toMatchObject({ accepted: 0, duplicates: 1 });
    const lines = await all(client.exportUser('bo'));
    for (const line of lines) exportLineSchema.parse(line);
    expect(lines.map(({ kind }) => kind)).toContain('event');
    await client.eraseUser('bo');
    const gone = failed(await all(client.exportUser('bo')).catch((error: unknown) => error));
    expect([gone.status, gone.code]).toEqual([404, 'user_not_found']);
  });

  it('reads what the service says of itself', async () => {
    expect((await client.profiles()).default).toBe('linear');
    planStatsSchema.parse(await client.planStats());
    expect((await client.ready()).ready).toBe(true);
    expect(await client.live()).toEqual({ live: true });
    expect(await client.metrics()).toContain('# TYPE ');
    expect((await client.openApi()).openapi).toMatch(/^3\.1/);
    expect((await client.index()).name).toBe('triptych');
  });

  it('tells where a mistake is, and under which id it is logged', async () => {
    const error = failed(
      await client
        .search({ query: 'x', filter: { facet: 'nope', any: ['a'] } }, { requestId: 'mine-2' })
        .catch((thrown: unknown) => thrown),
    );
    expect(error).toMatchObject({ status: 400, code: 'unknown_field', requestId: 'mine-2' });
    expect(error.fields).toEqual([{ path: 'filter.facet', message: expect.any(String) }]);
    expect(error.problem?.title).toBe('A facet or field is not in the catalogue schema');
    const stream = failed(
      await all(client.searchStream({ query: 'x', k: 0 })).catch((thrown: unknown) => thrown),
    );
    expect([stream.code, stream.fields[0]?.path]).toEqual(['invalid_request', 'k']);
  });

  it('deletes documents', async () => {
    expect(await client.deleteDocument('film 0/ü', { wait: 'searchable' })).toMatchObject({
      searchable: true,
    });
    const gone = failed(await client.document('film 0/ü').catch((thrown: unknown) => thrown));
    expect(gone.code).toBe('document_not_found');
  });
});
