import { z } from 'zod';
import { mapValues } from '../std/map-values.ts';

/**
 * The schemas that get a name of their own in the OpenAPI document (`#/components/schemas/NAME`). Descriptions and
 * examples are zod metadata on the schemas themselves.
 */
export const components = z.registry<{ readonly id: string }>();

/** JSON Schemas (2020-12) of every registered schema by name; what goes in and what comes out are written alike. */
export function componentSchemas(): Record<string, Record<string, unknown>> {
  const { schemas } = z.toJSONSchema(components, {
    target: 'draft-2020-12',
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
  });
  return mapValues(schemas, withoutIdentity);
}

/**
 * The JSON Schema of a schema that has no name, whole in itself.
 * @param reused how parts are written that occur more than once: each time, or once and referred to
 */
export function inlineSchema(
  schema: z.ZodType,
  reused: 'inline' | 'ref' = 'inline',
): Record<string, unknown> {
  return withoutIdentity(z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input', reused }));
}

function withoutIdentity(schema: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
}
