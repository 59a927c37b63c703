import { randomUUID } from 'node:crypto';
import type { RankedList } from '../domain/ranked-list.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import { limits } from '../limits.ts';
import { askerAtHand, findAsker, type KnownAsker } from './find-asker.ts';
import { listIdOf, listKey } from './list-keys.ts';
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
  const keeps = known?.current === true && call.request.cache === 'use';
  if (!keeps) return madeList(call, known);
  const kept = await keptList(call, known);
  if (kept !== null) return { context: openContext(call, known), list: kept, cached: true };
  const { observer, parts, request, endMs } = call;
  // Who wants to hear of the stages must go through them.
  if (observer.onPlan !== undefined || observer.onProvisional !== undefined) return madeList(call, known);
  const own: { made?: Listed } = {};
  const key = `${currentId(call, known)}\0${request.partial}`;
  const list = await parts.flights.share(key, { endMs, timeoutMs: request.timeoutMs }, async () => {
    own.made = await madeList(call, known);
    return own.made.list;
  });
  return own.made ?? { context: openContext(call, known), list, cached: false };
}

/** The name of the answer on the present state. */
function currentId(call: SearchCall, { asker }: KnownAsker): string {
  const { epoch } = call.catalogue.table.current;
  return listIdOf(call, asker, epoch, call.requestHash);
}

async function keptList(call: SearchCall, known: KnownAsker): Promise<RankedList | null> {
  const { parts, tenant, request } = call;
  const id = currentId(call, known);
  const kept = await parts.lists.get(listKey(tenant, request.user, id));
  // Waiting may have let something change.
  const answers = kept !== undefined && currentId(call, askerAtHand(call) ?? known) === id;
  const young = answers && parts.clock.nowMs() - kept.madeAtMs <= ttlMs(request);
  parts.meter.count(young ? 'ranked_cache_hits' : 'ranked_cache_misses', 1);
  return young ? kept : null;
}

/** How long an answer may be given again; its cursors may need the list longer. */
function ttlMs({ user }: SearchRequest): number {
  return user === null ? limits.rankedSharedTtlMs : limits.rankedPersonalTtlMs;
}

async function madeList(call: SearchCall, known: KnownAsker | null): Promise<Listed> {
  const { ranking, asker } = await rankFor(call, known, null);
  const { context } = ranking;
  const answers = asker.current && call.request.cache === 'use' && !ranking.degraded;
  // Under a name that nobody finds it by, an incomplete list still serves its own cursors.
  const list = answers ? ranking.list : { ...ranking.list, id: randomUUID() };
  const keepMs = answers ? Math.max(ttlMs(call.request), limits.cursorTtlMs) : limits.cursorTtlMs;
  if (answers || list.ids.length > call.request.k) await keepList(call, list, keepMs);
  return { context, list, cached: false };
}

export async function keepList({ parts, tenant, request }: SearchCall, list: RankedList, ttl: number) {
  await parts.lists.set(listKey(tenant, request.user, list.id), list, ttl);
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
  if (asker === null) return rankUnknown(call, id);
  const context = openContext(call, asker);
  return ranked(context, asker, id, {});
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

/** The legs of the question start in this turn; they are asked again only where the policy turns out to matter to them. */
async function rankUnknown(call: SearchCall, id: string | null): Promise<Ranked> {
  const context = openContext(call, null);
  const question = startQuestion(context, makePlan(context));
  const legs = Promise.allSettled([question.vector, question.lexical]);
  try {
    const asker = await findAsker(call);
    const full = withAsker(context, asker);
    if (!mustAskAgain(context, full)) return await ranked(full, asker, id, { question });
    // What reads the first snapshot holds it to its end.
    void legs.then(() => context.snapshot.release());
    return await ranked(openContext(call, asker), asker, id, { embedding: question.embedding });
  } catch (error) {
    void legs.then(() => context.snapshot.release());
    throw error;
  }
}

/** Whether the hard rules are selective enough to be pushed down, or an index in this process is on a newer epoch. */
function mustAskAgain(context: SearchContext, full: SearchContext): boolean {
  const { catalogue, snapshot } = context;
  const inProcess = catalogue.stores.projections.length > 0;
  if (inProcess && catalogue.table.current.epoch !== snapshot.epoch) return true;
  const same = context.conditions?.key === full.conditions?.key && full.conditions?.key !== null;
  return !same && makePlan(full).predicate?.pushdown === true;
}
