import { limits } from '../../limits.ts';
import { eventsAckSchema, eventsRequestSchema, parseEvents } from '../../wire/event.ts';
import { jsonBodyErrors, readJson } from '../read-body.ts';
import type { Route } from '../route.ts';

export const events: Route = {
  method: 'post',
  path: '/v1/events',
  scope: ['learn'],
  operation: {
    id: 'events',
    summary: 'What users did with documents; their next searches know it.',
    description:
      'Acknowledged once all are committed. An `event_id` that was sent before counts once, so a request can be repeated.',
    tag: 'policy',
    body: { schema: eventsRequestSchema, contentType: 'application/json' },
    answers: { 202: { description: 'Committed.', schema: eventsAckSchema } },
    errors: [...jsonBodyErrors, 'no_catalogue', 'overloaded', 'unavailable'],
  },
  handle: (exchange, _inputs, services) =>
    services.events.pass(exchange, async () => {
      const { triptych, clock } = services;
      const body = await readJson(exchange, limits.eventBodyBytesMax, clock);
      const ack = await triptych.recordEvents(exchange.tenant, parseEvents(body.value, clock.epochMs()));
      return {
        status: 202,
        json: { accepted: ack.accepted, duplicates: ack.duplicates, request_id: exchange.requestId },
      };
    }),
};
