import type { CatalogueSchema } from './catalogue-schema.ts';
import { addDecaying, decayedTo } from './decaying-sum.ts';
import { meansSeen, rewardOf, type UserEvent } from './user-event.ts';
import type { LearnedValue, TasteSum, UserDocument, UserState } from './user-state.ts';

/** What is learned from about a document. */
export interface LearnableDocument {
  /** null: not at hand; nothing is learned of the taste. */
  readonly embedding: Float32Array | null;
  readonly facets: Readonly<Record<string, readonly string[]>>;
}

/** The document as it is now, null where the catalogue does not have it. */
export type DocumentLookup = (id: string) => LearnableDocument | null;

/** What learning reads of an event. */
export type LearningEvent = Pick<UserEvent, 'document' | 'type' | 'value' | 'atMs'>;
type Learned = UserState['learned'];

/** Name of an embedding space: tastes of one space say nothing in another. Free of NUL where the model's name is. */
export function spaceKey(embedding: Pick<CatalogueSchema['embedding'], 'model' | 'dimension'>): string {
  return `${embedding.dimension}:${embedding.model}`;
}

/**
 * What some events of one user amount to, r being the reward of an event, t its time, v its document's embedding and
 * d(t) = 2^((t - ref) / 90 days) with ref the newest time in the sum:
 *
 *   taste     = sum of r * d * v over r > 0
 *   rewards   = sum of r * d, evidence = sum of |r| * d, for every value of every facet of the document
 *   affinity  = sum of r * d over r > 0, by document
 *
 * Dislikes and hides never change the taste: away from a document is no direction. Of a document that the catalogue
 * does not have only `seen` and `hidden` are learned.
 * @param space spaceKey of the embeddings that `lookup` gives
 */
export function learnFrom(
  events: readonly LearningEvent[],
  lookup: DocumentLookup,
  space: string,
): UserState {
  const known = events.map((event) => ({
    event,
    reward: rewardOf(event),
    document: lookup(event.document),
  }));
  let newestMs: number | null = null;
  const values = new Map<string, Map<string, LearnedValue>>();
  const documents = new Map<string, UserDocument>();
  for (const { event, reward, document } of known) {
    if (reward !== 0) newestMs = Math.max(newestMs ?? event.atMs, event.atMs);
    const facts: UserDocument = {
      seen: meansSeen(event.type),
      hidden: event.type === 'hide',
      affinity: document !== null && reward > 0 ? { sum: reward, refMs: event.atMs } : null,
    };
    if (facts.seen || facts.hidden || facts.affinity !== null)
      documents.set(event.document, addDocuments(documents.get(event.document), facts));
    if (document !== null && reward !== 0) learnValues(values, document, reward, event.atMs);
  }
  return { newestMs, taste: tasteOf(known, space), learned: values, documents };
}

/**
 * Two states of different events of one user as the state of all of them; commutative and associative up to rounding.
 * Where the tastes are of different spaces b's stays and a's is gone: b is what was learned later, from the catalogue
 * that is live now.
 */
export function mergeStates(a: UserState, b: UserState): UserState {
  const newestMs =
    a.newestMs === null || b.newestMs === null
      ? (a.newestMs ?? b.newestMs)
      : Math.max(a.newestMs, b.newestMs);
  const documents = new Map(a.documents);
  for (const [id, facts] of b.documents) documents.set(id, addDocuments(documents.get(id), facts));
  return {
    newestMs,
    taste: addTastes(a.taste, b.taste),
    learned: addLearned(a.learned, b.learned),
    documents,
  };
}

function tasteOf(
  known: readonly {
    readonly event: LearningEvent;
    readonly reward: number;
    readonly document: LearnableDocument | null;
  }[],
  space: string,
): TasteSum | null {
  const liked = known.flatMap(({ event, reward, document }) =>
    document !== null && document.embedding !== null && reward > 0
      ? [{ atMs: event.atMs, reward, vector: document.embedding }]
      : [],
  );
  if (liked.length === 0) return null;
  const refMs = liked.reduce((newest, { atMs }) => Math.max(newest, atMs), Number.NEGATIVE_INFINITY);
  const sum = new Float64Array(liked[0]!.vector.length);
  for (const { atMs, reward, vector } of liked) {
    const weight = decayedTo(refMs, reward, atMs);
    for (let i = 0; i < sum.length; i++) sum[i]! += weight * vector[i]!;
  }
  return { space, sum, refMs };
}

function learnValues(
  learned: Map<string, Map<string, LearnedValue>>,
  document: LearnableDocument,
  reward: number,
  atMs: number,
): void {
  const one: LearnedValue = { rewards: reward, evidence: Math.abs(reward), refMs: atMs };
  for (const [facet, values] of Object.entries(document.facets)) {
    let ofFacet = learned.get(facet);
    if (ofFacet === undefined) {
      ofFacet = new Map();
      learned.set(facet, ofFacet);
    }
    for (const value of new Set(values)) ofFacet.set(value, addValues(ofFacet.get(value), one));
  }
}

function addTastes(a: TasteSum | null, b: TasteSum | null): TasteSum | null {
  if (a === null || b === null) return a ?? b;
  if (a.space !== b.space) return b;
  const refMs = Math.max(a.refMs, b.refMs);
  const sum = Float64Array.from(
    a.sum,
    (one, i) => decayedTo(refMs, one, a.refMs) + decayedTo(refMs, b.sum[i]!, b.refMs),
  );
  return { space: a.space, sum, refMs };
}

function addLearned(a: Learned, b: Learned): Learned {
  const merged = new Map<string, ReadonlyMap<string, LearnedValue>>(a);
  for (const [facet, values] of b) {
    const ofFacet = new Map(merged.get(facet));
    for (const [value, learned] of values) ofFacet.set(value, addValues(ofFacet.get(value), learned));
    merged.set(facet, ofFacet);
  }
  return merged;
}

function addValues(a: LearnedValue | undefined, b: LearnedValue): LearnedValue {
  if (a === undefined) return b;
  const refMs = Math.max(a.refMs, b.refMs);
  return {
    rewards: decayedTo(refMs, a.rewards, a.refMs) + decayedTo(refMs, b.rewards, b.refMs),
    evidence: decayedTo(refMs, a.evidence, a.refMs) + decayedTo(refMs, b.evidence, b.refMs),
    refMs,
  };
}

function addDocuments(a: UserDocument | undefined, b: UserDocument): UserDocument {
  if (a === undefined) return b;
  return {
    seen: a.seen || b.seen,
    hidden: a.hidden || b.hidden,
    affinity: addDecaying(a.affinity, b.affinity),
  };
}
