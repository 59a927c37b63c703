import { z } from 'zod';
import { isDate } from '../domain/document-check.ts';
import { dateToMs } from '../domain/predicate.ts';
import { eventTypes, type UserEvent } from '../domain/user-event.ts';
import { limits } from '../limits.ts';
import { wrongValue } from './bounds.ts';
import { components } from './components.ts';
import { contextSchema, idSchema, tokenSchema, userIdSchema } from './names.ts';
import { parseWith } from './problems.ts';

const eventSchema = z
  .strictObject({
    event_id: tokenSchema.meta({
      description:
        "The client's own, unique within the tenant: a repetition is acknowledged and changes nothing.",
    }),
    user: userIdSchema,
    document: idSchema,
    type: z.enum(eventTypes),
    value: z.number().min(1).max(5).optional().meta({ description: 'With `rate`, and only there.' }),
    context: contextSchema.optional(),
    at: z
      .string()
      .max(64)
      .refine(isDate, wrongValue.date)
      .optional()
      .meta({
        description: `When it happened, ISO 8601; default now. At most ${limits.eventFutureMsMax / 1_000} s ahead, later ones count as that.`,
      }),
    request_id: tokenSchema
      .optional()
      .meta({ description: 'The `request_id` of the search that showed the document.' }),
  })
  .refine(({ type, value }) => type !== 'rate' || value !== undefined, {
    path: ['value'],
    message: 'is needed with rate: a number from 1 to 5',
  })
  .refine(({ type, value }) => type === 'rate' || value === undefined, {
    path: ['value'],
    message: 'goes with rate only',
  })
  .meta({
    description: 'What a user did with a document.',
    examples: [{ event_id: 'e-1', user: 'u1', document: 'the-iron-giant-1999-08-04', type: 'like' }],
  })
  .register(components, { id: 'Event' });

/** Body of `POST /v1/events`. */
export const eventsRequestSchema = z
  .strictObject({ events: z.array(eventSchema).min(1).max(limits.eventsPerRequestMax) })
  .meta({
    examples: [
      {
        events: [
          { event_id: 'e-1', user: 'u1', document: 'the-iron-giant-1999-08-04', type: 'like' },
          {
            event_id: 'e-2',
            user: 'u1',
            document: 'alien-1979-05-25',
            type: 'rate',
            value: 4.5,
            context: 'default',
            at: '2024-05-01T20:15:00Z',
          },
        ],
      },
    ],
  })
  .register(components, { id: 'EventsRequest' });

export const eventsAckSchema = z
  .strictObject({
    accepted: z.int().min(0),
    duplicates: z.int().min(0).meta({ description: 'Events whose id had been sent before.' }),
    request_id: z.string(),
  })
  .meta({ examples: [{ accepted: 2, duplicates: 0, request_id: 'r-1' }] })
  .register(components, { id: 'EventsAck' });

/**
 * The events of a body that arrived at `nowMs` (milliseconds since 1970).
 * @throws TriptychError invalid_request, with field paths
 */
export function parseEvents(input: unknown, nowMs: number): UserEvent[] {
  return parseWith(eventsRequestSchema, input).events.map((event) => ({
    eventId: event.event_id,
    user: event.user,
    document: event.document,
    type: event.type,
    value: event.value ?? null,
    context: event.context ?? null,
    atMs: event.at === undefined ? nowMs : Math.min(dateToMs(event.at), nowMs + limits.eventFutureMsMax),
    requestId: event.request_id ?? null,
  }));
}
