import { z } from 'zod';
import type { CatalogueSchema } from '../domain/catalogue-schema.ts';
import type { BulkOperation } from '../domain/document.ts';
import { components } from './components.ts';
import { documentSchema, parseDocument } from './document.ts';
import { idSchema } from './names.ts';
import { problemSchema } from './problem.ts';
import { parseWith } from './problems.ts';

export const deleteLineSchema = z
  .strictObject({ delete: idSchema })
  .meta({ examples: [{ delete: 'the-iron-giant-1999-08-04' }] })
  .register(components, { id: 'DeleteLine' });

/** One line of `POST /v1/documents/bulk`. */
export const bulkLineSchema = z
  .union([documentSchema, deleteLineSchema])
  .meta({ description: 'A document to write, or the id of one to delete.' })
  .register(components, { id: 'BulkLine' });

/** @throws TriptychError invalid_document | unknown_field | wrong_dimension, with field paths */
export function parseBulkLine(input: unknown, schema: CatalogueSchema): BulkOperation {
  if (typeof input === 'object' && input !== null && Object.hasOwn(input, 'delete'))
    return { kind: 'delete', id: parseWith(deleteLineSchema, input, 'invalid_document').delete };
  return { kind: 'put', document: parseDocument(input, schema) };
}

/** One line of the answer; lines come in the order of the input, blank input lines have none. */
export const bulkOutcomeSchema = z
  .strictObject({
    line: z.int().min(1).meta({ description: 'Line of the input, from 1.' }),
    id: z.string().optional().meta({ description: 'Absent where the line has no usable one.' }),
    status: z.int().meta({ description: '202, or the status of the error.' }),
    version: z.int().min(1).optional().meta({ description: 'With 202: counts the writes of this id.' }),
    searchable: z
      .boolean()
      .optional()
      .meta({
        description:
          'With `?wait=searchable`, on the last line, also if that is an error: true when all that the request wrote ' +
          'is searchable. Absent where it wrote nothing.',
      }),
    error: problemSchema.optional(),
  })
  .meta({
    examples: [
      { line: 1, id: 'the-iron-giant-1999-08-04', status: 202, version: 1 },
      {
        line: 2,
        id: 'unknown',
        status: 404,
        error: {
          type: 'urn:triptych:problem:document_not_found',
          title: 'The document does not exist',
          status: 404,
          code: 'document_not_found',
          detail: 'there is no document of this id',
          retriable: false,
          fields: [{ path: 'id', message: 'there is no document of this id' }],
        },
      },
    ],
  })
  .register(components, { id: 'BulkOutcome' });

export type WireBulkOutcome = z.output<typeof bulkOutcomeSchema>;
