import { z } from 'zod';
import { TriptychError } from '../../errors.ts';
import { healthSchema, indexSchema, liveSchema } from '../../wire/status.ts';
import type { Route } from '../route.ts';

const livez: Route = {
  method: 'get',
  path: '/livez',
  always: true,
  scope: 'open',
  operation: {
    id: 'livez',
    summary: 'Whether the process answers at all.',
    tag: 'operations',
    answers: { 200: { description: 'It does.', schema: liveSchema } },
    errors: [],
  },
  handle: async () => ({ status: 200, json: { live: true } }),
};

const readyz: Route = {
  method: 'get',
  path: '/readyz',
  always: true,
  scope: 'open',
  operation: {
    id: 'readyz',
    summary: 'Whether searches and writes can be answered; 503 names the parts that are not ready.',
    tag: 'operations',
    answers: { 200: { description: 'Ready.', schema: healthSchema } },
    errors: ['not_ready'],
  },
  async handle(_exchange, _inputs, { triptych, lifecycle }) {
    if (lifecycle.draining) throw new TriptychError('not_ready', 'the service is stopping');
    const { ready, parts } = await triptych.readiness();
    if (!ready) throw new TriptychError('not_ready', 'the service is starting', { members: { parts } });
    return { status: 200, json: { ready, parts } };
  },
};

const metrics: Route = {
  method: 'get',
  path: '/metrics',
  always: true,
  scope: ['admin'],
  operation: {
    id: 'metrics',
    summary: 'Everything measured, in the Prometheus text format.',
    tag: 'operations',
    answers: { 200: { description: 'Metrics.', contentType: 'text/plain', schema: z.string() } },
    errors: [],
  },
  async handle(_exchange, _inputs, { meter }) {
    const { contentType, text } = await meter.exposition();
    return { status: 200, text, contentType };
  },
};

const openApi: Route = {
  method: 'get',
  path: '/openapi.json',
  always: true,
  scope: 'any',
  operation: {
    id: 'openApi',
    summary: 'This document.',
    tag: 'operations',
    answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
    errors: [],
  },
  handle: async (_exchange, _inputs, services) => ({ status: 200, json: services.openApi }),
};

const index: Route = {
  method: 'get',
  path: '/',
  always: true,
  scope: 'any',
  operation: {
    id: 'index',
    summary: 'What is here.',
    tag: 'operations',
    answers: { 200: { description: 'The routes.', schema: indexSchema } },
    errors: [],
  },
  handle: async (_exchange, _inputs, { version, routes }) => ({
    status: 200,
    json: {
      name: 'triptych',
      version,
      routes: routes.map(({ method, path, operation }) => ({
        method: method.toUpperCase(),
        path,
        summary: operation.summary,
      })),
    },
  }),
};

export const operationRoutes: readonly Route[] = [livez, readyz, metrics, openApi, index];
