import { randomUUID } from 'node:crypto';
import type { RankedList } from '../domain/ranked-list.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import { limits } from '../limits.ts';
import { askerAtHand, findAsker, type KnownAsker } from './find-asker.ts';
import { runLeg } from './leg-runner.ts';
import { listIdOf, listKey, userPrefix } from './list-keys.ts';
import { makePlan, rank } from './rank.ts';
import type { Ranking } from './ranking.ts';
import { startQuestion } from './recall.ts';
import { openContext, type SearchCall, type SearchContext, withAsker } from './search-context.ts';

/** A list, and the context to answer from, whose snapshot is held for the caller. */
export interface Listed {
  readonly context: SearchContext;
  readonly list: RankedList;
  /** Made before, for an equal search on the same state of everything. */
  readonly cached: boolean;
}

/** The list of a search: kept from before, shared with an equal search that is under way, or made now. */
export async function listFor(call: SearchCall): Promise<Listed> {
  const known = askerAtHand(call);
  if (known !== null) return listUnder(call, known, () => rankFor(call, known, null));
  if (isProbablyKept(call)) {
    const asker = await findAsker(call);
    return listUnder(call, asker, () => rankFor(call, asker, null));
  }
  const begun = beginUnknown(call);
  try {
    const asker = await findAsker(call);
    return await listUnder(call, asker, () => begun.rank(asker, null));
  } finally {
    begun.end();
  }
}

/** @param ranked ranks now, where no kept or shared list will do */
async function listUnder(
  call: SearchCall,
  known: KnownAsker,
  ranked: () => Promise<Ranked>,
): Promise<Listed> {
  const { observer, parts, request, endMs } = call;
  // Where it is not known who asks, nothing kept is looked for: the next one need not wait for it either.
  if (!known.current) parts.answered.delete(call.requestHash);
  if (!known.current || request.cache === 'skip') return madeList(call, ranked);
  const kept = await keptList(call, known);
  if (kept !== null) return { context: pageContext(call, known), list: kept, cached: true };
  // Who wants to hear of the stages must go through them.
  if (observer.onPlan !== undefined || observer.onProvisional !== undefined) return madeList(call, ranked);
  const own: { made?: Listed } = {};
  const key = `${currentId(call, known)}\0${request.partial}`;
  const list = await parts.flights.share(key, { endMs, timeoutMs: request.timeoutMs }, async () => {
    own.made = await madeList(call, ranked);
    return own.made.list;
  });
  return own.made ?? { context: pageContext(call, known), list, cached: false };
}

/**
 * What a page of a list is written with that was made on the present state of everything: its hard rules have been
 * applied, so they are compiled again only for what counts, or names, other documents.
 */
function pageContext(call: SearchCall, known: KnownAsker): SearchContext {
  const { include, includeRelationships } = call.request;
  return openContext(call, includeRelationships || include.includes('facet_counts') ? known : null);
}

/**
 * Whether this process made such a list a short while ago: then the legs wait until it is looked for, because those
 * that start beside the policy would ask the stores for nothing.
 */
function isProbablyKept({ parts, request, requestHash }: SearchCall): boolean {
  if (request.cache === 'skip') return false;
  const atMs = parts.answered.get(requestHash);
  return atMs !== undefined && parts.clock.nowMs() - atMs <= ttlMs(request);
}

/** The name of the answer on the present state. */
function currentId(call: SearchCall, { asker }: KnownAsker): string {
  const { epoch } = call.catalogue.table.current;
  return listIdOf(call, asker, epoch, call.requestHash);
}

async function keptList(call: SearchCall, known: KnownAsker): Promise<RankedList | null> {
  const { parts, request } = call;
  const id = currentId(call, known);
  const kept = await findList(call, id);
  // Waiting may have let something change.
  const answers = kept !== null && currentId(call, askerAtHand(call) ?? known) === id;
  const young = answers && parts.clock.nowMs() - kept.madeAtMs <= ttlMs(request);
  parts.meter.count(young ? 'ranked_cache_hits' : 'ranked_cache_misses', 1);
  // It was kept and is not any more: the next one need not wait for it.
  if (!young) parts.answered.delete(call.requestHash);
  return young ? kept : null;
}

/** How long an answer may be given again; its cursors may need the list longer. */
function ttlMs({ user }: SearchRequest): number {
  return user === null ? limits.rankedSharedTtlMs : limits.rankedPersonalTtlMs;
}

