import { z } from 'zod';
import { limits } from '../../limits.ts';
import { similarResponseSchema, similarToWire } from '../../wire/similar.ts';
import type { Route } from '../route.ts';

const query = z.strictObject({
  k: z.int().min(1).max(limits.similarNeighboursMax).default(limits.kDefault),
});

export const similar: Route = {
  method: 'get',
  path: '/v1/similar/{id}',
  scope: ['search'],
  operation: {
    id: 'similar',
    summary: 'Neighbours of a document, with the path or the similarity that connects them.',
    tag: 'search',
    timed: true,
    query: { schema: query, integers: ['k'] },
    answers: { 200: { description: 'Neighbours, best first.', schema: similarResponseSchema } },
    errors: [
      'invalid_request',
      'document_not_found',
      'no_catalogue',
      'overloaded',
      'unavailable',
      'policy_unavailable',
      'deadline_exceeded',
    ],
  },
  handle: (exchange, inputs, { searches, triptych, clock }) =>
    searches.pass(exchange, async () => {
      const { k } = query.parse(inputs.query);
      const answer = await triptych.similar(exchange.tenant, inputs.id, k, {
        startedAtMs: exchange.arrivedAtMs,
      });
      return {
        status: 200,
        json: similarToWire(inputs.id, answer, exchange.requestId),
        stages: { total: clock.nowMs() - exchange.arrivedAtMs },
      };
    }),
};
