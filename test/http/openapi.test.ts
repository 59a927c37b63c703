import { Validator } from '@seriousme/openapi-schema-validator';
import type { Express } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PromMeter } from '../../src/adapters/prom/prom-meter.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { errorCatalogue } from '../../src/errors.ts';
import { createHttpApp } from '../../src/http/app.ts';
import { routes } from '../../src/http/routes/index.ts';
import { bulkLineSchema, bulkOutcomeSchema } from '../../src/wire/bulk.ts';
import { catalogueSchemaSchema, parseCatalogueSchema } from '../../src/wire/catalogue.ts';
import { components } from '../../src/wire/components.ts';
import { documentBodySchema, documentSchema } from '../../src/wire/document.ts';
import { embeddingSchema } from '../../src/wire/embedding.ts';
import { eventsAckSchema, eventsRequestSchema } from '../../src/wire/event.ts';
import { explainResponseSchema } from '../../src/wire/explain.ts';
import { exportLineSchema } from '../../src/wire/export.ts';
import { policyBodySchema, policyPatchSchema, policyResponseSchema } from '../../src/wire/policy.ts';
import { predicateSchema } from '../../src/wire/predicate.ts';
import { problemSchema } from '../../src/wire/problem.ts';
import { rerankRequestSchema } from '../../src/wire/rerank.ts';
import { rerankResponseSchema } from '../../src/wire/rerank-response.ts';
import { ruleSchema, sourcedRuleSchema } from '../../src/wire/rule.ts';
import { batchRequestSchema, explainRequestSchema, searchRequestSchema } from '../../src/wire/search.ts';
import { searchEventSchema } from '../../src/wire/search-event.ts';
import { searchResponseSchema } from '../../src/wire/search-response.ts';
import { tenantRulesBodySchema, tenantRulesResponseSchema } from '../../src/wire/tenant-rules.ts';
import { warningSchema } from '../../src/wire/warning.ts';
import { FakeTriptych } from '../support/fake-triptych.ts';
import { type HttpHarness, startHttp } from '../support/http-harness.ts';

type Operation = {
  readonly operationId: string;
  readonly security: readonly Record<string, string[]>[];
  readonly responses: Record<string, { readonly description: string; readonly headers: object }>;
};

let http: HttpHarness<FakeTriptych>;
let spec: { readonly openapi: string; readonly paths: Record<string, Record<string, Operation>> };

beforeAll(async () => {
  http = await startHttp();
  spec = (await http.call('GET', '/openapi.json')).json as typeof spec;
});

afterAll(() => http.close());

function examplesOf(schema: z.ZodType): readonly unknown[] {
  const examples = z.globalRegistry.get(schema)?.examples;
  return Array.isArray(examples) ? examples : [];
}

/** `GET /v1/documents/{id}` of everything that express really routes. */
function routed(): string[] {
  const meter = new PromMeter();
  const silent = { info() {}, warn() {}, error() {} };
  const app: Express = createHttpApp({
    triptych: new FakeTriptych(),
    meter,
    logger: silent,
    clock: systemClock,
    version: '0',
  });
  meter.close();
  const found: string[] = [];
  for (const layer of app.router.stack) {
    if (layer.route === undefined) continue;
    const path = layer.route.path.replace(/:(\w+)/g, '{$1}');
    for (const step of layer.route.stack) found.push(`${step.method.toUpperCase()} ${path}`);
  }
  return found.sort();
}

