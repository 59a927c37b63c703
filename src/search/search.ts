import type { RankedList } from '../domain/ranked-list.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { SearchResponse } from '../domain/search-response.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { CallOptions, SearchObserver } from '../ports/triptych.ts';
import type { ListPosition } from './cursor.ts';
import { askerAtHand, findAsker, type KnownAsker } from './find-asker.ts';
import { findList, keepList, listFor, rankFor } from './list-for.ts';
import { recomputedId, requestHash } from './list-keys.ts';
import { type Page, pageAfter, provisionalResponse, respond } from './respond.ts';
import {
  openCall,
  openContext,
  type RankObserver,
  type SearchCall,
  type SearchContext,
  type SearchParts,
} from './search-context.ts';

/**
 * One search, end to end, on one epoch and inside the request's deadline, which counts from `startedAtMs`: from the
 * cache, from an equal search that is under way, or computed; then the page is cut out of the list.
 */
export async function search(
  parts: SearchParts,
  tenant: string,
  request: SearchRequest,
  options: CallOptions,
): Promise<SearchResponse> {
  const { startedAtMs } = options;
  const observer = rankObserver(options.observer);
  const start = { startedAtMs, observer, requestHash: requestHash(tenant, request) };
  if (request.cursor === null) return firstPage(openCall(parts, tenant, request, start));
  const position = parts.cursors.decode(request.cursor, tenant, start.requestHash);
  return nextPage(openCall(parts, tenant, request, { ...start, nowMs: position.nowMs }), position);
}

function rankObserver(observer: SearchObserver = {}): RankObserver {
  const { onPlan, onProvisional } = observer;
  return {
    ...(onPlan !== undefined && { onPlan: (plan) => onPlan(plan) }),
    ...(onProvisional !== undefined && {
      onProvisional: (list, context) => onProvisional(provisionalResponse(context, list)),
    }),
  };
}

async function firstPage(call: SearchCall): Promise<SearchResponse> {
  const { context, list, cached } = await listFor(call);
  try {
    return await respond(context, list, allowedPage(context, list, 0), cached);
  } finally {
    context.snapshot.release();
  }
}

/**
 * A later page of a list. The list stands for cursorTtlMs whatever the user does meanwhile, so that pages do not shift
 * under a reader; only what must not be shown any more (deleted, hidden, against a hard rule by now) is left out.
 */
async function nextPage(call: SearchCall, position: ListPosition): Promise<SearchResponse> {
  const kept = await listOfCursor(call, position);
  if (kept === null) return recomputedPage(call, position);
  const known = askerAtHand(call) ?? (await findAsker(call));
  if (known.policy.missing && !call.request.partial)
    throw new TriptychError('deadline_exceeded', 'The answer would be incomplete and `partial` is false.', {
      members: { coverage: { ...kept.coverage, policy: known.policy.coverage } },
    });
  const context = openContext(call, known);
  try {
    return await respond(context, asKnown(kept, known), allowedPage(context, kept, position.offset), true);
  } finally {
    context.snapshot.release();
  }
}

/** The list that the cursor continues: under its name another one may be kept by now, made later in the same day. */
async function listOfCursor(call: SearchCall, position: ListPosition): Promise<RankedList | null> {
  for (const id of [position.listId, recomputedId(position)]) {
    const kept = await findList(call, id);
    if (kept?.digest === position.digest) return kept;
  }
  return null;
}

/** The list, and what the page's own question to the policy store adds to what is to be said about it. */
function asKnown(list: RankedList, { policy, warnings }: KnownAsker): RankedList {
  const news = warnings.filter(({ code }) => !list.warnings.some((said) => said.code === code));
  if (news.length === 0 && !policy.missing) return list;
  const coverage = { ...list.coverage, policy: policy.coverage };
  return {
    ...list,
    coverage,
    degraded: list.degraded || policy.missing,
    warnings: [...list.warnings, ...news],
  };
}

async function recomputedPage(call: SearchCall, position: ListPosition): Promise<SearchResponse> {
  // Not under the name that first pages find it by: how complete it is, and its clock, are the cursor's affair.
  const { ranking } = await rankFor(call, null, recomputedId(position));
  const { context, list } = ranking;
  try {
    if (list.digest !== position.digest)
      throw new TriptychError(
        'cursor_expired',
        'The list that the cursor continues is no longer kept and would come out differently now.',
        { fields: [{ path: 'cursor', message: 'begin again without it' }] },
      );
    keepList(call, list, limits.cursorTtlMs);
    return await respond(context, list, allowedPage(context, list, position.offset), false);
  } finally {
    context.snapshot.release();
  }
}

/** What the epoch and the conditions of now let pass: a list may be older than either. */
function allowedPage(context: SearchContext, list: RankedList, offset: number): Page {
  const { snapshot, conditions, request } = context;
  return pageAfter(list, offset, request.k, (id) => {
    const row = snapshot.rowOf(id);
    return row >= 0 && (conditions === null || conditions.mask[row] === 1);
  });
}
