import { limits } from '../../limits.ts';
import { catalogueSchemaSchema, parseCatalogueSchema } from '../../wire/catalogue.ts';
import {
  catalogueAckSchema,
  catalogueStatusSchema,
  catalogueStatusToWire,
  catalogueToWire,
} from '../../wire/status.ts';
import { jsonBodyErrors, readJson } from '../read-body.ts';
import type { Route } from '../route.ts';

const get: Route = {
  method: 'get',
  path: '/v1/catalogue',
  scope: ['search', 'ingest'],
  operation: {
    id: 'getCatalogue',
    summary: 'Schema, counts and most frequent facet values of the catalogue.',
    tag: 'catalogue',
    answers: { 200: { description: 'The catalogue.', schema: catalogueStatusSchema } },
    errors: ['no_catalogue', 'unavailable'],
  },
  async handle(exchange, _inputs, { triptych }) {
    const status = await triptych.catalogue(exchange.tenant);
    return { status: 200, json: catalogueStatusToWire(status, exchange.requestId) };
  },
};

const put: Route = {
  method: 'put',
  path: '/v1/catalogue',
  // It can only begin a catalogue, which is the first step of every ingest.
  scope: ['ingest'],
  operation: {
    id: 'putCatalogue',
    summary: 'Sets the schema where there is none; the same schema again changes nothing.',
    description:
      'Another schema than the live one is a conflict (409): it needs a new generation, see the CLI.',
    tag: 'catalogue',
    body: { schema: catalogueSchemaSchema, contentType: 'application/json' },
    answers: { 200: { description: 'The live schema.', schema: catalogueAckSchema } },
    errors: [...jsonBodyErrors, 'invalid_schema', 'catalogue_conflict', 'overloaded', 'unavailable'],
  },
  handle: (exchange, _inputs, { documents, triptych, clock }) =>
    documents.pass(exchange, async () => {
      const body = await readJson(exchange, limits.documentBodyBytesMax, clock);
      const catalogue = await triptych.createCatalogue(exchange.tenant, parseCatalogueSchema(body.value));
      return { status: 200, json: catalogueToWire(catalogue, exchange.requestId) };
    }),
};

export const catalogueRoutes: readonly Route[] = [get, put];
