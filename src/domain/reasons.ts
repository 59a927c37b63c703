import { similarTo } from './names.ts';
import type { RuleSource } from './rule.ts';
import type { PathStep } from './search-response.ts';
import { type Leg, type SignalName, signalIndex, signalNames } from './signal.ts';

/** What the query vector stands for: the embedded query text, a vector of the request, or the mean of the seeds. */
export type VectorOrigin = 'query' | 'embedding' | 'like';

/** What is known about one result. */
export interface ReasonInput {
  /** signalCount values in the order of signalNames, NaN where absent. */
  readonly signals: Float64Array;
  readonly contributions: Float64Array;
  readonly sources: readonly Leg[];
  /** Best path from a seed, null where there is none. */
  readonly path: readonly PathStep[] | null;
  /** Whose pin holds it in its place; null: none. */
  readonly pinnedBy: RuleSource | null;
  readonly vectorOrigin: VectorOrigin;
  /** Title of a document, null where it is unknown (its id is shown instead). */
  readonly titleOf: (id: string) => string | null;
}

const reasonsMax = 3;
const sharedValuesMax = 3;

/** A signal below this is no reason, even where it contributes most. */
const valueMin: Partial<Record<SignalName, number>> = {
  similarity: 0.2,
  taste: 0.2,
  popularity: 0.5,
  recency: 0.5,
};

const pinners: Record<RuleSource, string> = {
  tenant: 'the tenant',
  context: 'the context',
  user: 'the user',
  user_context: 'the user in this context',
  events: 'the user',
  request: 'the request',
};

const closeTo: Record<VectorOrigin, string> = {
  query: 'close in meaning to the query',
  embedding: 'close to the given embedding',
  like: 'close in meaning to the liked documents',
};

/**
 * At most 3 short sentences that say why a result is where it is: the pin that put it there, signals with a positive contribution, largest first
 * (ties in the order of signalNames), then what the legs know that no contribution shows.
 */
export function reasonsFor(input: ReasonInput): string[] {
  const { signals, contributions } = input;
  const strongest = signalNames
    .filter((name) => {
      const index = signalIndex[name];
      return contributions[index]! > 0 && signals[index]! >= (valueMin[name] ?? 0);
    })
    .sort((a, b) => contributions[signalIndex[b]]! - contributions[signalIndex[a]]!);
  const reasons = new Set<string>();
  if (input.pinnedBy !== null) reasons.add(`pinned by ${pinners[input.pinnedBy]}`);
  for (const name of strongest) addIfAny(reasons, signalReason(name, input));
  if (input.path !== null) addIfAny(reasons, pathReason(input.path, input.titleOf));
  if (input.sources.includes('lexical')) reasons.add(signalReason('lexical', input)!);
  return [...reasons].slice(0, reasonsMax);
}

function addIfAny(reasons: Set<string>, reason: string | null): void {
  if (reason !== null) reasons.add(reason);
}

function signalReason(name: SignalName, input: ReasonInput): string | null {
  switch (name) {
    case 'similarity':
      return closeTo[input.vectorOrigin];
    case 'taste':
      return 'close to your taste';
    case 'lexical':
      return 'words of the query occur in it';
    case 'graph':
      return input.path === null ? null : pathReason(input.path, input.titleOf);
    case 'fused':
      return fusedReason(input);
    case 'preference':
      return 'fits your preferences';
    case 'popularity':
      return 'popular';
    case 'recency':
      return 'recent';
    case 'rules':
      return 'boosted by a rule';
  }
}

/** What brought the result, for profiles that fuse ranks instead of adding signals. */
function fusedReason({ sources, vectorOrigin }: ReasonInput): string | null {
  const ways = [
    sources.includes('vector') ? (vectorOrigin === 'embedding' ? 'embedding' : 'meaning') : '',
    sources.includes('lexical') ? 'words' : '',
    sources.includes('graph') ? 'relations' : '',
  ].filter((way) => way !== '');
  return ways.length === 0 ? null : `found by ${enumerate(ways)}`;
}

/**
 * One step: `shares director Stanley Kubrick with Barry Lyndon`, or the relation's type where it is not derived. More
 * steps: `related to Barry Lyndon through Paths of Glory`.
 */
export function pathReason(path: readonly PathStep[], titleOf: (id: string) => string | null): string | null {
  const first = path[0];
  if (first === undefined) return null;
  const title = (id: string): string => titleOf(id) ?? id;
  const seed = title(first.from);
  if (path.length > 1) {
    const between = path.slice(1).map((step) => title(step.from));
    return `related to ${seed} through ${enumerate(between)}`;
  }
  if (first.shared !== undefined && first.shared.length > 0) {
    const shared = first.shared.map(({ facet, values }) => `${nameOf(facet, values)} ${listed(values)}`);
    return `shares ${enumerate(shared)} with ${seed}`;
  }
  if (first.type === similarTo) return `similar to ${seed}`;
  return `related to ${seed} (${first.type.toLowerCase().replaceAll('_', ' ')})`;
}

function listed(values: readonly string[]): string {
  const more = values.length - sharedValuesMax;
  return enumerate(more > 0 ? [...values.slice(0, sharedValuesMax), `${more} more`] : values);
}

function enumerate(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`;
}

/** `directors` for two values, `director` for one; words that do not end in a plain plural s stay as they are. */
function nameOf(facet: string, values: readonly string[]): string {
  const words = facet.replaceAll('_', ' ');
  if (values.length > 1 || /(?:series|species|ss|us|is)$/.test(words)) return words;
  if (words.endsWith('ies')) return `${words.slice(0, -3)}y`;
  return words.endsWith('s') ? words.slice(0, -1) : words;
}
