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
import type { Head } from './head-book.ts';
import { lookupIn } from './learnable-documents.ts';

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
}

/**
 * @param table of the live catalogue: what acknowledged events are about that are not part of the user's state yet
 * @throws TriptychError unknown_context
 */
export function askerOf(head: Head, request: SearchRequest, table: TableSnapshot): Asker {
  const { user } = head;
  const space = spaceKey(table.schema.embedding);
  const state = user === null ? null : stateNow(user, table, space);
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
    isCut: (user?.state.documents.size ?? 0) >= limits.userDocumentsMax,
  };
}

const states = new WeakMap<UserHead['pending'], UserState>();

/**
 * The state as it will be when the events that wait are part of it: what was acknowledged shows in the next answer, however
 * long applying takes. Learned once from the epoch at hand, until the head is read again.
 */
function stateNow({ state, pending }: UserHead, table: TableSnapshot, space: string): UserState {
  if (pending.length === 0) return state;
  const known = states.get(pending);
  if (known !== undefined) return known;
  const made = mergeStates(state, learnFrom(pending, lookupIn(table), space));
  states.set(pending, made);
  return made;
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
interface Facts {
  readonly space: string;
  readonly taste: Float32Array | null;
  readonly seeds: GraphQuery['seeds'];
  readonly seen: readonly string[];
  readonly hidden: readonly string[];
}

const facts = new WeakMap<UserState, Facts>();
const learnt = new WeakMap<UserState, { readonly learningRate: number; readonly preferences: Preferences }>();

function factsOf(state: UserState, space: string): Facts {
  const known = facts.get(state);
  if (known?.space === space) return known;
  const made = {
    space,
    taste: tasteVector(state, space),
    seeds: affinitySeeds(state, limits.affinitySeedsMax),
    seen: seenIds(state),
    hidden: hiddenIds(state),
  };
  facts.set(state, made);
  return made;
}

function learnedOf(state: UserState, learningRate: number): Preferences {
  const known = learnt.get(state);
  if (known?.learningRate === learningRate) return known.preferences;
  const preferences = learnedPreferences(state, learningRate);
  learnt.set(state, { learningRate, preferences });
  return preferences;
}

const nothingLearned: Preferences = {};
const merged = new WeakMap<Preferences, { readonly declared: string; readonly preferences: Preferences }>();

/**
 * The declared over the learned. There can be a thousand of the latter, and they are the same object until the state is read
 * again, so a user who searches twice is merged once.
 */
function mergedPreferences(learned: Preferences, declared: Preferences): Preferences {
  if (learned === nothingLearned) return declared;
  const key = JSON.stringify(declared);
  const known = merged.get(learned);
  if (known?.declared === key) return known.preferences;
  const preferences = overridden([learned, declared]);
  merged.set(learned, { declared: key, preferences });
  return preferences;
}

type FacetWeights = Readonly<Record<string, number>>;

const tables = new WeakMap<
  Preferences,
  {
    readonly epoch: TableSnapshot['epoch'];
    readonly facetWeights: FacetWeights;
    readonly made: PreferenceTable | null;
  }
>();

/**
 * Preferences by the table's codes; values that no document has cannot matter. null: nothing is preferred. Made once an
 * epoch for the preferences of one asker.
 */
export function preferenceTable(
  preferences: Preferences,
  table: TableSnapshot,
  facetWeights: FacetWeights,
): PreferenceTable | null {
  const known = tables.get(preferences);
  if (known?.epoch === table.epoch && known.facetWeights === facetWeights) return known.made;
  const made = tableOf(preferences, table, facetWeights);
  tables.set(preferences, { epoch: table.epoch, facetWeights, made });
  return made;
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