async function madeList(call: SearchCall, ranked: () => Promise<Ranked>): Promise<Listed> {
  const { ranking, asker } = await ranked();
  const { context } = ranking;
  // An index that was behind its epoch may have left something out, which must not stand for an hour.
  const settled = call.parts.indexes.settled(call.tenant, call.startedAtMs);
  const answers = asker.current && settled && call.request.cache === 'use' && !ranking.degraded;
  // Under a name that nobody finds it by, an incomplete list still serves its own cursors.
  const list = answers ? ranking.list : { ...ranking.list, id: randomUUID() };
  const keepMs = answers ? Math.max(ttlMs(call.request), limits.cursorTtlMs) : limits.cursorTtlMs;
  if (answers) call.parts.answered.set(call.requestHash, call.parts.clock.nowMs());
  if (answers || list.ids.length > call.request.k) keepList(call, list, keepMs);
  return { context, list, cached: false };
}

/** Keeps a list; that it could not be kept is no fault of the search. */
export function keepList(call: SearchCall, list: RankedList, ttl: number): void {
  const { parts, tenant, request, startedAtMs } = call;
  const erasedAtMs = parts.erasures.get(userPrefix(tenant, request.user)) ?? Number.NEGATIVE_INFINITY;
  if (erasedAtMs >= startedAtMs) return;
  parts.lists.set(listKey(tenant, request.user, list.id), list, ttl).catch(() => {});
}

/** A list that is kept; a store of lists that fails, or takes too long, has none. */
export async function findList(call: SearchCall, id: string): Promise<RankedList | null> {
  const { parts, tenant, request } = call;
  const endMs = Math.min(call.endMs, parts.clock.nowMs() + limits.listLookUpMsMax);
  const found = await runLeg(parts.clock, endMs, () => parts.lists.get(listKey(tenant, request.user, id)));
  return found.value ?? null;
}

export interface Ranked {
  /** Its context's snapshot is held for the caller. */
  readonly ranking: Ranking;
  readonly asker: KnownAsker;
}

/**
 * Ranks now.
 * @param known null: the policy store is asked, and legs that need no policy start beside that
 * @param id name of the list; null: the one that everything it depends on gives
 */
export async function rankFor(
  call: SearchCall,
  known: KnownAsker | null,
  id: string | null,
): Promise<Ranked> {
  const asker = known ?? askerAtHand(call);
  if (asker !== null) return ranked(openContext(call, asker), asker, id, {});
  const begun = beginUnknown(call);
  try {
    return await begun.rank(await findAsker(call), id);
  } finally {
    begun.end();
  }
}

async function ranked(
  context: SearchContext,
  asker: KnownAsker,
  id: string | null,
  started: Parameters<typeof rank>[3],
): Promise<Ranked> {
  const { snapshot } = context;
  try {
    const name = id ?? listIdOf(context, asker.asker, snapshot.epoch, context.requestHash);
    return { ranking: await rank(context, name, asker.policy, started), asker };
  } catch (error) {
    snapshot.release();
    throw error;
  }
}

/** A search that began before it was known who asks. */
interface Begun {
  /** Goes on with the legs that are under way; they are asked again only where the policy matters to them. */
  rank(asker: KnownAsker, id: string | null): Promise<Ranked>;
  /** To be called when nothing more will be asked of it: lets go of the epoch once no leg reads it any more. */
  end(): void;
}

/** Starts the legs of the question in this turn. */
function beginUnknown(call: SearchCall): Begun {
  const context = openContext(call, null);
  const question = startQuestion(context, makePlan(context));
  const legs = Promise.allSettled([question.vector, question.lexical]);
  let handedOver = false;
  return {
    async rank(asker, id) {
      const full = withAsker(context, asker);
      if (mustAskAgain(context, full)) {
        question.joint?.drop();
        return ranked(openContext(call, asker), asker, id, { embedding: question.embedding });
      }
      handedOver = true;
      return ranked(full, asker, id, { question });
    },
    end: () => {
      if (!handedOver) void legs.then(() => context.snapshot.release());
    },
  };
}

/** Whether the hard rules are selective enough to be pushed down, or an index in this process is on a newer epoch. */
function mustAskAgain(context: SearchContext, full: SearchContext): boolean {
  const { catalogue, snapshot } = context;
  const inProcess = catalogue.stores.projections.length > 0;
  if (inProcess && catalogue.table.current.epoch !== snapshot.epoch) return true;
  const same = context.conditions?.key === full.conditions?.key && full.conditions?.key !== null;
  return !same && makePlan(full).predicate?.pushdown === true;
}
