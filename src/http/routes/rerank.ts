import { limits } from '../../limits.ts';
import {
  parseRerankRequest,
  rerankRequestSchema,
  rerankResponseSchema,
  rerankToWire,
} from '../../wire/rerank.ts';
import { liveSchema } from '../live-schema.ts';
import { jsonBodyErrors, readJson } from '../read-body.ts';
import type { Route } from '../route.ts';

export const rerank: Route = {
  method: 'post',
  path: '/v1/rerank',
  scope: ['search'],
  operation: {
    id: 'rerank',
    summary:
      'Documents of the catalogue in order of their score for a query, under the rules of whoever asks.',
    tag: 'search',
    body: { schema: rerankRequestSchema, contentType: 'application/json' },
    answers: { 200: { description: 'Scores, best first.', schema: rerankResponseSchema } },
    errors: [
      ...jsonBodyErrors,
      'unknown_field',
      'unknown_profile',
      'unknown_context',
      'wrong_dimension',
      'no_catalogue',
      'overloaded',
      'unavailable',
      'policy_unavailable',
      'deadline_exceeded',
    ],
  },
  handle: (exchange, _inputs, { searches, triptych, clock }) =>
    searches.pass(exchange, async () => {
      const { tenant, requestId } = exchange;
      const body = await readJson(exchange, limits.searchBodyBytesMax, clock);
      const known = { schema: liveSchema(triptych, tenant), profiles: triptych.profiles() };
      const request = parseRerankRequest(body.value, known);
      const answer = await triptych.rerank(tenant, request, { startedAtMs: body.receivedAtMs });
      return { status: 200, json: rerankToWire(answer, known.schema, requestId) };
    }),
};
