import { type EffectivePolicy, effectivePolicy, overridden, templateOf } from '../domain/effective-policy.ts';
import {
  type ContextTemplate,
  defaultContext,
  type Preferences,
  type TenantRules,
} from '../domain/policy.ts';
import type { PreferenceTable } from '../domain/rerank-batch.ts';
import type { SearchRequest } from '../domain/search-request.ts';
import type { TableSnapshot } from '../domain/table-snapshot.ts';
import { learnFrom, mergeStates, spaceKey } from '../domain/user-learning.ts';
import {
  affinitySeeds,
  hiddenIds,
  learnedPreferences,
  seenIds,
  tasteVector,
} from '../domain/user-signals.ts';
import type { UserState } from '../domain/user-state.ts';
import { TriptychError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { GraphQuery } from '../ports/graph-store.ts';
import type { UserHead } from '../ports/policy-store.ts';
import { LastMade } from '../std/last-made.ts';
import type { Head } from './head-book.ts';
import { lookupIn, tasteRows } from './learnable-documents.ts';
import type { TransientVectors } from './transient-vectors.ts';

/** Who is asking and under which rules, as far as a search needs it. */
export interface Asker {
  readonly policy: EffectivePolicy;
  /** Declared over learned, value by value. */
  readonly preferences: Preferences;
  /** Unit vector of the catalogue's space; null before the first positive event. */
  readonly taste: Float32Array | null;
  /** Documents of positive events, strongest first. */
  readonly seeds: GraphQuery['seeds'];
  /** null without a user. */
  readonly seen: readonly string[] | null;
  readonly hidden: readonly string[];
  /** Versions of everything above; equal versions mean equal rules and facts. */
  readonly versions: string;
  /** Whether all acknowledged events are part of it. */
  readonly settled: boolean;
  /** Whether more documents may have been seen or hidden than are remembered. */
  readonly isCut: boolean;
  /** Whether the taste lacks events that wait, because their documents could not be read. */
  readonly isUnread: boolean;
}

/**
 * @param table of the live catalogue: what acknowledged events are about that are not part of the user's state yet
 * @param vectors of the same epoch, with those of `unreadRows`; what they lack is not part of the taste
 * @throws TriptychError unknown_context
 */
export function askerOf(
  head: Head,
  request: SearchRequest,
  table: TableSnapshot,
  vectors: TransientVectors,
): Asker {
  const { user } = head;
  const space = spaceKey(table.schema.embedding);
  const state = user === null ? null : stateNow(user, table, vectors);
  const policy = effectivePolicy({
    tenant: head.rules,
    template: requireTemplate(head.rules, request.context),
    policy: user?.policy ?? null,
    contextPolicy: user?.contextPolicy ?? null,
    constraints: request.constraints,
  });
  const facts = state === null ? null : factsOf(state, space);
  const learned = state === null ? nothingLearned : learnedOf(state, policy.learningRate);
  return {
    policy,
    preferences: mergedPreferences(learned, policy.preferences),
    taste: facts?.taste ?? null,
    seeds: facts?.seeds ?? [],
    seen: facts?.seen ?? null,
    hidden: facts?.hidden ?? [],
    versions: [
      head.rules.version,
      user?.policy.version ?? '',
      user?.contextPolicy?.version ?? '',
      user?.stateVersion ?? '',
    ].join('.'),
    settled: (user?.pendingEvents ?? 0) === 0,
    isUnread: unreadRows(head, table).some((row) => !vectors.isHere(row)),
    isCut: (user?.state.documents.size ?? 0) >= limits.userDocumentsMax,
  };
}

const states = new LastMade<UserHead['pending'], UserState>();

/**
 * The state as it will be when the events that wait are part of it: what was acknowledged shows in the next answer, however
 * long applying takes. Learned once from the epoch at hand, until the head is read again.
 */
function stateNow({ state, pending }: UserHead, table: TableSnapshot, vectors: TransientVectors): UserState {
  if (pending.length === 0) return state;
  const space = spaceKey(table.schema.embedding);
  const learn = () => mergeStates(state, learnFrom(pending, lookupIn(table, vectors), space));
  const isWhole = tasteRows(pending, table).every((row) => vectors.isHere(row));
  return isWhole ? states.get(pending, [space], learn) : learn();
}

/** Rows of the documents that must be read before it is known what events that wait amount to. */
export function unreadRows({ user }: Head, table: TableSnapshot): number[] {
  if (table.resident === table || user === null || user.pending.length === 0) return [];
  if (states.has(user.pending, [spaceKey(table.schema.embedding)])) return [];
  return tasteRows(user.pending, table).filter((row) => row >= table.resident.rowCount);
}

/** @throws TriptychError unknown_context */
export function requireTemplate(rules: TenantRules, context: string): ContextTemplate | null {
  const template = templateOf(rules, context);
  if (template !== undefined) return template;
  const contexts = [defaultContext, ...Object.keys(rules.contexts)];
  throw new TriptychError('unknown_context', `There is no context "${context}".`, {
    fields: [{ path: 'context', message: `one of ${contexts.join(', ')}` }],
  });
}

/** What was learned and not declared: the same for every search until the state is read again. */
type Facts = Pick<Asker, 'taste' | 'seeds' | 'hidden'> & { readonly seen: readonly string[] };

const facts = new LastMade<UserState, Facts>();

function factsOf(state: UserState, space: string): Facts {
  return facts.get(state, [space], () => ({
    taste: tasteVector(state, space),
    seeds: affinitySeeds(state, limits.affinitySeedsMax),
    seen: seenIds(state),
    hidden: hiddenIds(state),
  }));
}

const learnt = new LastMade<UserState, Preferences>();

function learnedOf(state: UserState, learningRate: number): Preferences {
  return learnt.get(state, [learningRate], () => learnedPreferences(state, learningRate));
}

const nothingLearned: Preferences = {};
const merged = new LastMade<Preferences, Preferences>();

/**
 * The declared over the learned. There can be a thousand of the latter, and they are the same object until the state is read
 * again, so a user who searches twice is merged once.
 */
function mergedPreferences(learned: Preferences, declared: Preferences): Preferences {
  if (learned === nothingLearned) return declared;
  return merged.get(learned, [JSON.stringify(declared)], () => overridden([learned, declared]));
}

type FacetWeights = Readonly<Record<string, number>>;

const tables = new LastMade<Preferences, PreferenceTable | null>();

/**
 * Preferences by the table's codes; values that no document has cannot matter. null: nothing is preferred. Made once an
 * epoch for the preferences of one asker.
 */
export function preferenceTable(
  preferences: Preferences,
  table: TableSnapshot,
  facetWeights: FacetWeights,
): PreferenceTable | null {
  return tables.get(preferences, [table.epoch, facetWeights], () =>
    tableOf(preferences, table, facetWeights),
  );
}

function tableOf(
  preferences: Preferences,
  table: TableSnapshot,
  facetWeights: FacetWeights,
): PreferenceTable | null {
  const values = new Map<number, number>();
  for (const [facet, byValue] of Object.entries(preferences)) {
    if (!table.schema.facets.includes(facet)) continue;
    for (const [value, preference] of Object.entries(byValue)) {
      const code = table.dictionary.codeOf(facet, value);
      if (code >= 0) values.set(code, preference);
    }
  }
  return values.size === 0 ? null : { values, facetWeights: new Map(Object.entries(facetWeights)) };
}
