/** Days after which an event counts half: taste, learned preferences and affinity alike. */
export const tasteHalfLifeDays = 90;

/**
 * A sum of decaying amounts, kept as it stood at `refMs`: every amount a of time t counts a * 2^((t - refMs) / half-life).
 * Two such sums add up to the same whatever was added first.
 */
export interface DecayingSum {
  readonly sum: number;
  readonly refMs: number;
}

/** How much is known about one facet value: rewards, and how much evidence they are. */
export interface LearnedValue {
  /** Sum of rewards. */
  readonly rewards: number;
  /** Sum of |rewards|. */
  readonly evidence: number;
  readonly refMs: number;
}

/** What is known of one document through the user's events. */
export interface UserDocument {
  readonly seen: boolean;
  readonly hidden: boolean;
  /** Sum of positive rewards; null: none. */
  readonly affinity: DecayingSum | null;
}

/** The unnormalised taste vector of one embedding space. */
export interface TasteSum {
  /** spaceKey of the catalogue's embedding. */
  readonly space: string;
  readonly sum: Float64Array;
  readonly refMs: number;
}

/** Everything learned about a user; a function of the set of applied events, not of their order. */
export interface UserState {
  /** Time of the newest applied event that has a reward; null before the first. */
  readonly newestMs: number | null;
  readonly taste: TasteSum | null;
  /** By facet, then value. */
  readonly learned: ReadonlyMap<string, ReadonlyMap<string, LearnedValue>>;
  readonly documents: ReadonlyMap<string, UserDocument>;
}

export const emptyUserState: UserState = {
  newestMs: null,
  taste: null,
  learned: new Map(),
  documents: new Map(),
};
