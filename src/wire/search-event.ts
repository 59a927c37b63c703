import { z } from 'zod';
import { components } from './components.ts';
import { planSchema } from './plan.ts';
import { problemSchema } from './problem.ts';
import { searchResponseSchema } from './search-response.ts';

const doneSchema = z.strictObject({ request_id: z.string() });

/** One part of a search that is answered in parts: a line of NDJSON, or a frame of server-sent events. */
export const searchEventSchema = z
  .discriminatedUnion('event', [
    z.strictObject({ event: z.literal('plan'), data: planSchema }),
    z.strictObject({ event: z.literal('provisional'), data: searchResponseSchema }),
    z.strictObject({ event: z.literal('final'), data: searchResponseSchema }),
    z.strictObject({ event: z.literal('error'), data: problemSchema }),
    z.strictObject({ event: z.literal('done'), data: doneSchema }),
  ])
  .meta({
    description:
      'In this order, each at most once: `plan`, what is about to run; `provisional`, every stage on what is there ' +
      'while a leg is still out; `final` or `error`; `done`. An answer from the cache has only `final` and `done`.',
    examples: [{ event: 'done', data: { request_id: '4f7d0c1e-6a53-4a6e-9f0c-0a4a3b0f1f57' } }],
  })
  .register(components, { id: 'SearchEvent' });

export type WireSearchEvent = z.output<typeof searchEventSchema>;

export const searchFramesSchema = z
  .string()
  .meta({ description: 'Server-sent events: `event:` the name, `data:` the JSON of a SearchEvent.' });
