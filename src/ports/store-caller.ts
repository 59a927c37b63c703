/** The stores outside the process; also the label of their measurements. */
export const storeNames = ['postgres', 'milvus', 'neo4j', 'redis'] as const;
export type StoreName = (typeof storeNames)[number];

/** Whose calls: searches and their like, or work in the background. Labels of measurements. */
export interface StorePool {
  readonly store: StoreName;
  readonly pool: 'serve' | 'work';
}

/** `open`: the store keeps failing and is left alone, calls fail at once; `half_open`: one call is trying it. */
export type StoreState = 'closed' | 'open' | 'half_open';

/**
 * `late`: no answer in time; `failed`: as a store fails; `refused`: an answer of the store, or of the adapter, that the
 * call cannot be done; `aborted`: nobody waited any more; `open`: left alone; `overloaded`: too many under way.
 */
export type StoreOutcome = 'ok' | 'late' | 'failed' | 'refused' | 'aborted' | 'open' | 'overloaded';

/** One call to a store outside the process. */
export interface StoreCall {
  /** From a closed set of each adapter (`search`, `recall`, `head`): a label of measurements. */
  readonly operation: string;
  /** Nobody waits longer than this for the answer; the call rejects then, whatever the client does. */
  readonly timeoutMs: number;
  /** Aborted when nobody waits any more. */
  readonly signal?: AbortSignal;
  /** true: may be done twice, so a broken connection is worth a second attempt within the time. */
  readonly repeatable?: boolean;
}

/**
 * How every call to one store outside the process is made. It bounds each by a timer of its own (clients ignore signals
 * and have timeouts that do not hold), bounds how many are under way, those left behind included, leaves a store alone
 * that keeps failing, and measures. One of these per store and pool.
 */
export interface StoreCaller {
  readonly store: StoreName;
  readonly state: StoreState;
  /**
   * @param attempt is given the milliseconds that are left to it, for the client's and the server's own timeouts; called
   * once, or a second time where the call is repeatable, its connection broke and there is time
   * @throws TriptychError store_open (left alone) | deadline_exceeded (no answer in time) | overloaded (too many under
   * way) | unavailable (it failed as a store fails) | what the attempt threw (its own refusals: a TriptychError of
   * another code says nothing about the store's health); signal.reason when aborted
   */
  call<T>(call: StoreCall, attempt: (timeoutMs: number) => Promise<T>): Promise<T>;
  /**
   * What to do when the client holds on to so many calls that nobody waits for that few others get through: `rebuild`
   * should replace the client and end the old one. One of these per caller; called no more often than limits say.
   */
  onStuck(rebuild: () => void): void;
}
