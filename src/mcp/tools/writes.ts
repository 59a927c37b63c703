import { z } from 'zod';
import { limits } from '../../limits.ts';
import { documentBodySchema, writeAckSchema } from '../../wire/document.ts';
import { eventsAckSchema, eventsRequestSchema } from '../../wire/event.ts';
import { idSchema } from '../../wire/names.ts';
import { adds, overwrites, tool } from '../tool.ts';

const { embedding: _vector, ...written } = documentBodySchema.shape;
const waits = 'The answer comes when searches see it (`searchable`), or after ten seconds.';

export const putDocument = tool({
  name: 'put_document',
  title: 'Write a document',
  description: `Writes a document whole, over the one of the same id if there is one. ${waits}`,
  input: z.strictObject({ id: idSchema, ...written }),
  output: writeAckSchema,
  hints: overwrites,
  run: ({ id, ...body }, { client, options }) =>
    client.putDocument(id, body, { ...options, wait: 'searchable' }),
  text: ({ id, version, searchable }) =>
    `${id} is written (version ${version})${searchable ? '' : '; searches do not see it yet'}.`,
});

export const deleteDocument = tool({
  name: 'delete_document',
  title: 'Delete a document',
  description: `Deletes a document for good. ${waits}`,
  input: z.strictObject({ id: idSchema }),
  output: writeAckSchema,
  hints: overwrites,
  run: ({ id }, { client, options }) => client.deleteDocument(id, { ...options, wait: 'searchable' }),
  text: ({ id, searchable }) => `${id} is deleted${searchable ? '' : '; searches may still show it'}.`,
});

export const recordEvents = tool({
  name: 'record_events',
  title: 'Record what a user did',
  description:
    `What users did with documents (at most ${limits.eventsPerRequestMax}), committed together; their next searches ` +
    'know it. An `event_id` is yours to make up, and unique: one that was sent before counts once.',
  input: z.strictObject(eventsRequestSchema.shape),
  output: eventsAckSchema,
  hints: adds,
  run: (input, { client, options }) => client.events(input, options),
  text: ({ accepted, duplicates }) =>
    `${accepted} events are recorded${duplicates === 0 ? '' : `, ${duplicates} had been before`}.`,
});
