import type { Request } from 'express';
import { z } from 'zod';
import { idSchema } from '../wire/names.ts';
import { parseWith } from '../wire/problems.ts';
import type { Inputs, Operation, Route } from './route.ts';

const noQuery = z.strictObject({});

/**
 * Path and query parameters of a request, checked. Unknown ones are refused.
 * @throws TriptychError invalid_request
 */
export function inputsOf(req: Request, route: Route): Inputs {
  const { pathId = idSchema } = route.operation;
  const id = route.path.includes('{id}')
    ? parseWith(z.strictObject({ id: pathId }), { ...req.params }).id
    : '';
  const { schema, integers }: NonNullable<Operation['query']> = route.operation.query ?? {
    schema: noQuery,
    integers: [],
  };
  const given = Object.entries(req.query).map(([name, value]) => [
    name,
    integers.includes(name) ? readInteger(value) : value,
  ]);
  return { id, query: parseWith(schema, Object.fromEntries(given)) };
}

/** Anything but plain digits is left as it is, for the schema to refuse. */
function readInteger(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
}
