import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { catalogueSchemaToWire, parseCatalogueSchema } from '../../src/wire/catalogue.ts';
import { planStatsSchema } from '../../src/wire/plan-stats.ts';
import { catalogueAckSchema, catalogueStatusSchema, profilesSchema } from '../../src/wire/status.ts';
import { type FakeTriptych, filmSchema } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

let http: HttpHarness<FakeTriptych>;

beforeEach(async () => {
  await http?.close();
  http = await startHttp();
});

afterAll(() => http.close());

describe('/v1/catalogue', () => {
  it('sets the first schema, accepts it again and refuses another', async () => {
    http.triptych.live = null;
    expect((await http.call('GET', '/v1/catalogue')).at('code')).toBe('no_catalogue');
    const wire = catalogueSchemaToWire(filmSchema);
    for (let times = 0; times < 2; times++) {
      const put = await http.call('PUT', '/v1/catalogue', wire);
      expect(put.status).toBe(200);
      expect(parseCatalogueSchema(catalogueAckSchema.parse(put.json).schema)).toEqual(filmSchema);
    }
    const other = await http.call('PUT', '/v1/catalogue', { ...wire, name: 'books' });
    expect([other.status, other.at('code')]).toEqual([409, 'catalogue_conflict']);
  });

  it.each(['f32', 'f16', 'int8', undefined])('keeps the tier of its vectors: %s', async (tier) => {
    http.triptych.live = null;
    const wire = { ...catalogueSchemaToWire(filmSchema), embedding: { model: 'test', dimension: 4, tier } };
    expect((await http.call('PUT', '/v1/catalogue', wire)).status).toBe(200);
    expect((await http.call('GET', '/v1/catalogue')).at('schema.embedding.tier')).toBe(tier ?? 'f32');
  });

  it('shows schema, counts, epoch and facets', async () => {
    const got = await http.call('GET', '/v1/catalogue');
    expect(catalogueStatusSchema.parse(got.json)).toMatchObject({
      generation: 1,
      documents: 0,
      epoch: '1-0000000000000000',
      facets: { genres: [{ value: 'Drama', count: 1 }] },
    });
  });

  it.each<[object, string]>([
    [{ name: '1' }, 'name'],
    [{ facets: ['a', 'a'] }, 'facets'],
    [{ facets: ['constructor'] }, 'facets[0]'],
    [{ fields: { 'x y': { type: 'number' } } }, 'fields["x y"]'],
    [{ fields: { x: { type: 'text' } } }, 'fields.x.type'],
    [{ popularity: 'released' }, 'popularity'],
    [{ recency: { field: 'year' } }, 'recency.field'],
    [{ embedding: { model: 'm', dimension: 0 } }, 'embedding.dimension'],
    [{ embedding: { model: 'm', dimension: 4, tier: 'f64' } }, 'embedding.tier'],
    [{ embedding: { model: 'm', dimension: 4, lo: 0.5, hi: 0.5 } }, 'embedding.hi'],
    [{ embedding: { model: 'm', dimension: 4, text: ['facets.none'] } }, 'embedding.text[0]'],
    [{ relations: [{ type: 'X', facet: 'none', strength: 1 }] }, 'relations[0].facet'],
    [{ more: 1 }, 'more'],
  ])('refuses a schema with %j', async (change, path) => {
    http.triptych.live = null;
    const answer = await http.call('PUT', '/v1/catalogue', {
      ...catalogueSchemaToWire(filmSchema),
      ...change,
    });
    expect([answer.status, answer.at('code')]).toEqual([400, 'invalid_schema']);
    expect(answer.at('fields.0.path')).toBe(path);
    expect(http.triptych.live).toBeNull();
  });
});

describe('status', () => {
  it('lists the profiles', async () => {
    const answer = await http.call('GET', '/v1/profiles');
    const { profiles, default: usual } = profilesSchema.parse(answer.json);
    expect(profiles.map(({ name }) => name)).toEqual([
      'linear',
      'multiplicative',
      'personal',
      'collaborative',
      'rrf',
    ]);
    expect(usual).toBe('linear');
  });

  it('shows measured latencies, the backends and what their choice rests on', async () => {
    const answer = await http.call('GET', '/v1/plan/stats');
    const { legs, backend, scorer } = planStatsSchema.parse(answer.json);
    expect(legs).toEqual({ vector: { count: 3, p50_ms: 1, p95_ms: 2 } });
    expect([backend, scorer.setting]).toEqual(['native', 'auto']);
    expect(scorer.backends).toEqual([
      { name: 'native', variant: 'avx2', state: 'ready', reason: null },
      { name: 'cuda', variant: '', state: 'missing', reason: 'no driver' },
      { name: 'js', variant: '', state: 'ready', reason: null },
    ]);
    const [{ cells, ...calibration }] = scorer.calibrations as [(typeof scorer.calibrations)[0]];
    expect(calibration).toEqual({
      tier: 'f32',
      dimension_max: 512,
      measured_at: '2026-01-02T00:00:00.000Z',
      kept: true,
    });
    expect(cells).toHaveLength(12);
    expect(cells[0]).toEqual({ rows: 30, requests: 1, backend: 'js', us: { native: 10, js: 2 } });
    expect(cells[11]).toEqual({
      rows: 1_000,
      requests: 32,
      backend: 'native',
      us: { native: 120, js: 1_100 },
    });
  });
});
