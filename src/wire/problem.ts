import { z } from 'zod';
import { type ErrorCode, errorCatalogue, type FieldProblem, TriptychError } from '../errors.ts';
import { components } from './components.ts';

const codes = Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]];

/** RFC 9457 problem document; members that an error adds (coverage, parts) are allowed besides. */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'The code as a URN.' }),
    title: z.string(),
    status: z.int().min(400).max(599),
    code: z.enum(codes).meta({ description: 'Stable; what programs should branch on.' }),
    detail: z.string(),
    retriable: z.boolean().meta({ description: 'Whether the same request can succeed later.' }),
    fields: z
      .array(z.strictObject({ path: z.string(), message: z.string() }))
      .optional()
      .meta({
        description: 'What is wrong where; `$` is the whole body, or the whole line of a bulk write.',
      }),
    request_id: z.string().optional(),
  })
  .meta({
    description: 'What went wrong, as RFC 9457 problem details.',
    examples: [
      {
        type: 'urn:triptych:problem:unknown_field',
        title: 'A facet or field is not in the catalogue schema',
        status: 400,
        code: 'unknown_field',
        detail: 'filter.and[0].facet: is not a facet of the catalogue',
        retriable: false,
        fields: [{ path: 'filter.and[0].facet', message: 'is not a facet of the catalogue' }],
        request_id: '4f7d0c1e-6a53-4a6e-9f0c-0a4a3b0f1f57',
      },
    ],
  })
  .register(components, { id: 'Problem' });

export type WireProblem = z.output<typeof problemSchema>;

/**
 * The problem document of an error. Everything that is not a TriptychError is `internal`, and of it nothing is shown:
 * its text may hold addresses or statements of a store.
 */
export function problemOf(error: unknown, requestId?: string): WireProblem {
  const known = error instanceof TriptychError ? error : new TriptychError('internal', 'an unexpected error');
  const entry = errorCatalogue[known.code];
  return {
    ...known.members,
    type: `urn:triptych:problem:${known.code}`,
    title: entry.title,
    status: entry.status,
    code: known.code,
    detail: known.message,
    retriable: entry.retriable,
    ...(known.fields.length > 0 && { fields: known.fields.map(plainField) }),
    ...(requestId !== undefined && { request_id: requestId }),
  };
}

function plainField({ path, message }: FieldProblem): { path: string; message: string } {
  return { path, message };
}
