import { createHash } from 'node:crypto';
import { type Epoch, epochKey } from '../domain/epoch.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import { dayMs } from '../std/day.ts';
import type { Asker } from './asker.ts';
import type { ListPosition } from './cursor.ts';
import type { SearchCall } from './search-context.ts';

/** Equal for requests that ask for the same list: what only shapes the page or the time it may take is left out. */
export function requestHash(tenant: string, request: SearchRequest): string {
  const { query, embedding, like, user, context, constraints, profile, minScore, filter, diversity } =
    request;
  const asked = { query, like, user, context, constraints, profile, minScore, filter, diversity };
  const hash = createHash('sha256').update(`${tenant}\0${JSON.stringify(asked)}\0`);
  if (embedding !== null)
    hash.update(new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength));
  return hash.digest('base64url').slice(0, 22);
}

/**
 * The name of the list that answers this request here and now: everything that the list depends on is in it, so an answer
 * under this name never outlives a change of the catalogue, a policy, a rule, a profile or the user's state.
 */
export function listIdOf(call: SearchCall, asker: Asker, epoch: Epoch, hash: string): string {
  const { profile, catalogue, nowMs } = call;
  const { model, dimension, tier } = catalogue.schema.embedding;
  const parts = [
    hash,
    profile.name,
    profile.version,
    asker.versions,
    model,
    dimension,
    tier,
    epochKey(epoch),
    Math.floor(nowMs / dayMs),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}

/** The name of a list that was made again for a cursor: the same whenever it has to be made again. */
export function recomputedId({ requestHash: hash, nowMs, digest }: ListPosition): string {
  const parts = JSON.stringify(['recomputed', hash, nowMs, digest]);
  return createHash('sha256').update(parts).digest('base64url').slice(0, 22);
}

/** Where the list is kept: all lists of a user begin alike, so that they can be deleted together. */
export function listKey(tenant: string, user: string | null, id: string): string {
  return `${userPrefix(tenant, user)}${id}`;
}

export function userPrefix(tenant: string, user: string | null): string {
  return `list\0${tenant}\0${user ?? ''}\0`;
}
