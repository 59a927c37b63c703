import type { z } from 'zod';
import { type ErrorCode, errorCatalogue } from '../../errors.ts';
import { components, inlineSchema } from '../../wire/components.ts';
import { idSchema } from '../../wire/names.ts';
import type { Route } from '../route.ts';

/** Request headers that every route reads. */
export const parameters = {
  RequestId: {
    name: 'x-request-id',
    in: 'header',
    description: 'Kept as the id of the request if it is at most 128 letters, digits or _ . : @ = + / -.',
    schema: { type: 'string', maxLength: 128 },
  },
  Traceparent: {
    name: 'traceparent',
    in: 'header',
    description: 'W3C trace context; its ids go into the log line, and it is sent back.',
    schema: { type: 'string' },
  },
};

/** Response headers. */
export const headers = {
  RequestId: { description: 'Id of the request; the log has it too.', schema: { type: 'string' } },
  Traceparent: {
    description: 'The trace context of the request, if it had one.',
    schema: { type: 'string' },
  },
  WwwAuthenticate: { description: 'How to send a key: `Bearer`.', schema: { type: 'string' } },
  RetryAfter: { description: 'Seconds after which to try again.', schema: { type: 'integer', minimum: 1 } },
  ServerTiming: { description: 'Milliseconds by stage.', schema: { type: 'string' } },
};

/** How a key is sent, one way or the other. Where the service has no keys, none is needed. */
export const securitySchemes = {
  bearerKey: { type: 'http', scheme: 'bearer', description: 'An API key of the service.' },
  headerKey: { type: 'apiKey', in: 'header', name: 'x-api-key', description: 'The same as a header.' },
};

const headerOf = (name: keyof typeof headers) => ({ $ref: `#/components/headers/${name}` });
const everywhere = { 'x-request-id': headerOf('RequestId'), traceparent: headerOf('Traceparent') };

/** Codes that any route can answer with. */
const commonErrors: readonly ErrorCode[] = [
  'invalid_http',
  'invalid_request',
  'not_acceptable',
  'request_timeout',
  'headers_too_large',
  'internal',
];

/** Codes of every route that needs a key. */
const keyErrors: readonly ErrorCode[] = ['unauthenticated', 'forbidden', 'rate_limited'];

export function operationObject(route: Route): Record<string, unknown> {
  const { operation } = route;
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(operation.description !== undefined && { description: operation.description }),
    tags: [operation.tag],
    security: security(route),
    parameters: [...pathParameters(route), ...queryParameters(route), ...headerParameters()],
    ...(operation.body !== undefined && {
      requestBody: {
        required: true,
        content: { [operation.body.contentType]: { schema: schemaOf(operation.body.schema) } },
      },
    }),
    responses: { ...successes(route), ...failures(route) },
  };
}

/** One of the schemes with one of the scopes; admin may do everything. */
function security({ scope }: Route): unknown[] {
  if (scope === 'open') return [];
  const roles = scope === 'any' ? [[]] : [...new Set([...scope, 'admin' as const])].map((one) => [one]);
  return Object.keys(securitySchemes).flatMap((scheme) => roles.map((role) => ({ [scheme]: role })));
}

function pathParameters(route: Route): unknown[] {
  if (!route.path.includes('{id}')) return [];
  return [{ name: 'id', in: 'path', required: true, schema: inlineSchema(idSchema) }];
}

function queryParameters(route: Route): unknown[] {
  const schema = route.operation.query?.schema;
  if (schema === undefined) return [];
  const { properties = {} } = inlineSchema(schema) as {
    properties?: Record<string, Record<string, unknown>>;
  };
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...rest } = property;
    return { name, in: 'query', ...(description !== undefined && { description }), schema: rest };
  });
}

function headerParameters(): unknown[] {
  return Object.keys(parameters).map((name) => ({ $ref: `#/components/parameters/${name}` }));
}

function successes({ operation }: Route): Record<string, unknown> {
  const answers = Object.entries(operation.answers).map(([status, answer]) => [
    status,
    {
      description: answer.description,
      headers: {
        ...everywhere,
        ...(operation.tag === 'search' && { 'server-timing': headerOf('ServerTiming') }),
      },
      content: {
        [answer.contentType ?? 'application/json']: {
          ...(answer.schema !== undefined && { schema: schemaOf(answer.schema) }),
        },
      },
    },
  ]);
  return Object.fromEntries(answers);
}

/** One response per status, naming the codes that share it. */
function failures({ operation, always, scope }: Route): Record<string, unknown> {
  const byStatus = new Map<number, Set<ErrorCode>>();
  const codes = [
    ...operation.errors,
    ...commonErrors,
    ...(scope === 'open' ? [] : keyErrors),
    ...(always === true ? [] : (['not_ready'] as const)),
  ];
  for (const code of codes) {
    const { status } = errorCatalogue[code];
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code));
  }
  const sorted = [...byStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    sorted.map(([status, names]) => [
      String(status),
      {
        description: [...names].map((code) => `\`${code}\`: ${errorCatalogue[code].title}.`).join(' '),
        headers: {
          ...everywhere,
          ...(status === 401 && { 'www-authenticate': headerOf('WwwAuthenticate') }),
          ...((status === 429 || status === 503) && { 'retry-after': headerOf('RetryAfter') }),
        },
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

/** A reference where the schema has a name, the schema itself where it has none. */
function schemaOf(schema: z.ZodType): Record<string, unknown> {
  const id = components.get(schema)?.id;
  return id === undefined ? inlineSchema(schema) : { $ref: `#/components/schemas/${id}` };
}
