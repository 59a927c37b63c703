import { limits } from '../../limits.ts';
import { explainResponseSchema, explainToWire } from '../../wire/explain.ts';
import { withPathsUnder } from '../../wire/problems.ts';
import {
  batchRequestSchema,
  explainRequestSchema,
  parseBatchEnvelope,
  parseExplainRequest,
  parseSearchRequest,
  type SearchContext,
  searchRequestSchema,
} from '../../wire/search.ts';
import { searchEventSchema, searchFramesSchema, type WireSearchEvent } from '../../wire/search-event.ts';
import {
  batchResponseSchema,
  searchResponseSchema,
  searchResponseToWire,
} from '../../wire/search-response.ts';
import type { Exchange } from '../exchange.ts';
import { liveSchema } from '../live-schema.ts';
import { logUnexpected } from '../log-unexpected.ts';
import { jsonBodyErrors, readJson } from '../read-body.ts';
import { problemFor } from '../reply.ts';
import type { HttpServices, Reply, Route } from '../route.ts';
import { SearchStream, sseType, streamTypeOf } from '../search-stream.ts';
import { ndjsonType } from '../stream-output.ts';

const searchErrors = [
  ...jsonBodyErrors,
  'unknown_field',
  'unknown_profile',
  'unknown_context',
  'wrong_dimension',
  'cursor_mismatch',
  'cursor_expired',
  'document_not_found',
  'no_catalogue',
  'overloaded',
  'unavailable',
  'policy_unavailable',
  'embedder_unavailable',
  'deadline_exceeded',
] as const;

const search: Route = {
  method: 'post',
  path: '/v1/search',
  scope: ['search'],
  operation: {
    id: 'search',
    summary: 'Search: vector, words and graph, fused and re-ranked by one explained scorer.',
    description:
      'With `Accept: application/x-ndjson` or `text/event-stream` the answer comes in parts (SearchEvent) as they are ' +
      'known; a failure before the first part is an ordinary problem document.',
    tag: 'search',
    timed: true,
    body: { schema: searchRequestSchema, contentType: 'application/json' },
    answers: {
      200: {
        description: 'Results in rank order.',
        schema: searchResponseSchema,
        also: { [ndjsonType]: searchEventSchema, [sseType]: searchFramesSchema },
      },
    },
    errors: searchErrors,
  },
  handle(exchange, _inputs, services) {
    const streamType = streamTypeOf(exchange);
    return streamType === null
      ? services.searches.pass(exchange, () => searchAtOnce(exchange, services))
      : services.streams.pass(exchange, () => searchInParts(exchange, streamType, services));
  },
};

async function searchAtOnce(exchange: Exchange, services: HttpServices): Promise<Reply> {
  const { triptych, clock } = services;
  const { tenant } = exchange;
  const body = await readJson(exchange, limits.searchBodyBytesMax, clock);
  const context = searchContext(exchange.tenant, services);
  const request = parseSearchRequest(body.value, context);
  const response = await triptych.search(tenant, request, { startedAtMs: body.receivedAtMs });
  return {
    status: 200,
    json: searchResponseToWire(response, context.schema, exchange.requestId),
    stages: { ...response.stages, total: clock.nowMs() - body.receivedAtMs },
  };
}

/** A slow reader keeps its place among the streams, not the one among the searches. */
async function searchInParts(exchange: Exchange, streamType: string, services: HttpServices): Promise<null> {
  const { triptych, clock } = services;
  const { tenant } = exchange;
  const stream = new SearchStream(exchange, streamType, services);
  let last: WireSearchEvent;
  try {
    last = await services.searches.pass(exchange, async () => {
      const body = await readJson(exchange, limits.searchBodyBytesMax, clock);
      const { schema, profiles } = searchContext(exchange.tenant, services);
      const request = parseSearchRequest(body.value, { schema, profiles });
      const observer = stream.observer(schema);
      const response = await triptych.search(tenant, request, { startedAtMs: body.receivedAtMs, observer });
      return { event: 'final', data: searchResponseToWire(response, schema, exchange.requestId) };
    });
  } catch (error) {
    if (!stream.began) throw error;
    logUnexpected(error, exchange, services);
    await stream.fail(error);
    return null;
  }
  await stream.end(last);
  return null;
}

