import { limits } from '../../limits.ts';
import { withPathsUnder } from '../../wire/problems.ts';
import {
  batchRequestSchema,
  parseBatchEnvelope,
  parseSearchRequest,
  type SearchContext,
  searchRequestSchema,
} from '../../wire/search.ts';
import {
  batchResponseSchema,
  searchResponseSchema,
  searchResponseToWire,
} from '../../wire/search-response.ts';
import { liveSchema } from '../preconditions.ts';
import { jsonBodyErrors, readJson } from '../read-body.ts';
import { problemFor } from '../reply.ts';
import type { HttpServices, Route } from '../route.ts';

const searchErrors = [
  ...jsonBodyErrors,
  'unknown_field',
  'unknown_profile',
  'wrong_dimension',
  'document_not_found',
  'no_catalogue',
  'overloaded',
  'unavailable',
  'embedder_unavailable',
  'deadline_exceeded',
] as const;

const search: Route = {
  method: 'post',
  path: '/v1/search',
  operation: {
    id: 'search',
    summary: 'Search: vector, words and graph, fused and re-ranked by one explained scorer.',
    tag: 'search',
    body: { schema: searchRequestSchema, contentType: 'application/json' },
    answers: { 200: { description: 'Results in rank order.', schema: searchResponseSchema } },
    errors: searchErrors,
  },
  handle: (exchange, _inputs, services) =>
    services.searches.pass(async () => {
      const { triptych, tenant, clock } = services;
      const body = await readJson(exchange, limits.searchBodyBytesMax, clock);
      const request = parseSearchRequest(body.value, searchContext(services));
      const response = await triptych.search(tenant, request, { startedAtMs: body.receivedAtMs });
      return {
        status: 200,
        json: searchResponseToWire(response, exchange.requestId),
        stages: { ...response.stages, total: clock.nowMs() - body.receivedAtMs },
      };
    }),
};

const batch: Route = {
  method: 'post',
  path: '/v1/search/batch',
  operation: {
    id: 'searchBatch',
    summary: `Up to ${limits.batchSearchesMax} searches at once, each with its own deadline and status.`,
    tag: 'search',
    body: { schema: batchRequestSchema, contentType: 'application/json' },
    answers: { 200: { description: 'One response per search, in order.', schema: batchResponseSchema } },
    errors: searchErrors,
  },
  handle: (exchange, _inputs, services) =>
    services.searches.pass(async () => {
      const body = await readJson(exchange, limits.batchBodyBytesMax, services.clock);
      const searches = parseBatchEnvelope(body.value);
      // The first place was taken before the body was read.
      const run = () => runBatch(searches, body.receivedAtMs, exchange.requestId, services);
      const responses = await (searches.length > 1
        ? services.searches.pass(run, searches.length - 1)
        : run());
      return { status: 200, json: { responses, request_id: exchange.requestId } };
    }),
};

interface BatchItem {
  readonly status: number;
  readonly body: unknown;
}

/** A search that does not parse has its own 400; the others run together. */
async function runBatch(
  searches: readonly unknown[],
  startedAtMs: number,
  requestId: string,
  services: HttpServices,
): Promise<BatchItem[]> {
  const context = searchContext(services);
  const parsed = searches.map((input, index) => {
    try {
      return { request: parseSearchRequest(input, context, `searches[${index}]`), error: null };
    } catch (error) {
      return { request: null, error };
    }
  });
  const requests = parsed.flatMap(({ request }) => (request === null ? [] : [request]));
  const settled =
    requests.length === 0
      ? []
      : await services.triptych.searchBatch(services.tenant, requests, { startedAtMs });
  let next = 0;
  return parsed.map(({ request, error }, index) => {
    if (request === null) return failedItem(error, requestId, services);
    const answer = settled[next++];
    return answer?.status === 'fulfilled'
      ? { status: 200, body: searchResponseToWire(answer.value, requestId) }
      : failedItem(withPathsUnder(`searches[${index}]`, answer?.reason), requestId, services);
  });
}

function failedItem(error: unknown, requestId: string, services: HttpServices): BatchItem {
  const body = problemFor(error, requestId);
  if (body.status === 500)
    services.logger.error({ request_id: requestId, error }, 'a search of a batch failed');
  return { status: body.status, body };
}

/** @throws TriptychError no_catalogue */
function searchContext(services: HttpServices): SearchContext {
  return { schema: liveSchema(services), profiles: services.triptych.profiles().map(({ name }) => name) };
}

export const searchRoutes: readonly Route[] = [search, batch];