describe('/openapi.json', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(
      structuredClone(spec) as unknown as Record<string, unknown>,
    );
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(spec.openapi).toMatch(/^3\.1/);
  });

  it('has every route of the router, and no other', () => {
    const documented = Object.entries(spec.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(routed());
    expect(routed().length).toBeGreaterThan(15);
  });

  it('names each operation once and every code with its status', () => {
    const operations = Object.values(spec.paths).flatMap((path) => Object.values(path));
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const route of routes)
      for (const code of route.operation.errors) {
        const operation = spec.paths[route.path]?.[route.method];
        expect(operation?.responses[errorCatalogue[code].status]?.description).toContain(`\`${code}\``);
      }
  });

  it('asks for a key, and names its scopes, wherever the route does', () => {
    for (const route of routes) {
      const { security, responses } = spec.paths[route.path]![route.method]!;
      const scopes = new Set(security.flatMap((scheme) => Object.values(scheme).flat()));
      const wanted = typeof route.scope === 'string' ? [] : [...route.scope, 'admin'];
      expect([...scopes].sort()).toEqual([...new Set(wanted)].sort());
      expect(security.length === 0).toBe(route.scope === 'open');
      for (const status of ['401', '403', '429']) expect(status in responses).toBe(route.scope !== 'open');
      if (route.scope !== 'open') expect(Object.keys(responses['429']!.headers)).toContain('retry-after');
    }
  });

  it('documents the headers that answers really have', async () => {
    const answer = await http.call('POST', '/v1/search', { query: 'x' });
    const documented = Object.keys(spec.paths['/v1/search']!.post!.responses['200']!.headers);
    expect(documented).toEqual(['x-request-id', 'traceparent', 'server-timing']);
    expect(answer.headers.has('server-timing')).toBe(true);
    const timed = routes.flatMap(({ method, path }) => {
      const { headers = {} } = spec.paths[path]![method]!.responses['200'] ?? {};
      return 'server-timing' in headers ? [`${method} ${path}`] : [];
    });
    const calls: Record<string, readonly [string, string, unknown?]> = {
      'post /v1/search': ['POST', '/v1/search', { query: 'x' }],
      'post /v1/search/batch': ['POST', '/v1/search/batch', { searches: [{ query: 'x' }] }],
      'post /v1/explain': ['POST', '/v1/explain', { query: 'x', document: 'a' }],
      'post /v1/rerank': ['POST', '/v1/rerank', { query: 'x', ids: ['a'] }],
      'post /v2/rerank': ['POST', '/v2/rerank', { query: 'x', documents: ['a'] }],
      'get /v1/similar/{id}': ['GET', '/v1/similar/a'],
    };
    await http.call('PUT', '/v1/documents/a', { title: 'a', embedding: [1, 0, 0, 0] });
    expect(timed.sort()).toEqual(Object.keys(calls).sort());
    for (const call of Object.values(calls))
      expect([call, (await http.call(...call)).headers.get('server-timing')]).toEqual([
        call,
        expect.stringMatching(/total;dur=/),
      ]);
    expect(Object.keys(spec.paths['/v1/search']!.post!.responses['503']!.headers)).toContain('retry-after');
  });

  it('says what conditions, ETags and media types a route has', () => {
    const { get, put, patch, delete: remove } = spec.paths['/v1/users/{id}/policy']!;
    const conditions = (operation: unknown) =>
      JSON.stringify(operation).match(/parameters\/(IfMatch|IfNoneMatch)/g);
    expect([get, put, patch, remove].map(conditions)).toEqual([
      null,
      ['parameters/IfMatch', 'parameters/IfNoneMatch'],
      ['parameters/IfMatch'],
      ['parameters/IfMatch'],
    ]);
    expect(Object.keys(put!.responses['200']!.headers)).toContain('etag');
    expect(remove!.responses['204']).not.toHaveProperty('content');
    const search = spec.paths['/v1/search']!.post!.responses['200'] as unknown as { content: object };
    expect(Object.keys(search.content)).toEqual([
      'application/json',
      'application/x-ndjson',
      'text/event-stream',
    ]);
  });

  it('has only references that lead somewhere', () => {
    const text = JSON.stringify(spec);
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path!);
    expect(references.length).toBeGreaterThan(50);
    for (const reference of new Set(references)) {
      let part: unknown = spec;
      for (const step of reference.split('/')) part = (part as Record<string, unknown>)[step];
      expect(part, reference).toBeDefined();
    }
  });
});

describe('examples', () => {
  const named = [
    ...[searchRequestSchema, batchRequestSchema, documentBodySchema, documentSchema, predicateSchema],
    ...[embeddingSchema, catalogueSchemaSchema, problemSchema, searchResponseSchema, bulkOutcomeSchema],
    ...[ruleSchema, sourcedRuleSchema, warningSchema, explainRequestSchema, explainResponseSchema],
    ...[rerankRequestSchema, rerankResponseSchema],
    ...[policyBodySchema, policyPatchSchema, policyResponseSchema, tenantRulesBodySchema],
    ...[tenantRulesResponseSchema, eventsRequestSchema, eventsAckSchema, exportLineSchema, searchEventSchema],
  ];

  it.each(named.map((schema) => [components.get(schema)?.id, schema] as const))('of %s fit', (id, schema) => {
    const examples = examplesOf(schema);
    expect(examples.length, id).toBeGreaterThan(0);
    for (const example of examples) expect(schema.safeParse(example).error, id).toBeUndefined();
    const schemas = (spec as unknown as { components: { schemas: Record<string, { examples?: unknown }> } })
      .components.schemas;
    expect(schemas[id!]?.examples).toEqual(examples);
  });

  it('of a bulk outcome are what the route answers', async () => {
    const fresh = await startHttp();
    try {
      const id = 'the-iron-giant-1999-08-04';
      const lines = [{ id, title: 'The Iron Giant' }, { delete: 'unknown' }];
      const answer = await fetch(`${fresh.url}/v1/documents/bulk`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
      });
      const outcomes = (await answer.text()).trimEnd().split('\n');
      expect(outcomes.map((line) => JSON.parse(line))).toEqual(examplesOf(bulkOutcomeSchema));
    } finally {
      await fresh.close();
    }
  });

  it('hold together: schema, document, search', async () => {
    const fresh = await startHttp();
    try {
      fresh.triptych.live = null;
      const first = (schema: z.ZodType) => examplesOf(schema)[0];
      const schema = first(catalogueSchemaSchema);
      parseCatalogueSchema(schema);
      expect((await fresh.call('PUT', '/v1/catalogue', schema)).status).toBe(200);
      const put = await fresh.call('PUT', '/v1/documents/x', first(documentBodySchema));
      expect(put.status, put.text).toBe(202);
      for (const example of examplesOf(searchRequestSchema)) {
        const answer = await fresh.call('POST', '/v1/search', example);
        expect(answer.status, answer.text).toBe(200);
      }
      expect(bulkLineSchema.safeParse(first(documentSchema)).error).toBeUndefined();
      for (const [method, path, example, status] of [
        ['PUT', '/v1/rules', first(tenantRulesBodySchema), 200],
        ['PUT', '/v1/users/u1/policy', first(policyBodySchema), 200],
        ['PATCH', '/v1/users/u1/policy', first(policyPatchSchema), 200],
        ['POST', '/v1/events', first(eventsRequestSchema), 202],
        // The document of the example is not there, so everything else was right.
        ['POST', '/v1/explain', first(explainRequestSchema), 404],
        ['POST', '/v1/rerank', first(rerankRequestSchema), 200],
      ] as const) {
        const answer = await fresh.call(method, path, example);
        expect([path, answer.status, answer.text]).toEqual([path, status, answer.text]);
      }
    } finally {
      await fresh.close();
    }
  });
});
