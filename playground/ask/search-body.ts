import type { SearchBody } from '../api/wire.ts';
import { type Ask, nothingAsked } from './ask.ts';

/** The body of `POST /v1/search` for an ask, ranked by the given profile (empty: the service's default). */
export function searchBody(ask: Ask, profile: string = ask.profile): SearchBody {
  return {
    ...question(ask, profile),
    k: ask.k,
    timeout_ms: ask.timeoutMs,
    include: ['fields', 'facets', 'facet_counts'],
    explain: 'full',
  };
}

/** The body of `POST /v1/explain`: the same question about one document. */
export function explainBody(ask: Ask, document: string): SearchBody & { readonly document: string } {
  return { ...question(ask, ask.profile), timeout_ms: ask.timeoutMs, document };
}

/** What decides the list, without how much of it is shown. */
function question(ask: Ask, profile: string): SearchBody {
  const tests = ask.filters.map(({ facet, value }) => ({ facet, all: [value] }));
  return {
    ...(ask.query.trim() !== '' && { query: ask.query.trim() }),
    ...(ask.like.length > 0 && { like: [...ask.like] }),
    ...(ask.user !== '' && { user: ask.user }),
    ...(ask.context !== nothingAsked.context && { context: ask.context }),
    ...(profile !== '' && { profile }),
    ...(tests.length === 1 && { filter: tests[0]! }),
    ...(tests.length > 1 && { filter: { and: tests } }),
    ...(ask.rules.length > 0 && { constraints: [...ask.rules] }),
  };
}
