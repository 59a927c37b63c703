import { z } from 'zod';
import type { BulkOperation } from '../../domain/document.ts';
import { limits } from '../../limits.ts';
import { idFromCursor } from '../../wire/cursor.ts';
import {
  documentBodySchema,
  documentPageSchema,
  parseDocumentBody,
  storedDocumentSchema,
  storedDocumentToWire,
  writeAckSchema,
} from '../../wire/document.ts';
import { documentNotFound } from '../document-not-found.ts';
import { nextPage } from '../document-page.ts';
import type { Exchange } from '../exchange.ts';
import { liveSchema } from '../live-schema.ts';
import { jsonBodyErrors, readJson } from '../read-body.ts';
import type { HttpServices, Reply, Route } from '../route.ts';

/** `?wait=searchable`, on every write. */
export const writeQuery = z.strictObject({
  wait: z
    .enum(['searchable'])
    .optional()
    .meta({
      description: `Answers when searches see the write, or after ${limits.searchableWaitMsMax} ms.`,
    }),
});

const include = z.enum(['embedding']).optional();
const readQuery = z.strictObject({ include });
const listQuery = z.strictObject({
  cursor: z.string().min(1).max(2_048).optional().meta({ description: "The previous page's cursor." }),
  limit: z.int().min(1).max(limits.listPageMax).default(limits.listPageDefault),
  include,
});

const writeErrors = ['no_catalogue', 'overloaded', 'unavailable', 'catalogue_full'] as const;

const put: Route = {
  method: 'put',
  path: '/v1/documents/{id}',
  scope: ['ingest'],
  operation: {
    id: 'putDocument',
    summary: 'Writes a document, whole; an earlier one of the same id is replaced.',
    tag: 'documents',
    query: { schema: writeQuery, integers: [] },
    body: { schema: documentBodySchema, contentType: 'application/json' },
    answers: { 202: { description: 'Committed.', schema: writeAckSchema } },
    errors: [
      ...jsonBodyErrors,
      'invalid_document',
      'unknown_field',
      'wrong_dimension',
      'embedder_unavailable',
      ...writeErrors,
    ],
  },
  handle: (exchange, inputs, services) =>
    services.documents.pass(exchange, async () => {
      const body = await readJson(exchange, limits.documentBodyBytesMax, services.clock);
      const document = parseDocumentBody(
        inputs.id,
        body.value,
        liveSchema(services.triptych, exchange.tenant),
      );
      return write({ kind: 'put', document }, inputs.query, exchange, services);
    }),
};

const remove: Route = {
  method: 'delete',
  path: '/v1/documents/{id}',
  scope: ['ingest'],
  operation: {
    id: 'deleteDocument',
    summary: 'Deletes a document.',
    description:
      `A deletion is remembered for ${limits.tombstoneHours} hours. Within them deleting again is 202 with the same ` +
      'version, so a repeated request is no error; after them, as for an id that never was, it is 404.',
    tag: 'documents',
    query: { schema: writeQuery, integers: [] },
    answers: { 202: { description: 'Committed.', schema: writeAckSchema } },
    errors: ['invalid_request', 'document_not_found', ...writeErrors],
  },
  handle: (exchange, inputs, services) =>
    services.documents.pass(exchange, async () => {
      liveSchema(services.triptych, exchange.tenant);
      return write({ kind: 'delete', id: inputs.id }, inputs.query, exchange, services);
    }),
};

async function write(
  operation: BulkOperation,
  query: Readonly<Record<string, unknown>>,
  { tenant, requestId }: Exchange,
  { triptych }: HttpServices,
): Promise<Reply> {
  const waitSearchable = query.wait === 'searchable';
  const { outcomes, searchable } = await triptych.write(tenant, [operation], { waitSearchable });
  const outcome = outcomes[0];
  if (outcome === undefined) throw new Error('a write had no outcome');
  // The store counts versions from 1; 0 says that there was nothing to delete.
  if (outcome.version === 0) throw documentNotFound();
  return {
    status: 202,
    json: { id: outcome.id, version: outcome.version, searchable, request_id: requestId },
  };
}

const get: Route = {
  method: 'get',
  path: '/v1/documents/{id}',
  scope: ['search', 'ingest'],
  operation: {
    id: 'getDocument',
    summary: 'A document as it is stored.',
    tag: 'documents',
    query: { schema: readQuery, integers: [] },
    answers: { 200: { description: 'The document.', schema: storedDocumentSchema } },
    errors: ['invalid_request', 'document_not_found', 'no_catalogue', 'unavailable'],
  },
  async handle(exchange, inputs, services) {
    liveSchema(services.triptych, exchange.tenant);
    const document = await services.triptych.document(exchange.tenant, inputs.id);
    const wire = storedDocumentToWire(document, inputs.query.include === 'embedding');
    return { status: 200, json: { ...wire, request_id: exchange.requestId } };
  },
};

const list: Route = {
  method: 'get',
  path: '/v1/documents',
  scope: ['search', 'ingest'],
  operation: {
    id: 'listDocuments',
    summary: 'Documents by id in byte order.',
    description: `A page may hold fewer than \`limit\` documents (it ends at ${limits.listPageBytesMax} bytes): the list ends where \`cursor\` is null.`,
    tag: 'documents',
    query: { schema: listQuery, integers: ['limit'] },
    answers: { 200: { description: 'A page.', schema: documentPageSchema } },
    errors: ['invalid_request', 'no_catalogue', 'overloaded', 'unavailable'],
  },
  handle: (exchange, inputs, services) =>
    services.documents.pass(exchange, async () => {
      liveSchema(services.triptych, exchange.tenant);
      const { cursor, limit, include: wanted } = listQuery.parse(inputs.query);
      const page = await nextPage(services.triptych, exchange.tenant, {
        afterId: cursor === undefined ? null : idFromCursor(cursor),
        limit,
        withEmbedding: wanted === 'embedding',
      });
      return { status: 200, json: { ...page, request_id: exchange.requestId } };
    }),
};

export const documentRoutes: readonly Route[] = [list, get, put, remove];
