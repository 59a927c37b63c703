import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { Preferences, StoredPolicy } from '../domain/policy.ts';
import type { LoggedEvent } from '../domain/user-event.ts';
import { vectorToBase64 } from '../std/vector-base64.ts';
import { components } from './components.ts';
import { policyBodySchema, policyBodyToWire, preferencesSchema, preferencesToWire } from './policy.ts';
import { problemSchema } from './problem.ts';

/** One line of `GET /v1/users/{id}/export`: policies first, then the state, then the events by arrival. */
export const exportLineSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('policy'),
      context: z.string(),
      policy: z.strictObject({ ...policyBodySchema.shape, version: z.int().min(1) }),
    }),
    z.strictObject({
      kind: z.literal('state'),
      taste: z
        .strictObject({ b64: z.string() })
        .nullable()
        .meta({ description: 'The taste vector, little-endian f32; null before the first positive event.' }),
      learned: preferencesSchema,
      seen: z.array(z.string()),
      hidden: z.array(z.string()),
      liked: z
        .array(z.strictObject({ id: z.string(), affinity: z.number() }))
        .meta({ description: 'Documents with positive events, strongest first.' }),
    }),
    z.strictObject({
      kind: z.literal('event'),
      event_id: z.string(),
      document: z.string(),
      type: z.string(),
      value: z.number().nullable(),
      context: z.string().nullable(),
      at: z.string(),
      request_id: z.string().nullable(),
      received_at: z.string(),
    }),
    z.strictObject({
      kind: z.literal('error'),
      error: problemSchema.meta({ description: 'The export had to end here and is not complete.' }),
    }),
  ])
  .meta({
    examples: [
      {
        kind: 'policy',
        context: 'default',
        policy: {
          preferences: { genres: { Comedy: 0.8 } },
          constraints: [],
          learning_rate: null,
          exploration_rate: null,
          version: 3,
        },
      },
      {
        kind: 'event',
        event_id: 'e-1',
        document: 'the-iron-giant-1999-08-04',
        type: 'like',
        value: null,
        context: null,
        at: '2024-05-01T20:15:00.000Z',
        request_id: null,
        received_at: '2024-05-01T20:15:01.000Z',
      },
    ],
  })
  .register(components, { id: 'ExportLine' });

export type WireExportLine = z.output<typeof exportLineSchema>;

export function policyLine(context: string, policy: StoredPolicy, schema: CatalogueSchema): WireExportLine {
  return {
    kind: 'policy',
    context,
    policy: { ...policyBodyToWire(policy, schema), version: policy.version },
  };
}

export function stateLine(state: {
  readonly taste: Float32Array | null;
  readonly learned: Preferences;
  readonly seen: readonly string[];
  readonly hidden: readonly string[];
  readonly liked: readonly { readonly id: string; readonly affinity: number }[];
}): WireExportLine {
  return {
    kind: 'state',
    taste: state.taste === null ? null : { b64: vectorToBase64(state.taste) },
    learned: preferencesToWire(state.learned),
    seen: [...state.seen],
    hidden: [...state.hidden],
    liked: state.liked.map(({ id, affinity }) => ({ id, affinity })),
  };
}

export function eventLine(event: LoggedEvent): WireExportLine {
  return {
    kind: 'event',
    event_id: event.eventId,
    document: event.document,
    type: event.type,
    value: event.value,
    context: event.context,
    at: new Date(event.atMs).toISOString(),
    request_id: event.requestId,
    received_at: new Date(event.receivedAtMs).toISOString(),
  };
}
