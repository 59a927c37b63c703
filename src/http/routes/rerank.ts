import { limits } from '../../limits.ts';
import { parseRerankRequest, rerankRequestSchema } from '../../wire/rerank.ts';
import { rerankResponseSchema, rerankToWire, textsToWire } from '../../wire/rerank-response.ts';
import type { Exchange } from '../exchange.ts';
import { liveSchema } from '../live-schema.ts';
import { jsonBodyErrors, readJson } from '../read-body.ts';
import type { HttpServices, Route } from '../route.ts';

type Version = '1' | '2';

/** The same under both paths that clients of rerank APIs ask; the answer's `meta` names the path's version. */
export const rerankRoutes: readonly Route[] = [rerankUnder('1'), rerankUnder('2')];

function rerankUnder(version: Version): Route {
  return {
    method: 'post',
    path: `/v${version}/rerank`,
    scope: ['search'],
    operation: {
      id: version === '1' ? 'rerank' : 'rerankV2',
      summary:
        version === '1'
          ? 'Texts, or documents of the catalogue under the rules of whoever asks, in order of their score for a query.'
          : 'The same as `POST /v1/rerank`, for clients that ask here.',
      tag: 'search',
      timed: true,
      body: { schema: rerankRequestSchema, contentType: 'application/json' },
      answers: { 200: { description: 'Scores, best first.', schema: rerankResponseSchema } },
      errors: [
        ...jsonBodyErrors,
        'unknown_field',
        'unknown_profile',
        'unknown_context',
        'wrong_dimension',
        'no_catalogue',
        'overloaded',
        'unavailable',
        'policy_unavailable',
        'deadline_exceeded',
      ],
    },
    handle: (exchange, _inputs, services) =>
      services.searches.pass(exchange, () => answer(exchange, services, version)),
  };
}

async function answer(exchange: Exchange, { triptych, clock }: HttpServices, version: Version) {
  const { tenant, requestId } = exchange;
  const body = await readJson(exchange, limits.rerankBodyBytesMax, clock);
  const asked = parseRerankRequest(body.value, {
    profiles: triptych.profiles(),
    schema: () => liveSchema(triptych, tenant),
  });
  const options = { startedAtMs: body.receivedAtMs };
  const stages = () => ({ total: clock.nowMs() - body.receivedAtMs });
  if (asked.kind === 'texts') {
    const { request, documents } = asked;
    const echo = { requestId, profile: request.profile, version };
    const scored = await triptych.rerankTexts(tenant, request, options);
    return { status: 200, json: textsToWire(scored, request.texts, documents, echo), stages: stages() };
  }
  const echo = { requestId, profile: asked.request.search.profile, version };
  const scored = await triptych.rerank(tenant, asked.request, options);
  return { status: 200, json: rerankToWire(scored, liveSchema(triptych, tenant), echo), stages: stages() };
}
