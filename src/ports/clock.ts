/** Time as the service sees it; tests bring their own. */
export interface Clock {
  /** Monotonic milliseconds, for durations and deadlines. */
  nowMs(): number;
  /** Wall clock, milliseconds since 1970, for recency and timestamps. */
  epochMs(): number;
  /** Calls back once after `ms`; returns a cancel function. */
  after(ms: number, callback: () => void): () => void;
}