const batch: Route = {
  method: 'post',
  path: '/v1/search/batch',
  scope: ['search'],
  operation: {
    id: 'searchBatch',
    summary: `Up to ${limits.batchSearchesMax} searches at once, each with its own deadline and status.`,
    tag: 'search',
    timed: true,
    body: { schema: batchRequestSchema, contentType: 'application/json' },
    answers: { 200: { description: 'One response per search, in order.', schema: batchResponseSchema } },
    errors: searchErrors,
  },
  handle: (exchange, _inputs, services) =>
    services.searches.pass(exchange, async () => {
      const body = await readJson(exchange, limits.batchBodyBytesMax, services.clock);
      const searches = parseBatchEnvelope(body.value);
      // One place and one request of the rate were taken before the body was read.
      const more = searches.length - 1;
      await services.access.charge(exchange, more);
      const run = () => runBatch(searches, body.receivedAtMs, exchange, services);
      const responses = await (more > 0 ? services.searches.pass(exchange, run, more, 1) : run());
      return {
        status: 200,
        json: { responses, request_id: exchange.requestId },
        stages: { total: services.clock.nowMs() - body.receivedAtMs },
      };
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
  { tenant, requestId }: Exchange,
  services: HttpServices,
): Promise<BatchItem[]> {
  const context = searchContext(tenant, services);
  const parsed = searches.map((input, index) => {
    try {
      return { request: parseSearchRequest(input, context, `searches[${index}]`), error: null };
    } catch (error) {
      return { request: null, error };
    }
  });
  const requests = parsed.flatMap(({ request }) => (request === null ? [] : [request]));
  const settled =
    requests.length === 0 ? [] : await services.triptych.searchBatch(tenant, requests, { startedAtMs });
  let next = 0;
  return parsed.map(({ request, error }, index) => {
    if (request === null) return failedItem(error, requestId, services);
    const answer = settled[next++];
    return answer?.status === 'fulfilled'
      ? { status: 200, body: searchResponseToWire(answer.value, context.schema, requestId) }
      : failedItem(withPathsUnder(`searches[${index}]`, answer?.reason), requestId, services);
  });
}

function failedItem(error: unknown, requestId: string, services: HttpServices): BatchItem {
  const body = problemFor(error, requestId);
  if (body.status === 500)
    services.logger.error({ request_id: requestId, error }, 'a search of a batch failed');
  return { status: body.status, body };
}

const explain: Route = {
  method: 'post',
  path: '/v1/explain',
  scope: ['search'],
  operation: {
    id: 'explain',
    summary: "Why a document is where it is in a search's list, or why it is not in it.",
    tag: 'search',
    timed: true,
    body: { schema: explainRequestSchema, contentType: 'application/json' },
    answers: { 200: { description: 'What became of the document.', schema: explainResponseSchema } },
    errors: searchErrors,
  },
  handle: (exchange, _inputs, services) =>
    services.searches.pass(exchange, async () => {
      const { triptych, clock } = services;
      const { tenant } = exchange;
      const body = await readJson(exchange, limits.searchBodyBytesMax, clock);
      const context = searchContext(exchange.tenant, services);
      const { request, document } = parseExplainRequest(body.value, context);
      const why = await triptych.explain(tenant, request, document, { startedAtMs: body.receivedAtMs });
      return {
        status: 200,
        json: explainToWire(why, context.schema, exchange.requestId),
        stages: { total: clock.nowMs() - body.receivedAtMs },
      };
    }),
};

/** @throws TriptychError no_catalogue */
function searchContext(tenant: string, { triptych }: HttpServices): SearchContext {
  return { schema: liveSchema(triptych, tenant), profiles: triptych.profiles() };
}

export const searchRoutes: readonly Route[] = [search, batch, explain];
