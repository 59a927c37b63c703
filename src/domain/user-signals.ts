import { limits } from '../limits.ts';
import { unitVector } from '../std/unit-vector.ts';
import { compareUtf8 } from '../std/utf8-order.ts';
import { decayedTo } from './decaying-sum.ts';
import type { Preferences } from './policy.ts';
import type { UserState } from './user-state.ts';

/** The newest liking counts in full, so a shorter sum means likings that cancel each other out. */
const tasteLengthMin = 1e-6;

/**
 * The direction of what the user likes: a unit vector (f32, so the last bits of its f64 sum do not matter), or null
 * before the first positive event, in another embedding space, and where likings cancel each other out.
 * @param space spaceKey of the catalogue's embedding
 */
export function tasteVector(state: UserState, space: string): Float32Array | null {
  const { taste } = state;
  if (taste === null || taste.space !== space) return null;
  let squares = 0;
  for (const component of taste.sum) squares += component * component;
  return squares < tasteLengthMin ** 2 ? null : unitVector(taste.sum);
}

/**
 * Learned preferences, -1..1, with rewards R and evidence E of each facet value as they count at the user's newest
 * event and the learning rate l:
 *
 *   p = l R / (l E + 1 - l)
 *
 * which is the mean reward R / E, drawn to 0 by (1 - l) / l events of nothing: one like from nothing moves a value by
 * exactly l, and no number of likes moves it beyond 1. At most limits.learnedPreferencesMax values, strongest first,
 * then by facet and value in UTF-8 order.
 * @param learningRate 0..1; 0 gives nothing
 */
export function learnedPreferences(state: UserState, learningRate: number): Preferences {
  if (learningRate <= 0 || state.newestMs === null) return {};
  const learned: { readonly facet: string; readonly value: string; readonly preference: number }[] = [];
  for (const [facet, values] of state.learned)
    for (const [value, { rewards, evidence, refMs }] of values) {
      const weight = decayedTo(state.newestMs, evidence, refMs);
      if (weight === 0) continue;
      const reward = decayedTo(state.newestMs, rewards, refMs);
      const preference = (learningRate * reward) / (learningRate * weight + 1 - learningRate);
      // Rounding must not carry a mean beyond its range.
      learned.push({ facet, value, preference: Math.min(1, Math.max(-1, preference)) });
    }
  learned.sort(
    (a, b) =>
      Math.abs(b.preference) - Math.abs(a.preference) ||
      compareUtf8(a.facet, b.facet) ||
      compareUtf8(a.value, b.value),
  );
  const byFacet = new Map<string, [string, number][]>();
  for (const { facet, value, preference } of learned.slice(0, limits.learnedPreferencesMax)) {
    const values = byFacet.get(facet);
    if (values === undefined) byFacet.set(facet, [[value, preference]]);
    else values.push([value, preference]);
  }
  // Not by assignment: a value may be called `__proto__`.
  return Object.fromEntries([...byFacet].map(([facet, values]) => [facet, Object.fromEntries(values)]));
}

/** A document to start the graph from. */
export interface AffinitySeed {
  readonly id: string;
  /** Above 0 to 1, 1 for the strongest. */
  readonly weight: number;
}

/** Documents of positive events that the user has not hidden, strongest affinity first, then by id; at most `max`. */
export function affinitySeeds(state: UserState, max: number): AffinitySeed[] {
  const atMs = state.newestMs ?? 0;
  const liked: { readonly id: string; readonly strength: number }[] = [];
  for (const [id, { affinity, hidden }] of state.documents) {
    if (affinity === null || hidden) continue;
    const strength = decayedTo(atMs, affinity.sum, affinity.refMs);
    if (strength > 0) liked.push({ id, strength });
  }
  liked.sort((a, b) => b.strength - a.strength || compareUtf8(a.id, b.id));
  const strongest = liked[0]?.strength ?? 1;
  return liked.slice(0, max).map(({ id, strength }) => ({ id, weight: strength / strongest }));
}

/** Documents that the user knows, in no order. */
export function seenIds(state: UserState): string[] {
  return [...state.documents].flatMap(([id, { seen }]) => (seen ? [id] : []));
}

/** Documents that the user never wants to see again, in no order. */
export function hiddenIds(state: UserState): string[] {
  return [...state.documents].flatMap(([id, { hidden }]) => (hidden ? [id] : []));
}
