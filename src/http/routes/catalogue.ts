import { TriptychError } from '../../errors.ts';
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
      'Another schema than the live one is a conflict (409): `triptych ingest --replace` loads a catalogue beside the ' +
      'live one and swaps at the end.',
    tag: 'catalogue',
    body: { schema: catalogueSchemaSchema, contentType: 'application/json' },
    answers: { 200: { description: 'The live schema.', schema: catalogueAckSchema } },
    errors: [...jsonBodyErrors, 'invalid_schema', 'catalogue_conflict', 'overloaded', 'unavailable'],
  },
  handle: (exchange, _inputs, { documents, triptych, clock }) =>
    documents.pass(exchange, async () => {
      const body = await readJson(exchange, limits.documentBodyBytesMax, clock);
      const catalogue = await triptych
        .createCatalogue(exchange.tenant, parseCatalogueSchema(body.value))
        .catch(adviseReplacing);
      return { status: 200, json: catalogueToWire(catalogue, exchange.requestId) };
    }),
};

/** A conflict says what there is to do about it. */
function adviseReplacing(error: unknown): never {
  if (!(error instanceof TriptychError) || error.code !== 'catalogue_conflict') throw error;
  throw new TriptychError(
    'catalogue_conflict',
    `${error.message}; \`triptych ingest --replace\` loads another one beside it and swaps at the end`,
    { cause: error },
  );
}

export const catalogueRoutes: readonly Route[] = [get, put];
